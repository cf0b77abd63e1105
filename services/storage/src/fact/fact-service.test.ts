import assert from "node:assert/strict";
import { test } from "node:test";
import { status } from "@grpc/grpc-js";
import {
  FactService,
  FactState,
  VerifyLevel,
  View,
} from "@strongroom/proto/strongroom/fact/v1/fact_service";
import { hashFact, parsePolicy, verifyReceipt } from "@strongroom/protocol";
import { failureOf, type RawClient } from "../raw-client.test-kit.ts";
import { makeFact, startService } from "../service.test-kit.ts";

const { method } = FactService;

function append(client: RawClient, fact: Uint8Array) {
  return client.unary(method.append, { fact: { fact }, requestId: "r1" });
}

test("an append is answered with a receipt that verifies, and read back byte for byte", async (t) => {
  const { admin, store } = await startService(t);
  const fact = makeFact();
  const appended = await append(admin, fact);
  assert.deepEqual(Buffer.from(appended.cid), Buffer.from(hashFact(fact)));
  assert.equal(appended.existing, false);
  assert.ok(appended.receipt);
  assert.equal(appended.receipt.evidencePrivate.length, 0);
  const policy = parsePolicy(`log ${store.logVkey}\nquorum none\n`);
  const proven = verifyReceipt(appended.receipt, policy, Date.now());
  assert.equal(proven.index, appended.index);
  for (const verify of [VerifyLevel.NONE, VerifyLevel.BODY, VerifyLevel.INCLUSION]) {
    const key = { case: "cid" as const, value: appended.cid };
    const got = await admin.unary(method.get, { key, verify });
    assert.deepEqual(Buffer.from(got.fact?.fact ?? []), Buffer.from(fact));
    assert.equal(got.fact?.state, FactState.ACTIVE);
    assert.equal(got.fact?.verified, verify);
  }
});

test("a retry is answered with the first entry, also beside other facts", async (t) => {
  const { admin } = await startService(t);
  const fact = makeFact();
  const first = await append(admin, fact);
  const again = await append(admin, fact);
  assert.equal(again.existing, true);
  assert.equal(again.index, first.index);
  const batch = await admin.unary(method.appendBatch, {
    facts: [{ fact: makeFact() }, { fact }, { fact }],
  });
  assert.deepEqual(
    batch.results.map(({ existing }) => existing),
    [false, true, true],
  );
  assert.equal(batch.results[1]?.index, first.index);
});

test("a writer appends in its scopes only, and each fact of a batch has its own outcome", async (t) => {
  const { clientOf } = await startService(t);
  const writer = await clientOf("w", ["writer"], ["team/*"]);
  const foreign = makeFact({ scope: "other/place" });
  const refused = await failureOf(append(writer, foreign));
  assert.equal(refused.reason, "PERMISSION_DENIED");
  const batch = await writer.unary(method.appendBatch, {
    facts: [
      { fact: makeFact() },
      { fact: foreign },
      { fact: new Uint8Array([1, 2, 3]) },
      { fact: makeFact({ scope: "team/dev" }) },
    ],
  });
  const codes = batch.results.map(({ error }) => error?.code ?? 0);
  assert.deepEqual(codes, [0, status.PERMISSION_DENIED, status.INVALID_ARGUMENT, 0]);
  assert.ok(batch.checkpoint.length > 0);
  const read = await failureOf(
    writer.unary(method.get, { key: { case: "cid", value: hashFact(foreign) } }),
  );
  assert.equal(read.reason, "PERMISSION_DENIED", "a writer is no reader");
});

test("a fact outside a reader's scopes is answered exactly like a missing one", async (t) => {
  const { admin, clientOf } = await startService(t);
  const reader = await clientOf("r", ["reader", "writer"], ["team/*"]);
  const own = await append(admin, makeFact());
  const foreign = await append(admin, makeFact({ scope: "other" }));
  const missing = new Uint8Array(32).fill(7);
  const get = (value: Uint8Array) =>
    failureOf(reader.unary(method.get, { key: { case: "cid", value } }));
  assert.deepEqual(await get(foreign.cid), await get(missing));
  const byIndex = (value: bigint) =>
    failureOf(reader.unary(method.get, { key: { case: "index", value } }));
  assert.deepEqual(await byIndex(foreign.index), await byIndex(99_999n));
  assert.deepEqual(await byIndex(0n), await byIndex(99_999n), "the genesis is no fact");
  const retract = (cid: Uint8Array) => failureOf(reader.unary(method.retract, { cid }));
  assert.deepEqual(await retract(foreign.cid), await retract(missing));
  const batch = await reader.unary(method.batchGet, { cids: [foreign.cid, own.cid, missing] });
  assert.deepEqual(
    batch.results.map(({ result }) => result.case),
    ["error", "fact", "error"],
  );
  assert.deepEqual(batch.results[0], batch.results[2]);
});

