import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { openStore } from "@strongroom/store";
import type { Database } from "better-sqlite3-multiple-ciphers";
import { madeFacts } from "../support/made-facts.ts";
import { openJournal } from "../support/open-closed-store.ts";
import { type StorePlace, storePlace } from "../support/test-store.ts";

// More than a tile, so that an edited leaf is not one that open itself needs.
const FACTS = 600;

/** A closed store whose journal somebody with the key has edited, triggers put back after it. */
async function editedStore(t: TestContext, edit: (db: Database) => void): Promise<StorePlace> {
  const place = storePlace(t);
  const store = await openStore(place);
  await store.appendBatch(madeFacts(0, FACTS).map((bytes) => ({ bytes })));
  await store.close();
  const db = openJournal(place.path, place.rawKey, { readonly: false });
  const triggers = db
    .prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'")
    .all() as { name: string; sql: string }[];
  for (const { name } of triggers) db.exec(`DROP TRIGGER ${name}`);
  edit(db);
  for (const { sql } of triggers) db.exec(sql);
  db.close();
  return place;
}

for (const [name, sql, code, verdict] of [
  ["a leaf cut short", "leaf = substr(leaf, 1, 100)", "LEAF_MISMATCH", "LEAF_EDITED"],
  [
    "a body with one byte more",
    "body = CAST(body || x'00' AS BLOB)",
    "CID_MISMATCH",
    "BODY_EDITED",
  ],
  ["another blind", "blind = randomblob(16)", "SUBJECT_MISMATCH", "BLIND_EDITED"],
] as const) {
  test(`${name} is found by the read and by verify, and other facts stay readable`, async (t) => {
    const place = await editedStore(t, (db) => {
      db.exec(`UPDATE entry SET ${sql} WHERE "index" = 20`);
    });
    const store = await openStore(place);
    const alarms: string[] = [];
    store.on("alarm", (alarm) => alarms.push(alarm.code));
    const read = store.get({ index: 20 }, { verify: "inclusion" });
    await assert.rejects(read, (error: { code: string }) => {
      assert.match(error.code, new RegExp(`^(${code}|MALFORMED_FACT)$`));
      return true;
    });
    // 21 links to the edited leaf, so its link cannot be proven.
    for (const index of [19, 22]) {
      assert.equal((await store.get({ index }, { verify: "inclusion" })).index, index);
    }
    const findings: string[] = [];
    const summary = await store.verify({
      onFinding: (finding) => findings.push(`${finding.verdict} ${finding.index}`),
    });
    assert.notEqual(summary.verdict, "verified");
    assert.ok(
      findings.some((finding) => finding.endsWith(" 20")),
      findings.join(),
    );
    assert.ok(findings.includes(`${verdict} 20`), findings.join());
    for (let tries = 0; alarms.length === 0 && tries < 200; tries++) await sleep(10);
    assert.ok(alarms.length > 0, "an alarm was raised");
    await store.close();
  });
}

test("a journal of another version is SCHEMA_UNSUPPORTED", async (t) => {
  const place = await editedStore(t, (db) => {
    db.pragma("user_version = 99");
  });
  await assert.rejects(openStore(place), { code: "SCHEMA_UNSUPPORTED" });
});

test("an edit that the triggers refuse leaves evidence, and an alarm at the next open", async (t) => {
  const place = storePlace(t);
  const store = await openStore(place);
  await store.appendBatch(madeFacts(0, FACTS).map((bytes) => ({ bytes })));
  await store.close();
  const db = openJournal(place.path, place.rawKey, { readonly: false });
  for (const sql of [
    `UPDATE entry SET body = x'00' WHERE "index" = 3`,
    `DELETE FROM entry WHERE "index" = 3`,
    `INSERT OR REPLACE INTO entry SELECT * FROM entry WHERE "index" = 3`,
  ]) {
    assert.throws(() => db.exec(sql), /append-only/);
  }
  db.close();
  const again = await openStore(place);
  const alarms = await again.alarms({ limit: 10, includeCleared: false });
  const attempts = alarms.filter(({ code }) => code === "FACT_MUTATION_ATTEMPTED");
  assert.equal(attempts.length, 3, JSON.stringify(alarms));
  const fact = await again.get({ index: 3 }, { verify: "inclusion" });
  assert.equal(fact.index, 3, "nothing changed");
  await again.close();
});
