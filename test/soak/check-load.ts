// What must be true of the files once a load has ended.
import assert from "node:assert/strict";
import { toHex } from "@strongroom/protocol";
import { checkStore } from "../support/check-store.ts";
import type { Service } from "../support/service.ts";
import type { LoadResult } from "./load.ts";

/** Stops the service; everything acknowledged is in its files, once, and watchers saw all of it. */
export async function stopAndCheck(service: Service, result: LoadResult): Promise<number> {
  assert.equal(await service.stop(), 0, service.log());
  const { cids, kinds, size } = checkStore(service.storePath, service.rawKey);
  const found = new Set(cids.map((cid) => toHex(cid)));
  assert.equal(found.size, cids.length, "no fact is there twice");
  assert.equal(found.size, result.facts.size, "every fact was asked for and acknowledged");
  for (const cid of result.facts.keys()) assert.ok(found.has(cid), `acknowledged ${cid}`);
  assert.equal(kinds.get("retraction") ?? 0, result.retractions.size);
  const due = [...result.facts.values(), ...result.retractions].sort((a, b) => a - b);
  for (const told of result.watched) {
    assert.deepEqual(told, due, "a watcher is told every fact and retraction, once and in order");
  }
  return size;
}
