import assert from "node:assert/strict";
import { cpSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import {
  ed25519,
  hashFact,
  parseEvidencePublic,
  parseLeaf,
  parseReceipt,
  type Receipt,
  signAuthor,
  singleLogPolicy,
  verifyReceipt,
} from "@strongroom/protocol";
import { StoreError } from "./errors.ts";
import { openStore, type Store } from "./index.ts";
import { promoteStore } from "./open/promote-store.ts";
import { factBytes, openFile, tempStore, testCipher } from "./testing/temp-store.ts";

const context = { principal: "tester", requestId: "r1", peer: "127.0.0.1" };

function code(expected: string): (reason: unknown) => boolean {
  return (reason) => {
    assert.ok(reason instanceof StoreError, String(reason));
    assert.equal(reason.code, expected, reason.message);
    return true;
  };
}

function verify(store: Store, given: Receipt | Uint8Array) {
  const receipt = given instanceof Uint8Array ? parseReceipt(given) : given;
  return verifyReceipt(receipt, singleLogPolicy(store.logVkey), Date.now());
}

describe(`store (${testCipher})`, () => {
  test("answers an append with a receipt that verifies offline", async (t) => {
    const store = await tempStore(t).open();
    const bytes = factBytes();
    const appended = await store.appendOne({ bytes }, context);
    const proven = verify(store, appended.receipt);
    assert.equal(proven.index, BigInt(appended.index));
    assert.deepEqual(proven.cid, hashFact(bytes));
    assert.equal(appended.existing, false);
    assert.equal(appended.treeSize, appended.index + 1);
  });

  test("gives receipts across tile and filter boundaries that all verify", async (t) => {
    const store = await tempStore(t).open();
    const facts = Array.from({ length: 700 }, (_, i) => ({
      bytes: factBytes({ entity: `e${i}` }),
    }));
    await store.appendBatch(facts.slice(0, 200), context);
    const answers = await Promise.all(
      facts.slice(200).map((fact) => store.appendOne(fact, context)),
    );
    for (const answer of answers) verify(store, answer.receipt);
    const { receipts } = await store.receipts(facts.map((f) => ({ cid: hashFact(f.bytes) })));
    assert.equal(receipts.length, 700);
    for (const receipt of receipts) verify(store, receipt);
  });

  test("appends a fact once, whether it comes again later, at once or in one batch", async (t) => {
    const store = await tempStore(t).open();
    const fact = { bytes: factBytes() };
    const [a, b] = await Promise.all([
      store.appendOne(fact, context),
      store.appendOne(fact, context),
    ]);
    assert.equal(a.index, b.index);
    assert.deepEqual([a.existing, b.existing].sort(), [false, true]);
    const batch = await store.appendBatch([fact, fact, { bytes: factBytes() }], context);
    assert.deepEqual(
      batch.results.map((r) => (r.error ? r.error.code : r.existing)),
      [true, true, false],
    );
    const again = await store.appendOne(fact, { ...context, principal: "somebody-else" });
    assert.equal(again.index, a.index);
    verify(store, again.receipt);
    assert.equal(parseReceipt(again.receipt).evidencePrivate.length, 0);
  });

  test("finds duplicates after a restart, in the index and beyond it", async (t) => {
    const temp = tempStore(t);
    const first = await temp.open();
    const facts = Array.from({ length: 50 }, (_, i) => ({ bytes: factBytes({ entity: `e${i}` }) }));
    await first.appendBatch(facts, context);
    await first.close();
    const second = await temp.open();
    const { results } = await second.appendBatch(facts, context);
    assert.ok(results.every((r) => !r.error && r.existing));
    assert.equal(second.head().size, first.head().size);
  });

  test("answers each fact of a batch on its own", async (t) => {
    const store = await tempStore(t).open();
    const bad = Uint8Array.of(1, 2, 3);
    const batch = await store.appendBatch([{ bytes: factBytes() }, { bytes: bad }], context);
    assert.equal(batch.results[0]?.error, undefined);
    assert.equal(batch.results[1]?.error?.code, "MALFORMED_FACT");
    await assert.rejects(store.appendOne({ bytes: bad }, context), code("MALFORMED_FACT"));
    await assert.rejects(store.appendBatch([], context), code("INVALID_ARGUMENT"));
  });

  test("links the entries of each scope to one another", async (t) => {
    const temp = tempStore(t);
    let store = await temp.open();
    const receipts: Receipt[] = [];
    for (const scope of ["team/a", "team/b", "team/a", "team/a/x", "team/a"]) {
      receipts.push(await store.append(factBytes({ scope })));
    }
    await store.close();
    store = await temp.open();
    receipts.push(await store.append(factBytes({ scope: "team/a" })));
    const ofA = [0, 2, 4, 5].map((i) => receipts[i] as Receipt);
    ofA.forEach((receipt, i) => {
      const evidence = parseEvidencePublic(receipt.evidencePublic);
      assert.equal(evidence.scopeIndex, BigInt(i));
      const before = ofA[i - 1];
      const expected = before ? parseLeaf(before.leaf).evidence : new Uint8Array(32);
      assert.deepEqual(Buffer.from(evidence.scopePrevious), Buffer.from(expected));
    });
  });

  test("records new author signatures on a known fact as one endorsement", async (t) => {
    const store = await tempStore(t).open();
    const bytes = factBytes();
    const seed = new Uint8Array(32).fill(7);
    const signature = signAuthor("fact", bytes, seed);
    const first = await store.appendOne({ bytes }, context);
    const endorsed = await store.appendOne({ bytes, authorSignatures: [signature] }, context);
    assert.equal(endorsed.index, first.index);
    assert.equal(store.head().size, first.treeSize + 1);
    await store.appendOne({ bytes, authorSignatures: [signature] }, context);
    assert.equal(store.head().size, first.treeSize + 1);
    const forged = { publicKey: ed25519.publicKey(seed), signature: new Uint8Array(64) };
    const attempt = store.appendOne({ bytes: factBytes(), authorSignatures: [forged] }, context);
    await assert.rejects(attempt, code("AUTHOR_SIGNATURE_INVALID"));
  });

  test("retracts once, and refuses the fact from then on", async (t) => {
    const store = await tempStore(t).open();
    const bytes = factBytes();
    const { cid } = await store.appendOne({ bytes }, context);
    const [a, b] = await Promise.all([
      store.retract({ cid, reason: "wrong" }, context),
      store.retract({ cid, reason: "wrong too" }, context),
    ]);
    assert.equal(a.index, b.index);
    assert.deepEqual([a.existing, b.existing].sort(), [false, true]);
    verify(store, a.receipt);
    await assert.rejects(store.appendOne({ bytes }, context), code("FACT_RETRACTED"));
    assert.equal((await store.get(cid)).state, "retracted");
    const missing = hashFact(factBytes());
    await assert.rejects(store.retract({ cid: missing, reason: "" }, context), code("NOT_FOUND"));
  });

  test("keeps everything across a restart, under the same origin", async (t) => {
    const temp = tempStore(t);
    const first = await temp.open();
    const { cid, receipt } = await first.appendOne({ bytes: factBytes() }, context);
    await first.close();
    const second = await temp.open();
    assert.equal(second.origin, first.origin);
    assert.equal(second.isNew, false);
    assert.equal((await second.get(cid)).state, "active");
    verify(second, receipt);
    assert.equal(second.status().state, "ready");
  });

  test("lets one process at a time open a store", async (t) => {
    const temp = tempStore(t);
    await temp.open();
    await assert.rejects(openStore(temp.options), code("STORE_LOCKED"));
  });

  test("refuses another key, and an empty folder when it may not create", async (t) => {
    const temp = tempStore(t);
    await assert.rejects(openStore({ ...temp.options, create: false }), code("NOT_A_STORE"));
    await (await temp.open()).close();
    const key = new Uint8Array(32);
    const { cipher: _, ...options } = temp.options;
    const expected = testCipher === "none" ? "NOT_ENCRYPTED" : "WRONG_KEY";
    await assert.rejects(openStore({ ...options, key }), code(expected));
  });

  test("replays principals and tokens from the log", async (t) => {
    const temp = tempStore(t);
    const first = await temp.open();
    const roles = ["writer", "reader"] as const;
    await first.setPrincipal({ name: "billing", roles, scopes: ["team/*"] }, context);
    const { secret, id } = await first.createToken({ principal: "billing" }, context);
    const old = await first.createToken({ principal: "billing", expiresAtMs: 1 }, context);
    assert.equal(first.authenticate(old.secret), undefined);
    await first.close();
    const second = await temp.open();
    const principal = second.authenticate(secret);
    assert.deepEqual(
      [principal?.name, principal?.roles, principal?.scopes],
      ["billing", [...roles], ["team/*"]],
    );
    assert.equal(second.authenticate(`${secret}x`), undefined);
    await second.revokeToken(id, context);
    assert.equal(second.authenticate(secret), undefined);
    await assert.rejects(second.removePrincipal("operator", context), code("LAST_OPERATOR"));
    const bad = { name: "x", roles, scopes: ["Team"] };
    await assert.rejects(second.setPrincipal(bad, context), code("INVALID_ARGUMENT"));
  });

  test("stops signing when a client's note proves a rollback or a fork", async (t) => {
    const temp = tempStore(t);
    const store = await temp.open();
    await store.append(factBytes());
    const early = store.head().note;
    await store.append(factBytes());
    assert.ok((await store.offerPinnedNote(early)).consistency.length > 0);
    const late = store.head().note;
    await store.close();
    const copy = join(temp.path, "..", "copy");
    cpSync(temp.path, copy, { recursive: true });
    t.after(() => rmSync(copy, { recursive: true, force: true }));
    const ahead = await temp.open();
    await ahead.append(factBytes());
    const newest = ahead.head().note;
    await ahead.close();
    // The copy is let loose as if it were the original: it lacks what the original signed since.
    await promoteStore({ ...temp.options, path: copy, reason: "test" });
    const rolledBack = await openStore({ ...temp.options, path: copy });
    t.after(() => rolledBack.close());
    assert.deepEqual((await rolledBack.offerPinnedNote(late)).consistency.length > 0, true);
    const verdict = rolledBack.offerPinnedNote(newest);
    await assert.rejects(verdict, (reason) => {
      assert.ok(reason instanceof StoreError);
      assert.match(reason.code, /ROLLBACK_DETECTED|FORK_DETECTED/);
      assert.equal(reason.evidence.length, 2);
      return true;
    });
    await assert.rejects(rolledBack.append(factBytes()), code("WRITER_STOPPED"));
    assert.equal(rolledBack.status().state, "stopped");
    // A restart, or clearing the alarm, does not lift what the note proved.
    for (const alarm of await rolledBack.alarms({ limit: 9, includeCleared: false })) {
      await rolledBack.clearAlarm(alarm.id);
    }
    await rolledBack.close();
    const again = await openStore({ ...temp.options, path: copy });
    assert.match(again.status().reason, /ROLLBACK_DETECTED|FORK_DETECTED/);
    await assert.rejects(again.append(factBytes()), code("STANDBY"));
    await again.close();
    const options = { ...temp.options, path: copy, reason: "test" };
    await assert.rejects(promoteStore(options), /_DETECTED|accept the loss/);
    assert.equal((await promoteStore({ ...options, acceptLoss: true })).outcome, "epoch");
  });

  test("never doubles a fact or a chain while its index is rebuilt", async (t) => {
    const temp = tempStore(t);
    const facts = Array.from({ length: 3000 }, (_, i) => ({
      bytes: factBytes({ entity: `e${i}` }),
    }));
    let store = await temp.open();
    await store.appendBatch(facts, context);
    await store.close();
    store = await temp.open();
    const rebuilding = Promise.all([store.reindex(), store.reindex()]);
    const answers = await Promise.allSettled(
      facts.slice(0, 64).map((f) => store.appendOne(f, context)),
    );
    await rebuilding;
    for (const answer of answers) {
      if (answer.status === "fulfilled") assert.equal(answer.value.existing, true);
      else code("UNAVAILABLE")(answer.reason);
    }
    const after = await store.appendBatch([...facts, { bytes: factBytes() }], context);
    assert.equal(after.results.filter((r) => !r.error && !r.existing).length, 1);
    assert.equal((await store.verify()).verdict, "verified");
  });

  test("waits for an index that cannot be written, and goes on by itself", async (t) => {
    const temp = tempStore(t);
    const store = await temp.open();
    const blocker = await openFile(temp, "index");
    blocker.exec("BEGIN IMMEDIATE");
    const { cid } = await store.appendOne({ bytes: factBytes() }, context);
    // Longer than the index waits for a lock.
    await setTimeout(5500);
    assert.equal((await store.get(cid)).state, "active");
    blocker.exec("ROLLBACK");
    blocker.close();
    while (store.status().indexLag > 0) await setTimeout(50);
    assert.equal(
      (await store.appendOne({ bytes: (await store.get(cid)).bytes }, context)).index,
      1,
    );
  });
});

describe(`store under attack (${testCipher})`, () => {
  test("refuses a journal that is older than its anchor", async (t) => {
    const temp = tempStore(t);
    let store = await temp.open();
    await store.append(factBytes());
    await store.close();
    const old = readFileSync(join(temp.path, "journal.db"));
    store = await temp.open();
    await store.append(factBytes());
    await store.close();
    writeFileSync(join(temp.path, "journal.db"), old);
    await assert.rejects(temp.open(), code("STORE_ROLLED_BACK"));
    const options = { ...temp.options, reason: "disk was restored" };
    await assert.rejects(promoteStore(options), code("STORE_ROLLED_BACK"));
    const promoted = await promoteStore({ ...options, acceptLoss: true });
    assert.equal(promoted.outcome, "epoch");
    assert.match(promoted.origin, /\/e2$/);
    store = await temp.open();
    assert.equal(store.origin, promoted.origin);
    verify(store, await store.append(factBytes()));
  });

  test("refuses a store whose anchor is gone or damaged", async (t) => {
    const temp = tempStore(t);
    await (await temp.open()).close();
    const anchor = join(temp.path, "head.anchor");
    const bytes = readFileSync(anchor);
    writeFileSync(anchor, Buffer.from(bytes).fill(1, 40, 60).fill(1, 4136, 4160));
    await assert.rejects(temp.open(), code("ANCHOR_DAMAGED"));
    rmSync(anchor);
    await assert.rejects(temp.open(), code("ANCHOR_MISSING"));
    await promoteStore({ ...temp.options, reason: "anchor lost", acceptLoss: true });
    assert.match((await temp.open()).origin, /\/e2$/);
  });

  test("says from where entries may be lost after an unclean close under an anchor lag", async (t) => {
    const temp = tempStore(t);
    const anchor = join(temp.path, "head.anchor");
    const store = await temp.open({ anchorLagMs: 60_000 });
    const { treeSize } = await store.appendOne({ bytes: factBytes() }, context);
    // What a crash would leave: the anchor as it was written at open.
    const unclean = readFileSync(anchor);
    await store.close();
    writeFileSync(anchor, unclean);
    const again = await temp.open();
    assert.equal(again.head().size, treeSize);
    const alarms = await again.alarms({ limit: 10, includeCleared: false });
    assert.deepEqual(
      alarms.map((alarm) => [alarm.code, alarm.index]),
      [["HEAD_UNCERTAIN", treeSize - 1]],
    );
  });

  test("never takes a store for an unfinished or an empty one", async (t) => {
    const temp = tempStore(t);
    const anchorPath = join(temp.path, "..", "head.anchor");
    const marked = await temp.open({ anchorPath });
    await marked.append(factBytes());
    await marked.close();
    writeFileSync(join(temp.path, "creating"), "");
    await (await temp.open({ anchorPath })).close();
    renameSync(anchorPath, `${anchorPath}.away`);
    await assert.rejects(temp.open({ anchorPath }), code("ANCHOR_MISSING"));
    renameSync(`${anchorPath}.away`, anchorPath);
    // Its volume is not mounted: nothing is made in its place.
    renameSync(temp.path, `${temp.path}.away`);
    await assert.rejects(temp.open({ anchorPath }), code("NOT_A_STORE"));
    renameSync(`${temp.path}.away`, temp.path);
    assert.equal((await temp.open({ anchorPath })).head().size, 2);
  });

  test("promotes nothing by halves", async (t) => {
    const temp = tempStore(t);
    await (await temp.open()).close();
    const anchor = join(temp.path, "head.anchor");
    writeFileSync(anchor, Buffer.concat([readFileSync(anchor), Buffer.of(1)]));
    const options = { ...temp.options, reason: "test" };
    await assert.rejects(promoteStore(options), code("ANCHOR_DAMAGED"));
    assert.equal(readFileSync(anchor).length, 8193);
    const knownNotes = [new Uint8Array(2 * 1024 * 1024)];
    await assert.rejects(promoteStore({ ...options, acceptLoss: true, knownNotes }));
    writeFileSync(anchor, readFileSync(anchor).subarray(0, 8192));
    assert.equal((await temp.open()).status().state, "ready");
  });

  test("verifies the head anchor of a running store", async (t) => {
    const temp = tempStore(t);
    const store = await temp.open();
    await store.append(factBytes());
    assert.equal((await store.verify()).verdict, "verified");
    rmSync(join(temp.path, "head.anchor"));
    assert.equal((await store.verify()).verdict, "ANCHOR_WRONG");
    const alarms = await store.alarms({ limit: 10, includeCleared: false });
    assert.deepEqual(
      alarms.map((alarm) => alarm.code),
      ["ANCHOR_WRONG"],
    );
  });

  test("opens a copy as a standby that takes nothing until it is promoted", async (t) => {
    const temp = tempStore(t);
    const original = await temp.open();
    const { cid } = await original.appendOne({ bytes: factBytes() }, context);
    await original.close();
    const path = join(temp.path, "..", "copy");
    cpSync(temp.path, path, { recursive: true });
    const copy = await openStore({ ...temp.options, path });
    assert.equal(copy.status().state, "standby");
    assert.equal((await copy.get(cid)).state, "active");
    await assert.rejects(copy.append(factBytes()), code("STANDBY"));
    await copy.close();
    const promoted = await promoteStore({ ...temp.options, path, reason: "the original is gone" });
    assert.deepEqual([promoted.outcome, promoted.origin], ["cleared", original.origin]);
    const live = await openStore({ ...temp.options, path });
    verify(live, await live.append(factBytes()));
    await live.close();
    await assert.rejects(
      promoteStore({ ...temp.options, path, reason: "again" }),
      code("INVALID_ARGUMENT"),
    );
  });

  test("keeps evidence of every attempt to change the journal", async (t) => {
    const temp = tempStore(t);
    let store = await temp.open();
    await store.append(factBytes());
    await store.close();
    const db = await openFile(temp, "journal");
    const attempts = [
      "UPDATE entry SET body = x'00' WHERE \"index\" = 1",
      'DELETE FROM entry WHERE "index" = 1',
      "INSERT OR REPLACE INTO entry VALUES (1, x'', x'', x'', x'')",
      'UPDATE control SET "index" = 5',
      "DELETE FROM control",
      "DELETE FROM scope_head",
    ];
    for (const sql of attempts) assert.throws(() => db.exec(sql), /append-only/);
    assert.throws(() => db.exec("DELETE FROM mutation_attempt"), /evidence is kept/);
    db.close();
    store = await temp.open();
    const alarms = await store.alarms({ limit: 100, includeCleared: false });
    const raised = alarms.filter((alarm) => alarm.code === "FACT_MUTATION_ATTEMPTED");
    assert.equal(raised.length, attempts.length);
  });

  test("notices a trigger that was dropped or changed", async (t) => {
    const temp = tempStore(t);
    await (await temp.open()).close();
    const db = await openFile(temp, "journal");
    db.exec("DROP TRIGGER entry_no_update");
    db.close();
    const store = await temp.open();
    assert.deepEqual([store.status().state, store.status().reason], ["standby", "SCHEMA_CHANGED"]);
    await assert.rejects(store.append(factBytes()), code("STANDBY"));
    await store.close();
    const promoted = await promoteStore({ ...temp.options, reason: "verified by hand" });
    assert.equal(promoted.outcome, "cleared");
    await (await temp.open()).append(factBytes());
  });

  test("refuses a state that has seen another history", async (t) => {
    const temp = tempStore(t);
    await (await temp.open()).close();
    const db = await openFile(temp, "state");
    db.exec("UPDATE cursor SET leaf_hash = zeroblob(32)");
    db.close();
    await assert.rejects(temp.open(), code("STATE_FOREIGN"));
    const longer = await openFile(temp, "state");
    longer.exec("UPDATE cursor SET size = 99");
    longer.close();
    await assert.rejects(temp.open(), code("STATE_FOREIGN"));
  });

  test("keeps its text index when it is opened without saying so", async (t) => {
    const temp = tempStore(t);
    let store = await temp.open({ textSearch: true });
    await store.append(factBytes({ text: "the quick brown fox" }));
    await store.close();
    store = await temp.open();
    assert.equal((await store.search({ text: "brown" })).hits.length, 1);
    await store.close();
    store = await temp.open({ textSearch: false });
    await assert.rejects(store.search({ text: "brown" }), code("TEXT_SEARCH_DISABLED"));
  });

  test("rebuilds an index that is missing, damaged or of another store", async (t) => {
    const temp = tempStore(t);
    let store = await temp.open();
    const { cid } = await store.appendOne({ bytes: factBytes() }, context);
    await store.close();
    rmSync(join(temp.path, "index.db"));
    store = await temp.open();
    assert.equal((await store.get(cid)).index, 1);
    await store.close();
    writeFileSync(join(temp.path, "index.db"), Buffer.alloc(4096, 7));
    store = await temp.open();
    assert.equal(
      (await store.appendOne({ bytes: (await store.get(cid)).bytes }, context)).index,
      1,
    );
    await store.reindex();
    assert.equal((await store.get(cid)).index, 1);
  });
});