test("a query answers facts of the caller's scopes, in pages", async (t) => {
  const { admin, clientOf } = await startService(t);
  const reader = await clientOf("r", ["reader"], ["team/*"]);
  const facts = Array.from({ length: 25 }, (_, i) => ({
    fact: makeFact({ scope: i % 5 === 0 ? "other" : "team/ops", entity: `e${i}` }),
  }));
  await admin.unary(method.appendBatch, { facts });
  const filter = { relation: "owner" };
  let pageToken = "";
  const seen: bigint[] = [];
  do {
    const request = { filter, view: View.HISTORY, pageSize: 7, pageToken };
    const page = await reader.unary(method.query, request);
    seen.push(...page.facts.map(({ index }) => index));
    pageToken = page.nextPageToken;
  } while (pageToken !== "");
  assert.equal(seen.length, 20);
  assert.deepEqual(
    seen,
    [...seen].sort((a, b) => Number(b - a)),
  );
  const other = reader.unary(method.query, { filter: { scope: "other" } });
  assert.equal((await failureOf(other)).reason, "PERMISSION_DENIED");
  const narrowed = await reader.unary(method.query, {
    filter: { scope: "*", entity: "e5" },
    view: View.HISTORY,
  });
  assert.equal(narrowed.facts.length, 0);
});

test("refuses what no query may ask", async (t) => {
  const { admin } = await startService(t);
  const filter = { scope: "team/ops" };
  const refused = [
    [{}, "INVALID_ARGUMENT"],
    [{ filter: {} }, "INVALID_ARGUMENT"],
    [{ filter, pageSize: -1 }, "INVALID_ARGUMENT"],
    [{ filter, pageToken: "nonsense" }, "PAGE_TOKEN_INVALID"],
    [{ filter, verify: 99 as VerifyLevel }, "INVALID_ARGUMENT"],
    [{ filter, view: 99 as View }, "INVALID_ARGUMENT"],
  ] as const;
  for (const [request, reason] of refused) {
    const failure = await failureOf(admin.unary(method.query, request));
    assert.equal(failure.reason, reason, JSON.stringify(request));
  }
  const search = await failureOf(admin.unary(method.search, { text: "words" }));
  assert.equal(search.reason, "TEXT_SEARCH_DISABLED");
});

test("finds words where the store keeps a text index", async (t) => {
  const { admin, clientOf } = await startService(t, { store: { textSearch: true } });
  await append(admin, makeFact({ text: "the disk of the billing host is full" }));
  await append(admin, makeFact({ scope: "other", text: "disk disk disk" }));
  const reader = await clientOf("r", ["reader"], ["team/*"]);
  const found = await reader.unary(method.search, { text: "disk", view: View.HISTORY });
  assert.equal(found.hits.length, 1);
});

test("a retraction takes a fact back once", async (t) => {
  const { admin } = await startService(t);
  const { cid, index } = await append(admin, makeFact());
  const first = await admin.unary(method.retract, { cid, reason: "wrong" });
  const again = await admin.unary(method.retract, { cid, reason: "still wrong" });
  assert.equal(first.existing, false);
  assert.equal(again.existing, true);
  assert.equal(again.index, first.index);
  const got = await admin.unary(method.get, { key: { case: "index", value: index } });
  assert.equal(got.fact?.state, FactState.RETRACTED);
  assert.equal(got.fact?.endedByIndex, first.index);
});

test("validate_only appends nothing and does not tell whether the fact is there", async (t) => {
  const { admin, store } = await startService(t);
  const known = makeFact();
  await append(admin, known);
  const size = store.head().size;
  const ask = (fact: Uint8Array) =>
    admin.unary(method.append, { fact: { fact }, validateOnly: true });
  const { cid: _known, ...ofKnown } = await ask(known);
  const { cid: _fresh, ...ofFresh } = await ask(makeFact());
  assert.deepEqual(ofKnown, ofFresh);
  assert.equal((await failureOf(ask(new Uint8Array(3)))).status, status.INVALID_ARGUMENT);
  const facts = [{ fact: known }, { fact: new Uint8Array(3) }];
  const batch = await admin.unary(method.appendBatch, { facts, validateOnly: true });
  assert.deepEqual(
    batch.results.map(({ error }) => error === undefined),
    [true, false],
  );
  assert.equal(store.head().size, size);
});

test("refuses every limit that is passed, and writes nothing", async (t) => {
  const { admin, store } = await startService(t);
  const size = store.head().size;
  const large = new Uint8Array(64 * 1024);
  const refused = [
    admin.unary(method.append, {}),
    admin.unary(method.append, { fact: { fact: new Uint8Array() } }),
    admin.unary(method.append, { fact: { fact: large } }),
    admin.unary(method.append, { fact: { fact: makeFact() }, requestId: "x".repeat(129) }),
    admin.unary(method.appendBatch, {}),
    admin.unary(method.appendBatch, { facts: Array(4097).fill({ fact: new Uint8Array(1) }) }),
    admin.unary(method.appendBatch, { facts: Array(65).fill({ fact: large }) }),
    admin.unary(method.batchGet, { cids: Array(1001).fill(new Uint8Array(32)) }),
    admin.unary(method.batchGet, { cids: [new Uint8Array(31)] }),
    admin.unary(method.get, {}),
    admin.unary(method.get, { key: { case: "index", value: 2n ** 63n } }),
    admin.unary(method.retract, { cid: new Uint8Array(32), reason: "x".repeat(1025) }),
  ];
  for (const [i, failure] of (await Promise.all(refused.map(failureOf))).entries()) {
    assert.equal(failure.status, status.INVALID_ARGUMENT, `case ${i}`);
  }
  assert.equal(store.head().size, size);
});
