import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
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
