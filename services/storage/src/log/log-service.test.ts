import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { FactService } from "@strongroom/proto/strongroom/fact/v1/fact_service";
import {
  LogService,
  type ReadEntriesResponse,
  type VerifyResponse,
} from "@strongroom/proto/strongroom/log/v1/log_service";
import {
  ed25519Signer,
  parseCheckpoint,
  parseNote,
  parsePolicy,
  parseVkey,
  signCheckpoint,
  verifyCheckpoint,
  verifyConsistency,
  verifyInclusion,
  verifyReceipt,
} from "@strongroom/protocol";
import { collect, failureOf, type RawClient } from "../raw-client.test-kit.ts";
import { makeFact, type RunningService, startService } from "../service.test-kit.ts";

const { method } = LogService;

async function appendMany(client: RawClient, count: number, scope = "team/ops") {
  const facts = Array.from({ length: count }, () => ({ fact: makeFact({ scope }) }));
  return await client.unary(FactService.method.appendBatch, { facts });
}

function pinned(note: Uint8Array) {
  return parseCheckpoint(parseNote(note).text);
}

test("a head proves that it extends what the client pinned", async (t) => {
  const { admin, store } = await startService(t);
  const before = await admin.unary(method.getHead, {});
  assert.deepEqual(before.consistency, []);
  await appendMany(admin, 300);
  const after = await admin.unary(method.getHead, { pinnedNote: before.checkpoint });
  const from = verifyCheckpoint(before.checkpoint, [parseVkey(store.logVkey)]);
  const to = verifyCheckpoint(after.checkpoint, [parseVkey(store.logVkey)]);
  assert.equal(to.size, after.treeSize);
  verifyConsistency({
    fromSize: from.size,
    fromRoot: from.root,
    toSize: to.size,
    toRoot: to.root,
    proof: after.consistency,
  });
  const same = await admin.unary(method.getHead, { pinnedNote: after.checkpoint });
  assert.deepEqual(same.consistency, []);
});

test("a pinned note of another key says nothing, one that is no note is malformed", async (t) => {
  const { admin, store } = await startService(t);
  const signer = ed25519Signer(store.origin, new Uint8Array(32).fill(9));
  const foreign = signCheckpoint({ origin: store.origin, size: 9_999n, root: new Uint8Array(32) }, [
    signer,
  ]);
  const answer = await admin.unary(method.getHead, { pinnedNote: foreign });
  assert.deepEqual(answer.consistency, []);
  const failure = await failureOf(admin.unary(method.getHead, { pinnedNote: new Uint8Array(9) }));
  assert.equal(failure.reason, "MALFORMED_NOTE");
});

test("inclusion and consistency proofs verify against the head", async (t) => {
  const { admin } = await startService(t);
  await appendMany(admin, 300);
  const { checkpoint, treeSize } = await admin.unary(method.getHead, {});
  const { root } = pinned(checkpoint);
  for (const index of [0n, 17n, treeSize - 1n]) {
    const proven = await admin.unary(method.getInclusionProof, { index, treeSize });
    assert.deepEqual(Buffer.from(proven.root), Buffer.from(root));
    verifyInclusion({ ...proven, index, size: treeSize });
  }
  const small = await admin.unary(method.getInclusionProof, { index: 0n, treeSize: 5n });
  const { proof } = await admin.unary(method.getConsistencyProof, { fromSize: 5n });
  verifyConsistency({ fromSize: 5n, fromRoot: small.root, toSize: treeSize, toRoot: root, proof });
  const beyond = { index: treeSize, treeSize: 0n };
  assert.ok((await failureOf(admin.unary(method.getInclusionProof, beyond))).reason);
  const ahead = admin.unary(method.getConsistencyProof, { fromSize: treeSize + 1n });
  assert.ok((await failureOf(ahead)).reason);
});

test("stored checkpoints are listed newest first, in pages, and found by size", async (t) => {
  const { admin, store } = await startService(t, { store: { checkpointEntries: 10 } });
  for (let i = 0; i < 5; i += 1) await appendMany(admin, 10);
  // The last one is stored after the append that made it due was answered.
  while ((await store.checkpoints({ limit: 5 })).length < 5) await sleep(10);
  const sizes: bigint[] = [];
  let pageToken = "";
  do {
    const page = await admin.unary(method.listCheckpoints, { pageSize: 2, pageToken });
    sizes.push(...page.checkpoints.map(({ treeSize }) => treeSize));
    pageToken = page.nextPageToken;
  } while (pageToken !== "");
  assert.ok(sizes.length >= 5);
  assert.deepEqual(
    sizes,
    [...new Set(sizes)].sort((a, b) => Number(b - a)),
  );
  const [newest] = sizes;
  const { checkpoint } = await admin.unary(method.getCheckpoint, {});
  assert.equal(checkpoint?.treeSize, newest);
  const missing = admin.unary(method.getCheckpoint, { treeSize: 999_999n });
  assert.equal((await failureOf(missing)).reason, "NOT_FOUND");
  const token = admin.unary(method.listCheckpoints, { pageToken: "nonsense" });
  assert.equal((await failureOf(token)).reason, "PAGE_TOKEN_INVALID");
});

