import assert from "node:assert/strict";
import { request } from "node:http";
import { test } from "node:test";
import { FactService } from "@strongroom/proto/strongroom/fact/v1/fact_service";
import {
  formatTilePath,
  hashLeaf,
  parseCheckpoint,
  parseEntriesTile,
  parseNote,
  rootOfLeaves,
  tilesOfTree,
} from "@strongroom/protocol";
import { makeFact, type RunningService, startService } from "./service.test-kit.ts";

interface Answer {
  status: number;
  headers: Record<string, unknown>;
  body: Buffer;
}

function ask(service: RunningService, path: string, token?: string, method = "GET") {
  const { addresses } = service;
  return new Promise<Answer>((resolve, reject) => {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const options = { port: addresses.tiles?.port, path, headers, method };
    const call = request(options, (response) => {
      const parts: Buffer[] = [];
      response.on("data", (part) => parts.push(part));
      response.on("end", () => {
        const { statusCode: status = 0, headers: got } = response;
        resolve({ status, headers: got, body: Buffer.concat(parts) });
      });
    });
    call.on("error", reject);
    call.end();
  });
}

async function appendMany({ admin }: RunningService, count: number): Promise<void> {
  const facts = Array.from({ length: count }, () => ({ fact: makeFact() }));
  await admin.unary(FactService.method.appendBatch, { facts });
}

test("the tiles of the checkpoint's tree are all there and give its root", async (t) => {
  const service = await startService(t, {
    argv: ["--tiles-listen", "127.0.0.1:0", "--tiles-public"],
  });
  await appendMany(service, 600);
  const head = await ask(service, "/checkpoint");
  assert.equal(head.headers["content-type"], "text/plain; charset=utf-8");
  assert.equal(head.headers["cache-control"], "no-cache");
  const checkpoint = parseCheckpoint(parseNote(head.body).text);
  const leaves: Uint8Array[] = [];
  for (const tile of tilesOfTree(Number(checkpoint.size))) {
    const { status, headers, body } = await ask(service, formatTilePath(tile));
    assert.equal(status, 200, formatTilePath(tile));
    assert.equal(headers["content-type"], "application/octet-stream");
    assert.match(String(headers["cache-control"]), /immutable/);
    if (tile.level === "entries") leaves.push(...parseEntriesTile(body));
    else assert.equal(body.length, tile.width * 32);
  }
  const root = rootOfLeaves(leaves.map(hashLeaf));
  assert.deepEqual(Buffer.from(root), Buffer.from(checkpoint.root));
});

test("a partial tile stays after it filled up; what is beyond the head is not there", async (t) => {
  const service = await startService(t, {
    argv: ["--tiles-listen", "127.0.0.1:0", "--tiles-public"],
  });
  await appendMany(service, 300);
  const partial = await ask(service, "/tile/0/000.p/7");
  const full = await ask(service, "/tile/0/000");
  assert.deepEqual(partial.body, full.body.subarray(0, 7 * 32));
  for (const path of [
    "/",
    "/tile",
    "/tile/0/001",
    "/tile/0/001.p/255",
    "/tile/1/000",
    "/tile/1/000.p/2",
    "/tile/63/000.p/1",
    "/tile/64/000",
    "/tile/0/0",
    "/tile/0/000.p/0",
    "/tile/0/000.p/256",
    "/tile/0/x000/000",
    "/tile/entries/001",
    "/tile/0/000?x=1",
    "/tile/0/../0/000",
    "/checkpoint/",
  ]) {
    assert.equal((await ask(service, path)).status, 404, path);
  }
  assert.equal((await ask(service, "/checkpoint", undefined, "POST")).status, 405);
  const head = await ask(service, "/checkpoint", undefined, "HEAD");
  assert.deepEqual([head.status, head.body.length], [200, 0]);
});

test("tiles that are not public need an auditor's token", async (t) => {
  const service = await startService(t, { argv: ["--tiles-listen", "127.0.0.1:0"] });
  const reader = await service.clientOf("r", ["reader"], ["*"]);
  assert.equal((await ask(service, "/checkpoint")).status, 401);
  assert.equal((await ask(service, "/checkpoint", "nonsense")).status, 401);
  assert.equal((await ask(service, "/checkpoint", reader.token)).status, 403);
  const answer = await ask(service, "/checkpoint", service.admin.token);
  assert.equal(answer.status, 200);
  assert.equal(answer.headers["access-control-allow-origin"], undefined);
});

test("tiles that need a token are refused off loopback", async (t) => {
  await assert.rejects(startService(t, { argv: ["--tiles-listen", "0.0.0.0:0"] }), {
    code: "ADDRESS_REFUSED",
  });
});
