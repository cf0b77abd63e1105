// Every column of `entry`, every field of its leaf, and its rows deleted, swapped, doubled and cut.
import { hashSubject, sha256 } from "@strongroom/protocol";
import { madeFact } from "../../support/made-facts.ts";
import { AT, bySql, EDGE, flipByte, SIZE, type TamperCase } from "./tamper-case.ts";

const sql = bySql("entry");
const where = (index: number) => `WHERE "index" = ${index}`;
const setAt = (assignment: string, index = AT) => `UPDATE entry SET ${assignment} ${where(index)}`;

/** Exchanges columns of two entries. */
function swap(columns: readonly string[], one: number, other: number): string {
  const set = columns.map((name) => `${name} = (SELECT ${name} FROM temp.kept ${where(other)})`);
  const back = columns.map((name) => `${name} = (SELECT ${name} FROM temp.kept ${where(one)})`);
  return `CREATE TEMP TABLE kept AS SELECT * FROM entry WHERE "index" IN (${one}, ${other});
    UPDATE entry SET ${set.join(", ")} ${where(one)};
    UPDATE entry SET ${back.join(", ")} ${where(other)};`;
}

/** Flips a byte of one field of a leaf. */
function leafField(name: string, byte: number, found: TamperCase["found"]): TamperCase {
  const change = { table: "entry", column: "leaf", where: `"index" = ${AT}`, byte };
  return {
    part: "entry",
    what: `leaf: another ${name}`,
    change: (store) => store.journal((db) => flipByte(db, change)),
    found,
  };
}

function flipped(what: string, column: string, byte: number, found: TamperCase["found"]) {
  const change = { table: "entry", column, where: `"index" = ${AT}`, byte };
  return {
    part: "entry",
    what,
    change: (store) => store.journal((db) => flipByte(db, change)),
    found,
  } satisfies TamperCase;
}

const body: TamperCase[] = [
  flipped("body: a byte of its value", "body", -8, {
    read: "CID_MISMATCH",
    verify: ["BODY_EDITED 100"],
  }),
  sql("body: one byte more", setAt("body = CAST(body || x'00' AS BLOB)"), {
    read: "CID_MISMATCH",
    verify: ["BODY_EDITED 100"],
  }),
  sql("body: blanked", setAt("body = x''"), { read: "CID_MISMATCH", verify: ["BODY_MISSING 100"] }),
  sql("body: blanked together with its blind", setAt("body = x'', blind = x''"), {
    read: "CID_MISMATCH",
    verify: ["BODY_MISSING 100"],
  }),
  sql("body: of another type", setAt("body = CAST(body AS TEXT)"), {
    read: "CID_MISMATCH",
    verify: ["BODY_MISSING 100"],
  }),
  sql("body: a number", setAt("body = 7"), { read: "CID_MISMATCH", verify: ["BODY_MISSING 100"] }),
  {
    part: "entry",
    what: "body: another whole fact",
    change: (store) =>
      store.journal((db) =>
        db.prepare(`UPDATE entry SET body = ? ${where(AT)}`).run(madeFact(999_999)),
      ),
    found: { read: "CID_MISMATCH", verify: ["BODY_EDITED 100"] },
  },
  {
    part: "entry",
    what: "body: another whole fact, with a leaf made to fit it",
    change: (store) =>
      store.journal((db) => {
        const row = db.prepare(`SELECT leaf, blind FROM entry ${where(AT)}`).get() as {
          leaf: Uint8Array;
          blind: Uint8Array;
        };
        const forged = madeFact(999_999);
        const leaf = Uint8Array.from(row.leaf);
        leaf.set(hashSubject(row.blind, sha256(forged)), 50);
        db.prepare(`UPDATE entry SET body = ?, leaf = ? ${where(AT)}`).run(forged, leaf);
      }),
    found: { read: "INCLUSION_MISMATCH", verify: ["LEAF_EDITED 100"] },
  },
];

const blind: TamperCase[] = [
  sql("blind: another", setAt("blind = randomblob(16)"), {
    read: "SUBJECT_MISMATCH",
    verify: ["BLIND_EDITED 100"],
  }),
  sql("blind: cut", setAt("blind = substr(blind, 1, 8)"), {
    read: "SUBJECT_MISMATCH",
    verify: ["BLIND_EDITED 100"],
  }),
  sql("blind: of another type", setAt("blind = 'sixteen letters.'"), {
    read: "SUBJECT_MISMATCH",
    verify: ["BLIND_EDITED 100"],
  }),
];