test("receipts verify, and private evidence is for auditors", async (t) => {
  const { admin, store, clientOf } = await startService(t);
  const { results } = await appendMany(admin, 10);
  const reader = await clientOf("r", ["reader"], ["team/*"]);
  const keys = results.map(({ cid }) => ({ key: { case: "cid" as const, value: cid } }));
  const { receipts } = await reader.unary(method.getReceipts, { keys });
  const policy = parsePolicy(`log ${store.logVkey}\nquorum none\n`);
  assert.equal(receipts.length, 10);
  for (const [i, receipt] of receipts.entries()) {
    assert.equal(verifyReceipt(receipt, policy, Date.now()).index, results[i]?.index);
    assert.equal(receipt.evidencePrivate.length, 0);
  }
  const asked = { keys, privateEvidence: true };
  const refused = await failureOf(reader.unary(method.getReceipts, asked));
  assert.equal(refused.reason, "PERMISSION_DENIED");
  const full = await admin.unary(method.getReceipts, asked);
  assert.ok(full.receipts.every(({ evidencePrivate }) => evidencePrivate.length > 0));
});

test("receipts of foreign scopes and of other kinds are not for a reader", async (t) => {
  const { admin, clientOf } = await startService(t);
  const { results } = await appendMany(admin, 1, "other");
  const reader = await clientOf("r", ["reader"], ["team/*"]);
  const ask = (index: bigint) =>
    reader.unary(method.getReceipts, { keys: [{ key: { case: "index", value: index } }] });
  const foreign = await failureOf(ask(results[0]?.index ?? 0n));
  assert.equal(foreign.reason, "NOT_FOUND");
  assert.equal((await failureOf(ask(0n))).reason, "NOT_FOUND");
  const genesis = await admin.unary(method.getReceipts, {
    keys: [{ key: { case: "index", value: 0n } }],
  });
  assert.equal(genesis.receipts.length, 1);
});

async function readIndexes(client: RawClient, bodies = true): Promise<bigint[]> {
  const answers = await collect<ReadEntriesResponse>(
    client.serverStream(method.readEntries, { bodies }),
  );
  return answers.flatMap(({ entries }) => entries.map(({ index }) => index));
}

test("an auditor of everything reads every entry, a reader those of its scopes", async (t) => {
  const { admin, store, clientOf } = await startService(t);
  await appendMany(admin, 700);
  await appendMany(admin, 3, "other");
  const reader = await clientOf("r", ["reader"], ["other"]);
  const size = store.head().size;
  const all = await readIndexes(admin);
  assert.deepEqual(
    all,
    Array.from({ length: size }, (_, i) => BigInt(i)),
  );
  assert.equal((await readIndexes(reader)).length, 3);
  const refused = reader.serverStream(method.readEntries, { privateEvidence: true });
  assert.equal((await failureOf(collect(refused))).reason, "PERMISSION_DENIED");
  const beyond = admin.serverStream(method.readEntries, { fromIndex: BigInt(size + 1) });
  assert.equal((await failureOf(collect(beyond))).reason, "INVALID_ARGUMENT");
});

async function verifyAll({ admin }: RunningService): Promise<VerifyResponse[]> {
  return await collect<VerifyResponse>(admin.serverStream(method.verify, {}));
}

test("a whole-store verification ends in a summary, also while facts come in", async (t) => {
  const service = await startService(t);
  await appendMany(service.admin, 600);
  const [events] = await Promise.all([verifyAll(service), appendMany(service.admin, 100)]);
  const last = events.at(-1)?.event;
  assert.ok(last?.case === "summary");
  assert.equal(last.value.verdict, "verified");
  assert.equal(last.value.findings, 0n);
  assert.ok(last.value.entries >= 600n);
});

test("anybody known may ask for the verifier keys", async (t) => {
  const { store, clientOf } = await startService(t);
  const nobody = await clientOf("n", [], []);
  const keys = await nobody.unary(method.getVerifierKeys, {});
  assert.deepEqual(keys.logVkeys, [store.logVkey]);
  assert.equal(keys.origin, store.origin);
  assert.equal(keys.storeId, store.id);
  const read = nobody.serverStream(method.readEntries, {});
  assert.equal((await failureOf(collect(read))).reason, "PERMISSION_DENIED");
});
