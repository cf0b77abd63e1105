import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { test } from "node:test";
import { hashFact } from "@strongroom/protocol";
import { openTermIndexReader, openTermIndexWriter } from "../engine/sqlite/open.ts";
import type { Store } from "../index.ts";
import { factBytes, tempStore, testCipher } from "../testing/temp-store.ts";

const FACTS = 1500;
const ROUNDS = 3;

test("a snapshot of the index stays whole while the index is emptied", (t) => {
  const { path: folder } = tempStore(t);
  mkdirSync(folder);
  const options = { folder, cipher: testCipher, fileKey: new Uint8Array(32).fill(7) };
  const writer = openTermIndexWriter({ ...options, textSearch: false });
  const leafHash = new Uint8Array(32);
  writer.insert([{ index: 0, terms: "n5" }], { size: 1, leafHash });
  const reader = openTermIndexReader(options);
  reader.inSnapshot(() => {
    assert.equal(reader.cursor().size, 1);
    writer.clear();
    assert.deepEqual(reader.newest(["n5"], { limit: 1 }), [0]);
    assert.equal(reader.cursor().size, 1);
  });
  assert.deepEqual(reader.newest(["n5"], { limit: 1 }), []);
  assert.equal(reader.cursor().size, 0);
  reader.close();
  writer.close();
});

test("reads find everything, and verify finds nothing, while the index is rebuilt", async (t) => {
  const store = await tempStore(t).open();
  const facts = Array.from({ length: FACTS }, (_, i) => ({
    bytes: factBytes({ entity: `user:${i % 10}`, text: String(i) }),
  }));
  await store.appendBatch(facts);
  for (let round = 0; round < ROUNDS; round++) {
    let isRebuilt = false;
    const rebuilt = store.reindex().finally(() => {
      isRebuilt = true;
    });
    for (let at = 0; !isRebuilt; at = (at + 7) % FACTS) {
      const cid = hashFact(facts[at]?.bytes ?? new Uint8Array(0));
      const [page, fact, receipts, summary] = await readAll(store, cid);
      assert.equal(page.facts.length, FACTS / 10);
      assert.deepEqual(fact.cid, cid);
      assert.equal(receipts.receipts.length, 1);
      assert.deepEqual({ verdict: summary.verdict, found: summary.findings }, SOUND);
    }
    await rebuilt;
  }
});

const SOUND = { verdict: "verified", found: 0 };

function readAll(store: Store, cid: Uint8Array) {
  return Promise.all([
    store.queryPage({ entity: "user:3", view: "history", pageSize: 1000 }),
    store.get({ cid }),
    store.receipts([{ cid }]),
    store.verify(),
  ]);
}