const evidence: TamperCase[] = [
  flipped("evidence: a byte of the public part", "evidence", 8, {
    read: "EVIDENCE_MISMATCH",
    verify: ["EVIDENCE_EDITED 100"],
  }),
  flipped("evidence: a byte of the private part", "evidence", -3, {
    read: "EVIDENCE_MISMATCH",
    verify: ["EVIDENCE_EDITED 100"],
  }),
  sql("evidence: cut", setAt("evidence = substr(evidence, 1, 20)"), {
    read: "EVIDENCE_MISMATCH",
    verify: ["EVIDENCE_EDITED 100"],
  }),
  sql("evidence: of another type", setAt("evidence = hex(evidence)"), {
    read: "EVIDENCE_MISMATCH",
    verify: ["EVIDENCE_EDITED 100"],
  }),
  sql(
    "evidence: the private part erased although nothing in the log says so",
    setAt("evidence = substr(evidence, 1, 4 + 18 + 34 + 2)"),
    { read: "EVIDENCE_MISMATCH", verify: ["EVIDENCE_EDITED 100"] },
  ),
  sql(
    "evidence: an author's signature, in the entry of a signed fact",
    setAt('evidence = (SELECT evidence FROM entry WHERE "index" = 330)', 331),
    { read: "EVIDENCE_MISMATCH", verify: ["EVIDENCE_EDITED 331", "SCOPE_HEAD_WRONG 331"] },
    331,
  ),
];

const leaf: TamperCase[] = [
  leafField("version", 0, { read: "LEAF_MISMATCH", verify: ["LEAF_EDITED 100"] }),
  leafField("kind", 1, { read: "LEAF_MISMATCH", verify: ["LEAF_EDITED 100"] }),
  leafField("index", 9, { read: "LINK_MISMATCH", verify: ["LEAF_EDITED 100"] }),
  leafField("time", 17, {
    read: "INCLUSION_MISMATCH",
    verify: ["LEAF_EDITED 100"],
  }),
  leafField("link to the entry before", 20, { read: "LINK_MISMATCH", verify: ["LINK_FORGED 100"] }),
  leafField("subject", 60, { read: "SUBJECT_MISMATCH", verify: ["LEAF_EDITED 100"] }),
  leafField("evidence hash", 90, { read: "EVIDENCE_MISMATCH", verify: ["LEAF_EDITED 100"] }),
  sql("leaf: cut", setAt("leaf = substr(leaf, 1, 100)"), {
    read: "LEAF_MISMATCH",
    verify: ["LEAF_EDITED 100"],
  }),
  sql("leaf: of another type", setAt("leaf = hex(leaf)"), {
    read: "LEAF_MISMATCH",
    verify: ["LEAF_EDITED 100"],
  }),
  sql("leaf: another subject, in the unfinished tile", setAt("leaf = zeroblob(114)", EDGE), {
    open: "STORE_FORKED",
  }),
];

const rows: TamperCase[] = [
  sql("index: moved beyond the end", setAt(`"index" = ${SIZE + 5}`), { open: "STORE_FORKED" }),
  sql("index: moved far beyond the end", setAt(`"index" = ${2 ** 40}`), { open: "STORE_FORKED" }),
  sql("index: moved below zero", setAt('"index" = -1'), {
    read: "LEAF_MISMATCH",
    alarms: ["ROW_FOREIGN"],
    verify: ["ENTRY_MISSING 100", "ROW_FOREIGN -1", "SCOPE_LINK_FORGED 104"],
  }),
  sql("row deleted", `DELETE FROM entry ${where(AT)}`, {
    read: "LEAF_MISMATCH",
    verify: ["ENTRY_MISSING 100", "SCOPE_LINK_FORGED 104"],
  }),
  sql("row deleted: the genesis entry", `DELETE FROM entry ${where(0)}`, { open: "STORE_FORKED" }),
  sql("row deleted in the unfinished tile", `DELETE FROM entry ${where(EDGE)}`, {
    open: "STORE_ROLLED_BACK",
  }),
  sql("rows swapped", swap(["leaf", "blind", "evidence", "body"], AT, AT + 50), {
    read: "LINK_MISMATCH",
    verify: [
      "LEAF_EDITED 100",
      "LEAF_EDITED 150",
      "SCOPE_LINK_FORGED 104",
      "SCOPE_LINK_FORGED 154",
    ],
  }),
  sql("bodies and blinds swapped", swap(["blind", "body"], AT, AT + 50), {
    read: "CID_MISMATCH",
    verify: ["BODY_EDITED 100", "BODY_EDITED 150"],
  }),
  sql("evidence swapped", swap(["evidence"], AT, AT + 50), {
    read: "EVIDENCE_MISMATCH",
    verify: ["EVIDENCE_EDITED 100", "EVIDENCE_EDITED 150"],
  }),
  sql(
    "row doubled at the end",
    `INSERT INTO entry SELECT ${SIZE}, leaf, blind, evidence, body FROM entry ${where(AT)}`,
    { open: "STORE_FORKED" },
  ),
  sql(
    "row doubled below zero",
    `INSERT INTO entry SELECT -1, leaf, blind, evidence, body FROM entry ${where(AT)}`,
    { alarms: ["ROW_FOREIGN"], verify: ["ROW_FOREIGN -1"] },
  ),
  sql("tail cut by one entry", `DELETE FROM entry WHERE "index" >= ${SIZE - 1}`, {
    open: "STORE_ROLLED_BACK",
  }),
  sql(
    "tail cut with everything that belongs to it",
    `DELETE FROM entry WHERE "index" >= 512; DELETE FROM scope_head WHERE last_index >= 512;
     DELETE FROM checkpoint WHERE size > 512`,
    { open: "STORE_ROLLED_BACK" },
  ),
];

export const entryCases: readonly TamperCase[] = [...body, ...blind, ...evidence, ...leaf, ...rows];
