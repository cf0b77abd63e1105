import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, test } from "node:test";
import {
  encodeFact,
  hashFact,
  hashLeaf,
  parseBody,
  parseEntriesTile,
  parseVkey,
  singleLogPolicy,
  verifyCheckpoint,
  verifyConsistency,
  verifyInclusion,
  verifyReceipt,
} from "@strongroom/protocol";
import { StoreError } from "../errors.ts";
import type { Store } from "../index.ts";
import {
  factBytes,
  openFile,
  type TempStore,
  tempStore,
  testCipher,
} from "../testing/temp-store.ts";
import type { NewFact, VerifyMode } from "../types.ts";
import { kindOf } from "./entry-fields.ts";
import { ReaderPool } from "./reader-pool.ts";

const context = { principal: "tester", requestId: "r1", peer: "local" };

function code(expected: string) {
  return (reason: unknown): boolean => {
    assert.ok(reason instanceof StoreError, String(reason));
    assert.equal(reason.code, expected, reason.message);
    return true;
  };
}

function facts(count: number, scope = "team/a"): NewFact[] {
  return Array.from({ length: count }, (_, i) => ({
    bytes: factBytes({ entity: `e${i}`, scope }),
  }));
}

async function edit(temp: TempStore, sql: string, index: number, bytes: Uint8Array) {
  const db = await openFile(temp, "journal");
  const trigger = db
    .prepare("SELECT sql FROM sqlite_schema WHERE name = 'entry_no_update'")
    .pluck();
  const text = trigger.get() as string;
  db.exec("DROP TRIGGER entry_no_update");
  db.prepare(sql).run(bytes, index);
  db.exec(text);
  db.close();
}

function flip(bytes: Uint8Array, at: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
}

async function codesOf(store: Store, index: number): Promise<string[]> {
  const codes: string[] = [];
  for (const verify of ["none", "body", "inclusion", "attested"] satisfies VerifyMode[]) {
    await store.get({ index }, { verify }).then(
      (fact) => codes.push(fact.verified),
      (reason: StoreError) => codes.push(reason.code),
    );
  }
  return codes;
}

