import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createConnection, type Socket } from "node:net";
import { test } from "node:test";
import { create, toBinary } from "@bufbuild/protobuf";
import { Client, credentials, Metadata } from "@grpc/grpc-js";
import { connect } from "@strongroom/client";
import { FactService } from "@strongroom/proto/strongroom/fact/v1/fact_service";
import { hashFact, toHex } from "@strongroom/protocol";
import { checkStore } from "../support/check-store.ts";
import { madeFact, madeFacts } from "../support/made-facts.ts";
import { type Service, startService } from "../support/service.ts";
import { temporaryFolder } from "../support/test-store.ts";

const FACTS = 20_000;
const GROWTH_MIB_MAX = 150;

function residentMiB(service: Service): number {
  const found = /VmRSS:\s*(\d+)/.exec(readFileSync(`/proc/${service.pid}/status`, "utf8"));
  return Number(found?.[1]) / 1024;
}

test("a watcher that never reads costs neither memory nor anybody's appends", async (t) => {
  const service = await startService(temporaryFolder(t));
  const client = await connect({ address: service.address, token: service.token });
  const raw = new Client(service.address, credentials.createInsecure());
  const metadata = new Metadata();
  metadata.set("authorization", `Bearer ${service.token}`);
  const { input, name } = FactService.method.watch;
  const request = Buffer.from(toBinary(input, create(input, {})));
  const watchers = Array.from({ length: 4 }, () => {
    const as = (value: Buffer) => value;
    const path = `/${FactService.typeName}/${name}`;
    const stream = raw.makeServerStreamRequest(path, as, as, request, metadata);
    stream.on("error", () => undefined);
    stream.pause();
    return stream;
  });
  const before = residentMiB(service);
  let appended = 0;
  for await (const outcome of client.appendMany(madeFacts(0, FACTS))) {
    assert.ok(!("error" in outcome));
    appended += 1;
  }
  assert.equal(appended, FACTS);
  const growth = residentMiB(service) - before;
  assert.ok(growth < GROWTH_MIB_MAX, `grew by ${growth} MiB`);
  for (const watcher of watchers) watcher.cancel();
  raw.close();
  await client.close();
  assert.equal(await service.stop(), 0, service.log());
  checkStore(service.storePath, service.rawKey);
});

test("an append whose deadline passes is there whole, or not at all", async (t) => {
  const service = await startService(temporaryFolder(t));
  const client = await connect({ address: service.address, token: service.token });
  const outcomes = await Promise.all(
    Array.from({ length: 200 }, async (_, n) => {
      // From hopeless to comfortable.
      const timeoutMs = 1 + (n % 20);
      const answered = await client.append(madeFact(n), { timeoutMs }).then(
        () => true,
        () => false,
      );
      return { cid: hashFact(madeFact(n)), answered };
    }),
  );
  const present = new Set<string>();
  for (const { cid, answered } of outcomes) {
    const found = await client.get({ cid }, { verify: "inclusion" }).catch(() => undefined);
    if (found) present.add(toHex(cid));
    if (answered) assert.ok(found, "an answered append is there");
  }
  await client.close();
  assert.equal(await service.stop(), 0, service.log());
  const stored = new Set(checkStore(service.storePath, service.rawKey).cids.map(toHex));
  for (const cid of present) assert.ok(stored.has(cid));
});

/** Connections that are there and say nothing. */
async function silentConnections(address: string, count: number): Promise<Socket[]> {
  const [host = "", port = ""] = address.split(":");
  const sockets = Array.from({ length: count }, () => createConnection(Number(port), host));
  // One beyond the limit may be reset before it knows that it was connected.
  for (const socket of sockets) socket.on("error", () => undefined).resume();
  await Promise.all(
    sockets.map((socket) => Promise.race([once(socket, "connect"), once(socket, "close")])),
  );
  return sockets;
}

async function allClosed(sockets: readonly Socket[]): Promise<void> {
  await Promise.all(
    sockets.map((socket) => socket.closed || new Promise((done) => socket.once("close", done))),
  );
}

test("a thousand connections that say nothing are dropped, and others are served meanwhile", async (t) => {
  const settings = { "server.preface-ms": "5000" };
  const service = await startService(temporaryFolder(t), { settings });
  const before = residentMiB(service);
  const sockets = await silentConnections(service.address, 1000);
  const client = await connect({ address: service.address, token: service.token });
  await client.append(madeFact(1));
  await allClosed(sockets);
  await client.append(madeFact(2));
  const growth = residentMiB(service) - before;
  assert.ok(growth < GROWTH_MIB_MAX, `grew by ${growth} MiB`);
  await client.close();
  assert.equal(await service.stop(), 0, service.log());
  assert.equal(checkStore(service.storePath, service.rawKey).cids.length, 2);
});

test("connections beyond server.connections-max are refused until others go", async (t) => {
  const settings = { "server.preface-ms": "2000", "server.connections-max": "50" };
  const service = await startService(temporaryFolder(t), { settings });
  const first = await silentConnections(service.address, 50);
  const beyond = await silentConnections(service.address, 20);
  await allClosed(beyond);
  await allClosed(first);
  const client = await connect({ address: service.address, token: service.token });
  await client.append(madeFact(1));
  await client.close();
  assert.equal(await service.stop(), 0, service.log());
});
