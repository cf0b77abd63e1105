// The tables beside entries, tiles and checkpoints, column by column.
import { bySql, flipByte, OLDER_SIZE, SIZE, type TamperCase } from "./tamper-case.ts";

const scopeHead = bySql("scope_head");
const control = bySql("control");
const filter = bySql("cid_filter");
const schema = bySql("schema");
const attempt = bySql("mutation_attempt");

const NEWEST_HEAD = "(SELECT max(last_index) FROM scope_head)";

const scopeHeads: TamperCase[] = [
  scopeHead(
    "last_index: one more",
    "UPDATE scope_head SET last_index = last_index + 1 WHERE last_index = 110",
    { verify: ["SCOPE_HEAD_WRONG 0", "SCOPE_HEAD_WRONG 111"] },
  ),
  scopeHead(
    "last_index: beyond the end",
    `UPDATE scope_head SET last_index = ${SIZE + 500} WHERE last_index = ${NEWEST_HEAD}`,
    { alarms: ["ROW_FOREIGN"], verify: ["ROW_FOREIGN 1165", "SCOPE_HEAD_WRONG 0"] },
  ),
  {
    part: "scope_head",
    what: "heads: a byte of an index",
    change: (store) =>
      store.journal((db) =>
        flipByte(db, { table: "scope_head", column: "heads", where: "last_index = 110", byte: -9 }),
      ),
    found: { verify: ["SCOPE_HEAD_WRONG 0", "SCOPE_HEAD_WRONG 108"] },
  },
  {
    part: "scope_head",
    what: "heads: a byte of a scope's name",
    change: (store) =>
      store.journal((db) =>
        flipByte(db, { table: "scope_head", column: "heads", where: "last_index = 110", byte: 3 }),
      ),
    found: { verify: ["SCOPE_HEAD_WRONG 0", "SCOPE_HEAD_WRONG 109", "SCOPE_HEAD_WRONG 110"] },
  },
  scopeHead(
    "heads: cut",
    "UPDATE scope_head SET heads = substr(heads, 1, 10) WHERE last_index = 110",
    {
      verify: [
        "SCOPE_HEAD_WRONG 0",
        "SCOPE_HEAD_WRONG 107",
        "SCOPE_HEAD_WRONG 108",
        "SCOPE_HEAD_WRONG 109",
        "SCOPE_HEAD_WRONG 110",
      ],
    },
  ),
  scopeHead("heads: empty", "UPDATE scope_head SET heads = x'' WHERE last_index = 110", {
    verify: [
      "SCOPE_HEAD_WRONG 0",
      "SCOPE_HEAD_WRONG 107",
      "SCOPE_HEAD_WRONG 108",
      "SCOPE_HEAD_WRONG 109",
      "SCOPE_HEAD_WRONG 110",
    ],
  }),
  scopeHead(
    "heads: of another type",
    "UPDATE scope_head SET heads = hex(heads) WHERE last_index = 110",
    {
      verify: [
        "SCOPE_HEAD_WRONG 0",
        "SCOPE_HEAD_WRONG 107",
        "SCOPE_HEAD_WRONG 108",
        "SCOPE_HEAD_WRONG 109",
        "SCOPE_HEAD_WRONG 110",
      ],
    },
  ),
  scopeHead(
    "heads: the newest row's are those of another",
    `UPDATE scope_head SET heads = (SELECT heads FROM scope_head WHERE last_index = 110) WHERE last_index = ${NEWEST_HEAD}`,
    {
      verify: [
        "SCOPE_HEAD_WRONG 0",
        "SCOPE_HEAD_WRONG 661",
        "SCOPE_HEAD_WRONG 662",
        "SCOPE_HEAD_WRONG 663",
        "SCOPE_HEAD_WRONG 664",
      ],
    },
  ),
  scopeHead("row deleted", "DELETE FROM scope_head WHERE last_index = 110", {
    verify: ["SCOPE_HEAD_WRONG 0"],
  }),
  scopeHead("newest row deleted", `DELETE FROM scope_head WHERE last_index = ${NEWEST_HEAD}`, {
    verify: ["SCOPE_HEAD_WRONG 0", "SCOPE_HEAD_WRONG 555"],
  }),
  scopeHead(
    "row doubled in between",
    "INSERT INTO scope_head SELECT 115, heads FROM scope_head WHERE last_index = 110",
    {
      verify: [
        "SCOPE_HEAD_WRONG 0",
        "SCOPE_HEAD_WRONG 112",
        "SCOPE_HEAD_WRONG 113",
        "SCOPE_HEAD_WRONG 114",
        "SCOPE_HEAD_WRONG 115",
      ],
    },
  ),
  scopeHead(
    "row doubled below zero",
    "INSERT INTO scope_head SELECT -5, heads FROM scope_head WHERE last_index = 110",
    { alarms: ["ROW_FOREIGN"], verify: ["ROW_FOREIGN -5", "SCOPE_HEAD_WRONG 0"] },
  ),
  scopeHead(
    "rows swapped",
    `UPDATE scope_head SET last_index = -1 WHERE last_index = 110;
     UPDATE scope_head SET last_index = 110 WHERE last_index = 220;
     UPDATE scope_head SET last_index = 220 WHERE last_index = -1`,
    {
      verify: [
        "SCOPE_HEAD_WRONG 0",
        "SCOPE_HEAD_WRONG 107",
        "SCOPE_HEAD_WRONG 108",
        "SCOPE_HEAD_WRONG 109",
        "SCOPE_HEAD_WRONG 110",
        "SCOPE_HEAD_WRONG 217",
        "SCOPE_HEAD_WRONG 218",
        "SCOPE_HEAD_WRONG 219",
        "SCOPE_HEAD_WRONG 220",
      ],
    },
  ),
];