describe(`reads (${testCipher})`, () => {
  test("get by content id and by index, in every mode of verification", async (t) => {
    const store = await tempStore(t).open();
    const batch = facts(300);
    await store.appendBatch(batch, context);
    const bytes = batch[100]?.bytes ?? new Uint8Array();
    for (const verify of ["none", "body", "inclusion"] satisfies VerifyMode[]) {
      const fact = await store.get({ cid: hashFact(bytes) }, { verify });
      assert.deepEqual(fact.bytes, bytes);
      const again = await store.get({ index: fact.index }, { verify });
      assert.deepEqual(again, fact);
    }
    assert.deepEqual(await codesOf(store, 100), [
      "none",
      "body",
      "inclusion",
      "ATTESTATION_REQUIRED",
    ]);
    await assert.rejects(store.get({ cid: new Uint8Array(32) }), code("NOT_FOUND"));
    await assert.rejects(store.get({ index: store.head().size }), code("NOT_FOUND"));
    await assert.rejects(store.get({ index: 0 }), code("NOT_A_FACT"));
    await assert.rejects(store.get({ index: -1 }), code("INVALID_ARGUMENT"));
    await assert.rejects(store.get({ cid: new Uint8Array(31) }), code("MALFORMED_CID"));
    const hidden = store.get({ cid: hashFact(bytes) }, { scopes: ["team/b"] });
    await assert.rejects(hidden, code("NOT_FOUND"));
  });

  test("an edited entry is refused, logged once and raises an alarm; others stay", async (t) => {
    const temp = tempStore(t);
    const store = await temp.open();
    const batch = facts(600);
    await store.appendBatch(batch, context);
    const all = await store.query({ view: "history" });
    const indexes: number[] = [];
    for await (const fact of all) indexes.push(fact.index);
    const [first = 0] = indexes.toReversed();
    const at = (n: number): number => first + n;
    const rowOf = async (index: number) =>
      (await store.readEntries({ from: index, limit: 1, bodies: true, privateEvidence: true }))
        .entries[0];
    const rows = { body: await rowOf(at(3)), leaf: await rowOf(at(9)), blind: await rowOf(at(6)) };
    await store.close();
    const update = (column: string) => `UPDATE entry SET ${column} = ? WHERE "index" = ?`;
    const body = rows.body?.body ?? new Uint8Array();
    await edit(temp, update("body"), at(3), flip(body, body.length - 1));
    await edit(temp, update("blind"), at(6), flip(rows.blind?.blind ?? body, 0));
    await edit(temp, update("leaf"), at(9), flip(rows.leaf?.leaf ?? body, 12));
    await edit(temp, update("evidence"), at(12), new Uint8Array(60).fill(1));

    const again = await temp.open();
    const cid = hashFact(body);
    await assert.rejects(again.get({ cid }), code("CID_MISMATCH"));
    await assert.rejects(again.get({ cid }), code("CID_MISMATCH"));
    const refused = "CID_MISMATCH";
    assert.deepEqual(await codesOf(again, at(3)), ["none", refused, refused, refused]);
    const subject = "SUBJECT_MISMATCH";
    assert.deepEqual(await codesOf(again, at(6)), ["none", subject, subject, subject]);
    const link = (await codesOf(again, at(9))).slice(2);
    assert.deepEqual(link, ["INCLUSION_MISMATCH", "INCLUSION_MISMATCH"]);
    assert.equal((await codesOf(again, at(10)))[2], "LINK_MISMATCH");
    const evidence = (await codesOf(again, at(12))).slice(2);
    assert.deepEqual(evidence, ["EVIDENCE_MISMATCH", "EVIDENCE_MISMATCH"]);
    await assert.rejects(
      again.queryPage({ view: "history", pageSize: 1000 }),
      (reason: unknown) => {
        assert.ok(reason instanceof StoreError && reason.code.endsWith("_MISMATCH"));
        assert.ok(Number(reason.metadata.index) >= at(0));
        return true;
      },
    );
    await assert.rejects(again.receipts([{ index: at(3) }]), code("CID_MISMATCH"));
    assert.equal((await again.get({ index: at(5) }, { verify: "inclusion" })).index, at(5));
    await assertReported(again, { from: at(600), index: at(3), cid });
  });

  test("receipts are under the head, at most a thousand, and private only if asked", async (t) => {
    const store = await tempStore(t).open();
    const batch = facts(20);
    await store.appendBatch(batch, context);
    await store.retract(
      { cid: hashFact(batch[0]?.bytes ?? new Uint8Array()), reason: "no" },
      context,
    );
    const keys = [...batch.map((fact) => ({ cid: hashFact(fact.bytes) })), { index: 0 }];
    const { receipts, treeSize } = await store.receipts(keys);
    assert.equal(treeSize, store.head().size);
    assert.equal(receipts.length, keys.length);
    const policy = singleLogPolicy(store.logVkey);
    for (const receipt of receipts) {
      assert.equal(verifyReceipt(receipt, policy, Date.now()).treeSize, BigInt(treeSize));
      assert.equal(receipt.evidencePrivate.length, 0);
    }
    const [audited] = (await store.receipts([{ index: 2 }], { privateEvidence: true })).receipts;
    assert.ok(audited && audited.evidencePrivate.length > 0);
    verifyReceipt(audited, policy, Date.now());
    const many = Array.from({ length: 1001 }, () => ({ index: 0 }));
    await assert.rejects(store.receipts(many), code("LIMIT_EXCEEDED"));
    await assert.rejects(store.receipts([{ cid: new Uint8Array(32) }]), code("NOT_FOUND"));
    const scopes = ["team/a"];
    assert.equal((await store.receipts([{ index: treeSize - 1 }], { scopes })).receipts.length, 1);
    await assert.rejects(store.receipts([{ index: 0 }], { scopes }), code("NOT_FOUND"));
    await assert.rejects(store.receipts([{ index: 2 }], { scopes: ["x"] }), code("NOT_FOUND"));
  });

  test("an answer of receipts ends before 4 MiB", async (t) => {
    const store = await tempStore(t).open();
    const big = Array.from({ length: 90 }, (_, i) => ({
      bytes: factBytes({ entity: `b${i}`, text: "x".repeat(60_000) }),
    }));
    await store.appendBatch(big.slice(0, 45), context);
    await store.appendBatch(big.slice(45), context);
    const { receipts } = await store.receipts(big.map((fact) => ({ cid: hashFact(fact.bytes) })));
    assert.ok(receipts.length > 60 && receipts.length < 70, `${receipts.length}`);
    const page = await store.queryPage({ pageSize: 1000 });
    assert.ok(page.facts.length > 60 && page.facts.length < 75, `${page.facts.length}`);
    assert.notEqual(page.nextPageToken, "");
  });

  test("proofs, tiles, entries and checkpoints are of the signed head and hold", async (t) => {
    const store = await tempStore(t).open({ checkpointEntries: 300 });
    for (const part of [facts(400), facts(400, "other"), facts(5)]) {
      await store.appendBatch(part, context);
    }
    const { size, root } = store.head();
    const { leafHash, proof } = await store.inclusionProof(300);
    verifyInclusion({ leafHash, index: 300n, size: BigInt(size), proof, root });
    const older = await store.inclusionProof(300, 500);
    const grown = await store.consistencyProof(500);
    verifyConsistency({
      fromSize: 500n,
      fromRoot: older.root,
      toSize: BigInt(size),
      toRoot: root,
      proof: grown.proof,
    });
    await assert.rejects(store.inclusionProof(size), code("NOT_FOUND"));
    await assert.rejects(store.inclusionProof(1, size + 1), code("INVALID_ARGUMENT"));
    await assert.rejects(store.consistencyProof(9, 8), code("INVALID_ARGUMENT"));

    const leaves = parseEntriesTile(await store.tile({ level: "entries", n: 1, width: 256 }));
    const hashes = await store.tile({ level: 0, n: 1, width: 256 });
    assert.deepEqual(hashLeaf(leaves[44] ?? root), leafHash);
    assert.deepEqual(Uint8Array.from(hashes.subarray(44 * 32, 45 * 32)), leafHash);
    const edge = await store.tile({ level: 0, n: Math.floor(size / 256), width: size % 256 });
    assert.equal(edge.length, (size % 256) * 32);
    await assert.rejects(store.tile({ level: 0, n: 3, width: 256 }), code("NOT_FOUND"));
    await assert.rejects(store.tile({ level: 0, n: -1, width: 1 }), code("NOT_FOUND"));
    assert.equal((await store.tile({ level: 1, n: 0, width: 3 })).length, 96);

    const own = { from: 0, limit: 4096, bodies: true, privateEvidence: false };
    const whole = await store.readEntries(own);
    assert.equal(whole.entries.length, size);
    assert.equal(whole.next, size);
    const scoped = await store.readEntries({ ...own, scopes: ["other"] });
    assert.equal(scoped.entries.length, 400);
    assert.ok(scoped.entries.every((entry) => parseBody("fact", entry.body).scope === "other"));

    const stored = await store.checkpoints({ limit: 10 });
    assert.ok(stored.length >= 2);
    const [newest] = stored;
    assert.equal((await store.checkpoint()).size, newest?.size);
    assert.equal((await store.checkpoint(newest?.size)).size, newest?.size);
    for (const { note, size: of } of stored) {
      assert.equal(Number(verifyCheckpoint(note, [parseVkey(store.logVkey)]).size), of);
    }
    await assert.rejects(store.checkpoint(7), code("NOT_FOUND"));
  });

  test("pages far below the head go block by block and miss nothing", async (t) => {
    const store = await tempStore(t).open();
    const fact = (i: number): NewFact => ({
      bytes: encodeFact({
        scope: i % 1000 === 0 ? "rare" : "common",
        entity: `e${i % 1000}`,
        relation: i < 3000 ? "old" : "new",
        value: { case: "integer", value: BigInt(i) },
        nonce: createHash("md5").update(String(i)).digest(),
      }),
    });
    const total = 45_000;
    for (let i = 0; i < total; i += 4096) {
      const count = Math.min(4096, total - i);
      await store.appendBatch(
        Array.from({ length: count }, (_, k) => fact(i + k)),
        context,
      );
    }
    const first = store.head().size - total;
    const count = async (query: Parameters<Store["query"]>[0]): Promise<number[]> => {
      const found: number[] = [];
      for await (const one of store.query({ ...query, view: "history", verify: "none" })) {
        found.push(one.index);
      }
      return found;
    };
    assert.equal((await count({ scope: "rare" })).length, 45);
    assert.equal((await count({ relation: "old" })).length, 3000);
    const half = first + 20_000;
    assert.equal((await count({ scope: "rare", asOfSize: half })).length, 20);
    const common = await count({ scope: "common", relation: "new", asOfSize: half });
    assert.equal(common.length, 20_000 - 20 - 3000 + 3);
    assert.deepEqual(
      common,
      [...common].sort((a, b) => b - a),
    );
    assert.equal(new Set(common).size, common.length);
    const { facts: current } = await store.queryPage({ entity: "e7" });
    assert.deepEqual(
      current.map((one) => one.index),
      [first + 44_007, first + 2007],
    );
  });

  test("too many waiting reads are refused, and a closed pool refuses all", async (t) => {
    const store = await tempStore(t).open({ readers: 1 });
    const reads = Array.from({ length: 6000 }, () => store.inclusionProof(0));
    const outcomes = await Promise.allSettled(reads);
    const refused = outcomes.filter((one) => one.status === "rejected");
    assert.ok(refused.length > 0 && refused.length < 2500, `${refused.length}`);
    assert.ok(refused.every((one) => code("OVERLOADED")(one.reason)));
    await store.close();
    await assert.rejects(store.inclusionProof(0), code("STORE_CLOSED"));
    assert.equal(typeof ReaderPool.open, "function");
  });
});

// One entry in the log per entry and verdict, and an open alarm.
async function assertReported(
  store: Store,
  { from, index, cid }: { from: number; index: number; cid: Uint8Array },
): Promise<void> {
  for (let i = 0; i < 100; i++) {
    const alarms = await store.alarms({ limit: 100, includeCleared: false });
    const { entries } = await store.readEntries({
      from,
      limit: 4096,
      bodies: true,
      privateEvidence: false,
    });
    const rejections = entries
      .filter((entry) => kindOf(entry.leaf) === 7)
      .map((entry) => parseBody("integrity-rejection", entry.body))
      .filter((body) => Number(body.index) === index && body.verdict === "CID_MISMATCH");
    if (alarms.some((alarm) => alarm.index === index) && rejections.length > 0) {
      assert.equal(rejections.length, 1);
      assert.deepEqual(Uint8Array.from(rejections[0]?.cid ?? cid), cid);
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.fail("the mismatch was not reported");
}
