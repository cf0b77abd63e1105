// The tables of the three databases, and the triggers that make the journal append-only. A trigger
// uses RAISE(FAIL): it stops the statement but keeps the evidence row written just before it.
// REPLACE bypasses a DELETE trigger, so inserts over an existing key are refused as well.

/** Of each file by itself: what a program wrote, a later one migrates; an earlier one refuses it. */
export const SCHEMA_VERSIONS = { journal: 2, index: 1, state: 2 } as const;
export const APPLICATION_IDS = {
  journal: 0x53524a31,
  index: 0x53524931,
  state: 0x53525331,
} as const;

/** Journal tables, with the column that keys them. */
const appendOnly = {
  entry: '"index"',
  tile: "id",
  checkpoint: "size",
  scope_head: "last_index",
  control: '"index"',
  cid_filter: "segment",
  schema: "version",
} as const;

/** Those of version 2: what outside records say of stored checkpoints. */
const proofTables = {
  attestation: "id",
  cosignature: "id",
} as const;

const journalTables = `
CREATE TABLE entry("index" INTEGER PRIMARY KEY, leaf BLOB NOT NULL, blind BLOB NOT NULL, evidence BLOB NOT NULL, body BLOB NOT NULL);
CREATE TABLE tile(id INTEGER PRIMARY KEY, hashes BLOB NOT NULL, root BLOB NOT NULL, middle BLOB NOT NULL);
CREATE TABLE checkpoint(size INTEGER PRIMARY KEY, note BLOB NOT NULL, stored_at_ms INTEGER NOT NULL);
CREATE TABLE scope_head(last_index INTEGER PRIMARY KEY, heads BLOB NOT NULL);
CREATE TABLE control("index" INTEGER PRIMARY KEY);
CREATE TABLE cid_filter(segment INTEGER PRIMARY KEY, fingerprints BLOB NOT NULL);
CREATE TABLE schema(version INTEGER PRIMARY KEY, applied_at_ms INTEGER NOT NULL);
CREATE TABLE mutation_attempt(id INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, event TEXT NOT NULL, action TEXT NOT NULL, tbl TEXT NOT NULL, "row" INTEGER);
CREATE TRIGGER mutation_attempt_keep BEFORE DELETE ON mutation_attempt BEGIN SELECT RAISE(FAIL, 'strongroom: evidence is kept'); END;
CREATE TRIGGER mutation_attempt_fix BEFORE UPDATE ON mutation_attempt BEGIN SELECT RAISE(FAIL, 'strongroom: evidence is kept'); END;
CREATE TRIGGER mutation_attempt_over BEFORE INSERT ON mutation_attempt WHEN EXISTS (SELECT 1 FROM mutation_attempt WHERE id = NEW.id) BEGIN SELECT RAISE(FAIL, 'strongroom: evidence is kept'); END;
`;

const proofDdl = `
CREATE TABLE attestation(id INTEGER PRIMARY KEY, size INTEGER NOT NULL, target TEXT NOT NULL, kind TEXT NOT NULL, key_id TEXT NOT NULL, log_id TEXT NOT NULL, log_index INTEGER NOT NULL, signed_at_ms INTEGER, attested_at_ms INTEGER NOT NULL, bundle BLOB NOT NULL);
CREATE TABLE cosignature(id INTEGER PRIMARY KEY, size INTEGER NOT NULL, target TEXT NOT NULL, witness TEXT NOT NULL, signed_at_ms INTEGER NOT NULL, attested_at_ms INTEGER NOT NULL, line BLOB NOT NULL);
CREATE INDEX attestation_of_size ON attestation(size, target);
CREATE INDEX attestation_of_kind ON attestation(kind, size);
CREATE INDEX cosignature_of_size ON cosignature(size, target);
`;

/** What takes a journal of version 1 to version 2. */
export const journalDdlOfVersion2: readonly string[] = [
  ...statements(proofDdl),
  ...Object.entries(proofTables).flatMap(([table, key]) => refusals(table, key)),
];

/** Every statement that makes a journal of this version. */
export const journalDdl: readonly string[] = [
  ...statements(journalTables),
  ...Object.entries(appendOnly).flatMap(([table, key]) => refusals(table, key)),
  ...journalDdlOfVersion2,
];

