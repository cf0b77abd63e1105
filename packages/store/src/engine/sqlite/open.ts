// Opens the databases of a store folder: names of files live here and nowhere above.
import { randomBytes } from "node:crypto";
import { existsSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import type Database from "better-sqlite3-multiple-ciphers";
import { StoreError } from "../../errors.ts";
import type { Cipher } from "../../types.ts";
import { openDatabase } from "./database.ts";
import { SqliteJournal, SqliteJournalWriter } from "./journal.ts";
import { migrateJournal, migrateState } from "./migrate.ts";
import { APPLICATION_IDS, indexDdl, journalDdl, SCHEMA_VERSIONS, stateDdl } from "./schema.ts";
import { SqliteState } from "./state-db.ts";
import { SqliteTermIndex, SqliteTermIndexWriter } from "./term-index.ts";

export interface EngineOptions {
  folder: string;
  cipher: Cipher;
  /** 32 bytes for this file; ignored for cipher none. */
  fileKey: Uint8Array;
}

type Role = keyof typeof APPLICATION_IDS;

const FILES: Record<Role, string> = {
  journal: "journal.db",
  index: "index.db",
  state: "state.db",
};

export function journalExists(folder: string): boolean {
  return existsSync(join(folder, FILES.journal));
}

export function journalInode(folder: string): bigint {
  return statSync(join(folder, FILES.journal), { bigint: true }).ino;
}

export function createJournal(options: EngineOptions, nowMs: number): void {
  const db = openRole("journal", options, { create: true });
  createSchema(db, "journal", journalDdl);
  const version = SCHEMA_VERSIONS.journal;
  db.prepare("INSERT INTO schema(version, applied_at_ms) VALUES (?, ?)").run(version, nowMs);
  db.close();
}

export function openJournalWriter(options: EngineOptions): SqliteJournalWriter {
  const db = openRole("journal", options, {});
  requireSchema(db, "journal", { from: 1 });
  migrateJournal(db, Date.now());
  return withTables(db, () => new SqliteJournalWriter(db));
}

export function openJournalReader(options: EngineOptions): SqliteJournal {
  const db = openRole("journal", options, { readonly: true });
  // The indexer reads before the writer has migrated; tables that came later it does not ask for.
  requireSchema(db, "journal", { from: 1 });
  return withTables(db, () => new SqliteJournal(db));
}

/** Opens the index, or makes an empty one where it is missing or unusable: it is a projection. */
export function openTermIndexWriter(
  options: EngineOptions & { textSearch: boolean | undefined },
): SqliteTermIndexWriter {
  const path = join(options.folder, FILES.index);
  if (existsSync(path)) {
    const usable = tryOpenIndex(options);
    if (usable) return usable;
    removeIndex(options.folder);
  }
  const db = openRole("index", options, { create: true });
  const textSearch = options.textSearch ?? false;
  createSchema(db, "index", indexDdl(textSearch));
  const meta = db.prepare("INSERT INTO meta(name, value) VALUES (?, ?)");
  meta.run("term-key", randomBytes(16));
  meta.run("text-search", textSearch ? 1 : 0);
  return new SqliteTermIndexWriter(db);
}

export function openTermIndexReader(options: EngineOptions): SqliteTermIndex {
  const db = openRole("index", options, { readonly: true });
  requireSchema(db, "index");
  return new SqliteTermIndex(db);
}

/** Deletes the index files; the next open rebuilds them from the journal. */
export function removeIndex(folder: string): void {
  for (const suffix of ["", "-wal", "-shm"]) {
    rmSync(join(folder, FILES.index + suffix), { force: true });
  }
}

export function openState(options: EngineOptions): SqliteState {
  if (!existsSync(join(options.folder, FILES.state))) createState(options);
  const db = openRole("state", options, {});
  requireSchema(db, "state", { from: 1 });
  migrateState(db);
  return new SqliteState(db);
}

/** Under another name until it is whole: one cut short would keep the store from opening. */
function createState({ folder, cipher, fileKey }: EngineOptions): void {
  const path = join(folder, FILES.state);
  const unfinished = `${path}.new`;
  for (const suffix of ["", "-wal", "-shm"]) rmSync(unfinished + suffix, { force: true });
  const db = openDatabase({ path: unfinished, role: "state", cipher, fileKey, create: true });
  createSchema(db, "state", stateDdl);
  // The last connection folds its WAL in.
  db.close();
  renameSync(unfinished, path);
}

export function bytesOnDisk(folder: string): number {
  const names = Object.values(FILES).flatMap((name) => [name, `${name}-wal`]);
  return names.reduce((sum, name) => {
    const found = statSync(join(folder, name), { throwIfNoEntry: false });
    return sum + (found?.size ?? 0);
  }, 0);
}

function tryOpenIndex(
  options: EngineOptions & { textSearch: boolean | undefined },
): SqliteTermIndexWriter | undefined {
  try {
    const db = openRole("index", options, {});
    requireSchema(db, "index");
    const index = new SqliteTermIndexWriter(db);
    const wanted = options.textSearch ?? index.textSearch;
    if (index.termKey.length === 16 && index.textSearch === wanted) return index;
    index.close();
  } catch (reason) {
    if (reason instanceof StoreError && unusable.has(reason.code)) return undefined;
    if (reason instanceof TypeError) return undefined;
    throw reason;
  }
  return undefined;
}

const unusable = new Set<string>([
  "WRONG_KEY",
  "NOT_ENCRYPTED",
  "KEY_REQUIRED",
  "CORRUPT_PAGE",
  "TRUNCATED_FILE",
  "SCHEMA_UNSUPPORTED",
  "NOT_A_STORE",
  "INTERNAL",
]);

function openRole(
  role: Role,
  options: EngineOptions,
  mode: { create?: boolean; readonly?: boolean },
): Database.Database {
  return openDatabase({
    path: join(options.folder, FILES[role]),
    role,
    cipher: options.cipher,
    fileKey: options.fileKey,
    // The index syncs only when its WAL is folded in: what a crash takes is read again.
    synchronous: role === "index" ? "NORMAL" : "FULL",
    ...mode,
  });
}

/** A journal without the tables or columns that its statements name cannot even be read. */
function withTables<T>(db: Database.Database, prepare: () => T): T {
  try {
    return prepare();
  } catch (cause) {
    const message = "open journal: a table or column that every journal has is missing";
    db.close();
    throw new StoreError("SCHEMA_CHANGED", message, { cause });
  }
}

function createSchema(db: Database.Database, role: Role, ddl: readonly string[]): void {
  db.exec("BEGIN IMMEDIATE");
  for (const statement of ddl) db.exec(statement);
  db.pragma(`application_id = ${APPLICATION_IDS[role]}`);
  db.pragma(`user_version = ${SCHEMA_VERSIONS[role]}`);
  db.exec("COMMIT");
}

/** `from` is the oldest version that will do. */
function requireSchema(
  db: Database.Database,
  role: Role,
  { from }: { from: number } = { from: SCHEMA_VERSIONS[role] },
): void {
  const id = db.pragma("application_id", { simple: true }) as number;
  const version = db.pragma("user_version", { simple: true }) as number;
  const known = SCHEMA_VERSIONS[role];
  if (id === APPLICATION_IDS[role] && version >= from && version <= known) return;
  db.close();
  throw new StoreError(
    "SCHEMA_UNSUPPORTED",
    `open ${role} database: its schema version is ${version}, this program knows ${known}; use the program that wrote it`,
    { metadata: { file: FILES[role], version: String(version), known: String(known) } },
  );
}
