import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeFact, equalBytes, hashFact } from "@strongroom/protocol";
import { tempStore } from "../testing/temp-store.ts";

// Two facts whose content ids agree in their first six bytes, which is all that filter and index
// keep of one. Anybody can find such a pair in a minute.
const NONCE_ENDS = [10_102_679, 20_331_364];

function collidingFact(end: number): Uint8Array {
  const nonce = new Uint8Array(16).fill(1);
  new DataView(nonce.buffer).setUint32(12, end);
  const value = { case: "text", value: "x" } as const;
  return encodeFact({ scope: "test/a", entity: "collision", relation: "is", value, nonce });
}

test("appends a fact whose content id begins like that of another", async (t) => {
  const [first, second] = NONCE_ENDS.map(collidingFact) as [Uint8Array, Uint8Array];
  const cids = [hashFact(first), hashFact(second)] as const;
  assert.ok(equalBytes(cids[0].subarray(0, 6), cids[1].subarray(0, 6)));
  assert.ok(!equalBytes(cids[0], cids[1]));
  const { open } = tempStore(t);
  const before = await open();
  const { treeSize } = await before.appendBatch([{ bytes: first }]);
  const index = treeSize - 1;
  // After a restart the index alone knows the first one.
  await before.close();
  const store = await open();
  const { results } = await store.appendBatch([{ bytes: second }, { bytes: first }]);
  const [ofSecond, ofFirst] = results.map((result) => result.error ?? result);
  assert.deepEqual(ofFirst, { cid: cids[0], index, existing: true });
  assert.deepEqual(ofSecond, { cid: cids[1], index: index + 1, existing: false });
  for (const [i, bytes] of [first, second].entries()) {
    assert.deepEqual((await store.get({ cid: cids[i] as Uint8Array })).bytes, bytes);
  }
});