const controls: TamperCase[] = [
  control(
    "index: that of a fact",
    `UPDATE control SET "index" = 100 WHERE "index" = ${OLDER_SIZE - 1}`,
    { open: "STORE_FORKED" },
  ),
  control("row deleted", `DELETE FROM control WHERE "index" = ${OLDER_SIZE - 1}`, {
    open: "STORE_FORKED",
  }),
  control("row deleted: the genesis entry's", 'DELETE FROM control WHERE "index" = 0', {
    open: "STORE_FORKED",
  }),
  control("row added for a fact", "INSERT INTO control VALUES (100)", { open: "STORE_FORKED" }),
  control("row added beyond the end", `INSERT INTO control VALUES (${SIZE + 5})`, {
    open: "STORE_FORKED",
  }),
  control("row added below zero", "INSERT INTO control VALUES (-1)", { open: "STORE_FORKED" }),
];

const filters: TamperCase[] = [
  filter(
    "row added before its segment is full",
    "INSERT INTO cid_filter VALUES (0, zeroblob(400))",
    { alarms: ["ROW_FOREIGN"], verify: ["ROW_FOREIGN 0"] },
  ),
  filter("row added below zero", "INSERT INTO cid_filter VALUES (-1, zeroblob(400))", {
    alarms: ["ROW_FOREIGN"],
    verify: ["FILTER_WRONG 0", "ROW_FOREIGN -1"],
  }),
];

const others: TamperCase[] = [
  schema("version: another", "UPDATE schema SET version = 3", {
    alarms: ["ROW_FOREIGN"],
    verify: ["ROW_FOREIGN 3", "SCHEMA_CHANGED 0"],
  }),
  schema("applied_at_ms: another", "UPDATE schema SET applied_at_ms = 1", {
    verify: ["SCHEMA_CHANGED 0"],
  }),
  schema("row deleted", "DELETE FROM schema", { verify: ["SCHEMA_CHANGED 0"] }),
  schema("row doubled", "INSERT INTO schema SELECT 3, applied_at_ms FROM schema", {
    alarms: ["ROW_FOREIGN"],
    verify: ["ROW_FOREIGN 3"],
  }),
  attempt("id: another", "UPDATE mutation_attempt SET id = 9", { verify: ["ATTEMPTS_CHANGED 0"] }),
  attempt("at_ms: another", "UPDATE mutation_attempt SET at_ms = 1", {
    verify: ["ATTEMPTS_CHANGED 0"],
  }),
  attempt("event: another", "UPDATE mutation_attempt SET event = 'nothing'", {
    verify: ["ATTEMPTS_CHANGED 0"],
  }),
  attempt("action: another", "UPDATE mutation_attempt SET action = 'select'", {
    verify: ["ATTEMPTS_CHANGED 0"],
  }),
  attempt("tbl: another", "UPDATE mutation_attempt SET tbl = 'tile'", {
    verify: ["ATTEMPTS_CHANGED 0"],
  }),
  attempt("row: another", 'UPDATE mutation_attempt SET "row" = 4', {
    verify: ["ATTEMPTS_CHANGED 0", "MUTATION_ATTEMPTED 4"],
  }),
  attempt("row deleted", "DELETE FROM mutation_attempt", { verify: ["ATTEMPTS_CHANGED 0"] }),
  attempt(
    "row doubled",
    "INSERT INTO mutation_attempt SELECT 7, at_ms, event, action, tbl, 5 FROM mutation_attempt",
    { verify: ["MUTATION_ATTEMPTED 5"] },
  ),
];

export const sideCases: readonly TamperCase[] = [...scopeHeads, ...controls, ...filters, ...others];
