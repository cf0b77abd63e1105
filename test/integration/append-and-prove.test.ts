import assert from "node:assert/strict";
import { test } from "node:test";
import {
  encodeReceipt,
  hashFact,
  parseReceipt,
  singleLogPolicy,
  toHex,
  verifyReceipt,
} from "@strongroom/protocol";
import { openStore, type Store, StoreError } from "@strongroom/store";
import { checkStore } from "../support/check-store.ts";
import { madeFact, madeFacts } from "../support/made-facts.ts";
import { storePlace } from "../support/test-store.ts";

const CONTEXT = { principal: "tester", requestId: "r-1", peer: "test" };

function appendMany(store: Store, from: number, count: number) {
  return store.appendBatch(
    madeFacts(from, count).map((bytes) => ({ bytes })),
    CONTEXT,
  );
}

test("what was appended is proven by others' code, before and after a reopen", async (t) => {
  const place = storePlace(t);
  const store = await openStore({ ...place, checkpointEntries: 100 });
  const receipt = await store.append(madeFact(0), CONTEXT);
  const proven = verifyReceipt(
    parseReceipt(encodeReceipt(receipt)),
    singleLogPolicy(store.logVkey),
    Date.now(),
  );
  assert.equal(proven.kind, "fact");
  assert.deepEqual(proven.cid, hashFact(madeFact(0)));
  await appendMany(store, 1, 600);
  const retracted = await store.retract({ cid: hashFact(madeFact(5)), reason: "wrong" }, CONTEXT);
  assert.equal(retracted.existing, false);
  const size = store.head().size;
  await store.close();

  const first = checkStore(place.path, place.rawKey);
  assert.equal(first.size, size);
  assert.equal(first.cids.length, 601);
  assert.equal(first.kinds.get("retraction"), 1);
  assert.ok(first.checkpoints >= 1, "a checkpoint was stored");

  const again = await openStore(place);
  assert.equal(again.head().size, size);
  assert.deepEqual(again.head().root, first.root);
  await appendMany(again, 601, 100);
  const summary = await again.verify();
  assert.equal(summary.verdict, "verified");
  await again.close();
  const second = checkStore(place.path, place.rawKey);
  assert.equal(second.cids.length, 701);
  assert.equal(second.origin, first.origin);
});

test("the same fact is never a second entry: in one batch, at once, or later", async (t) => {
  const place = storePlace(t);
  const store = await openStore(place);
  const bytes = madeFact(1);
  const batch = await store.appendBatch([{ bytes }, { bytes }, { bytes }], CONTEXT);
  const indexes = batch.results.map((result) => (result.error ? -1 : result.index));
  assert.equal(new Set(indexes).size, 1);
  const other = { bytes: madeFact(2) };
  const both = await Promise.all([
    store.appendOne(other, CONTEXT),
    store.appendOne(other, CONTEXT),
    store.appendOne(other, CONTEXT),
  ]);
  assert.equal(new Set(both.map(({ index }) => index)).size, 1);
  assert.equal(both.filter(({ existing }) => !existing).length, 1);
  await store.close();
  const reopened = await openStore(place);
  const late = await reopened.appendOne({ bytes }, CONTEXT);
  assert.equal(late.existing, true);
  assert.equal(late.index, indexes[0]);
  await reopened.close();
  assert.equal(checkStore(place.path, place.rawKey).cids.length, 2);
});

test("many single appends at once share commits and each has a receipt that verifies", async (t) => {
  const place = storePlace(t);
  const store = await openStore(place);
  const policy = singleLogPolicy(store.logVkey);
  const receipts = await Promise.all(madeFacts(0, 200).map((bytes) => store.append(bytes)));
  const indexes = receipts.map((receipt) => verifyReceipt(receipt, policy, Date.now()).index);
  assert.equal(new Set(indexes).size, 200);
  await store.close();
  checkStore(place.path, place.rawKey);
});

test("reads find a fact by cid, index and every term, and the current one only once", async (t) => {
  const place = storePlace(t);
  const store = await openStore(place);
  const fact = (value: string) => ({
    scope: "team/ops",
    entity: "service/billing",
    relation: "owner",
    value: { case: "text" as const, value },
    source: "runbook",
  });
  await store.append(fact("alice"));
  await store.append(fact("bob"));
  await appendMany(store, 0, 50);
  for (const filter of [
    { scope: "team/ops" },
    { scope: "team/*" },
    { entity: "service/billing" },
    { source: "runbook" },
    { scope: "team/ops", entity: "service/billing", relation: "owner" },
  ]) {
    const { facts } = await store.queryPage({ ...filter, view: "history" });
    assert.equal(facts.length, 2, JSON.stringify(filter));
    const current = await store.queryPage({ ...filter, view: "current" });
    assert.equal(current.facts.length, 1, JSON.stringify(filter));
    assert.equal(current.facts[0]?.index, facts[0]?.index, "the newest");
  }
  const byCid = await store.get({ cid: hashFact(madeFact(7)) }, { verify: "inclusion" });
  const byIndex = await store.get({ index: byCid.index });
  assert.equal(toHex(byIndex.cid), toHex(byCid.cid));
  await assert.rejects(store.get({ index: 0 }), (error) => {
    return error instanceof StoreError && error.code === "NOT_A_FACT";
  });
  await store.close();
});

test("pages stay the same while others append", async (t) => {
  const place = storePlace(t);
  const store = await openStore(place);
  await appendMany(store, 0, 250);
  const seen: number[] = [];
  let pageToken = "";
  let page = 0;
  do {
    const answer = await store.queryPage({
      scope: "test/*",
      view: "history",
      pageSize: 40,
      ...(pageToken !== "" && { pageToken }),
    });
    seen.push(...answer.facts.map(({ index }) => index));
    pageToken = answer.nextPageToken;
    await appendMany(store, 1000 + 10 * page++, 10);
  } while (pageToken !== "");
  assert.equal(seen.length, 250);
  assert.deepEqual(
    seen,
    [...seen].sort((a, b) => b - a),
  );
  await store.close();
});

test("a watch gives every fact once and in order, however fast they come", async (t) => {
  const place = storePlace(t);
  const store = await openStore(place);
  await appendMany(store, 0, 300);
  const seen: number[] = [];
  const watching = (async () => {
    for await (const event of store.watch({ fromIndex: 0 })) {
      if (event.type === "fact") seen.push(event.fact.index);
      if (seen.length === 900) return;
    }
  })();
  await appendMany(store, 300, 300);
  await appendMany(store, 600, 300);
  await watching;
  assert.equal(new Set(seen).size, 900);
  assert.deepEqual(
    seen,
    [...seen].sort((a, b) => a - b),
  );
  await store.close();
});