export const indexDdl = (textSearch: boolean): readonly string[] => [
  "CREATE TABLE meta(name TEXT PRIMARY KEY, value BLOB) WITHOUT ROWID",
  "CREATE VIRTUAL TABLE terms USING fts5(t, content='', columnsize=0, detail=none, tokenize='ascii')",
  "INSERT INTO terms(terms, rank) VALUES('automerge', 8)",
  "INSERT INTO terms(terms, rank) VALUES('crisismerge', 64)",
  ...(textSearch
    ? ["CREATE VIRTUAL TABLE words USING fts5(w, content='', detail=full, tokenize='unicode61')"]
    : []),
];

const workTables = `
CREATE TABLE target(name TEXT PRIMARY KEY, kind TEXT NOT NULL, asked_at_ms INTEGER NOT NULL, attested_size INTEGER NOT NULL DEFAULT 0, last_success_ms INTEGER NOT NULL DEFAULT 0, streak INTEGER NOT NULL DEFAULT 0, scheduled_at_ms INTEGER NOT NULL DEFAULT 0, not_before_ms INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;
CREATE TABLE attestation_work(id INTEGER PRIMARY KEY AUTOINCREMENT, size INTEGER NOT NULL, target TEXT NOT NULL, kind TEXT NOT NULL, state TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, created_at_ms INTEGER NOT NULL, scheduled_at_ms INTEGER NOT NULL, due_at_ms INTEGER NOT NULL, lease_token BLOB, leased_at_ms INTEGER, leased_until_ms INTEGER, worker TEXT NOT NULL DEFAULT '', done_token BLOB, failure TEXT, error TEXT NOT NULL DEFAULT '', server_errors INTEGER NOT NULL DEFAULT 0, conflicts INTEGER NOT NULL DEFAULT 0, request BLOB, request_leaf_hash BLOB, attested_at_ms INTEGER, log_id TEXT, log_index INTEGER, signed_at_ms INTEGER);
CREATE UNIQUE INDEX attestation_work_once ON attestation_work(target, size);
CREATE INDEX attestation_work_by_state ON attestation_work(target, state, size);
CREATE INDEX attestation_work_leased ON attestation_work(target, size) WHERE lease_token IS NOT NULL;
CREATE TABLE attestation_evidence(id INTEGER PRIMARY KEY AUTOINCREMENT, work INTEGER NOT NULL, at_ms INTEGER NOT NULL, message TEXT NOT NULL, digest BLOB NOT NULL, answer BLOB NOT NULL);
`;

/** What takes a state of version 1 to version 2. */
export const stateDdlOfVersion2: readonly string[] = statements(workTables);

export const stateDdl: readonly string[] = [
  "CREATE TABLE cursor(name TEXT PRIMARY KEY, size INTEGER NOT NULL, leaf_hash BLOB NOT NULL) WITHOUT ROWID",
  "CREATE TABLE alarm(id INTEGER PRIMARY KEY AUTOINCREMENT, code TEXT NOT NULL, message TEXT NOT NULL, raised_at_ms INTEGER NOT NULL, cleared_at_ms INTEGER, entry INTEGER)",
  "CREATE TABLE verdict(code TEXT PRIMARY KEY, at_ms INTEGER NOT NULL) WITHOUT ROWID",
  "CREATE UNIQUE INDEX alarm_once ON alarm(code, coalesce(entry, -1)) WHERE cleared_at_ms IS NULL",
  ...stateDdlOfVersion2,
];

function refusals(table: string, key: string): string[] {
  const evidence = (action: string, row: string): string =>
    `INSERT INTO mutation_attempt(at_ms, event, action, tbl, "row") VALUES (CAST(unixepoch('subsec') * 1000 AS INTEGER), 'fact_mutation_attempted', '${action}', '${table}', ${row}); SELECT RAISE(FAIL, 'strongroom: the journal is append-only');`;
  // Keys only grow: comparing with the newest one is a single step down the right edge.
  const over =
    table === "entry"
      ? `NEW.${key} <> coalesce((SELECT max(${key}) + 1 FROM ${table}), 0)`
      : `EXISTS (SELECT 1 FROM ${table} WHERE ${key} = NEW.${key})`;
  return [
    `CREATE TRIGGER ${table}_no_update BEFORE UPDATE ON ${table} BEGIN ${evidence("update", `OLD.${key}`)} END`,
    `CREATE TRIGGER ${table}_no_delete BEFORE DELETE ON ${table} BEGIN ${evidence("delete", `OLD.${key}`)} END`,
    `CREATE TRIGGER ${table}_no_replace BEFORE INSERT ON ${table} WHEN ${over} BEGIN ${evidence("replace", `NEW.${key}`)} END`,
  ];
}

function statements(script: string): string[] {
  return script
    .split("\n")
    .map((line) => line.trim().replace(/;$/, ""))
    .filter((line) => line !== "");
}
