import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { toHex } from "@strongroom/protocol";
import { appendUntilGone } from "../../support/acknowledged.ts";
import { checkStore } from "../../support/check-store.ts";
import { startService } from "../../support/service.ts";
import { temporaryFolder } from "../../support/test-store.ts";
import { killRepeatedly } from "./kills.ts";

const STOPS = 3;
// Twenty in the four cipher modes together.
const KILLS = 5;

test("a service killed while clients append keeps every acknowledged fact once, and its word", async (t) => {
  const run = { kills: KILLS, clients: 6, checkEvery: 1, seed: 1 };
  await killRepeatedly(t, run);
});

test("a service told to end during appends loses nothing that it acknowledged", async (t) => {
  const folder = temporaryFolder(t);
  const acknowledged = new Set<string>();
  for (let round = 0; round < STOPS; round++) {
    const service = await startService(folder);
    const appending = await appendUntilGone(service, round * 100_000);
    while (appending.cids.size < 50) await sleep(10);
    assert.equal(await service.stop(), 0, service.log());
    await appending.done;
    for (const cid of appending.cids) acknowledged.add(cid);
    const found = checkStore(service.storePath, service.rawKey);
    const cids = new Set(found.cids.map(toHex));
    assert.equal(cids.size, found.cids.length, "no fact twice");
    for (const cid of acknowledged) assert.ok(cids.has(cid), "an acknowledged fact is there");
  }
});
