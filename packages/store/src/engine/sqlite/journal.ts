// journal.db: the truth. Rows are only ever added at the right edge.
import type Database from "better-sqlite3-multiple-ciphers";
import type {
  CheckpointRow,
  EntryRow,
  ForeignRow,
  JournalBatch,
  JournalReader,
  JournalWriter,
  MutationAttempt,
  ProofRows,
  ScopeHeadRow,
  SideDigest,
  SideTable,
  TileRow,
} from "../port.ts";
import { databaseError } from "./classify.ts";
import { SqliteProofs } from "./proofs.ts";
import { journalDdl } from "./schema.ts";
import { schemaDifferences } from "./schema-check.ts";
import { decodeScopeHeads, encodeScopeHeads } from "./scope-head-blob.ts";
import { SideRows } from "./side-rows.ts";

const LEVEL_SPAN = 2 ** 40;
const NO_BYTES = new Uint8Array(0);

/** Reads a journal; one per thread. */
export class SqliteJournal implements JournalReader {
  readonly proofs: SqliteProofs;
  protected readonly db: Database.Database;
  readonly #size: Database.Statement;
  readonly #entry: Database.Statement;
  readonly #entries: Database.Statement;
  readonly #leaves: Database.Statement;
  readonly #tile: Database.Statement;
  readonly #tiles: Database.Statement;
  readonly #checkpoints: Database.Statement;
  readonly #scopeHeads: Database.Statement;
  readonly #control: Database.Statement;
  readonly #filter: Database.Statement;
  readonly #attempts: Database.Statement;
  readonly #sides: SideRows;

  constructor(db: Database.Database) {
    this.db = db;
    this.#sides = new SideRows(db);
    this.proofs = new SqliteProofs(db);
    this.#size = db.prepare('SELECT max("index") FROM entry').pluck();
    this.#entry = db.prepare(
      'SELECT "index", leaf, blind, evidence, body FROM entry WHERE "index" = ?',
    );
    this.#entries = db.prepare(
      'SELECT "index", leaf, blind, evidence, body FROM entry WHERE "index" >= ? AND "index" < ?',
    );
    this.#leaves = db.prepare('SELECT "index", leaf FROM entry WHERE "index" >= ? AND "index" < ?');
    this.#tile = db.prepare("SELECT id, hashes, root, middle FROM tile WHERE id = ?");
    this.#tiles = db.prepare("SELECT id, hashes, root, middle FROM tile WHERE id >= ? AND id < ?");
    this.#checkpoints = db.prepare(
      "SELECT size, note, stored_at_ms AS storedAtMs FROM checkpoint WHERE size < ? ORDER BY size DESC LIMIT ?",
    );
    this.#scopeHeads = db.prepare(
      "SELECT last_index, heads FROM scope_head WHERE last_index >= ? ORDER BY 1 LIMIT ?",
    );
    this.#control = db.prepare('SELECT "index" FROM control ORDER BY 1').pluck();
    this.#filter = db.prepare("SELECT fingerprints FROM cid_filter WHERE segment = ?").pluck();
    this.#attempts = db.prepare(
      'SELECT id, at_ms AS atMs, action, tbl AS "table", "row" FROM mutation_attempt ORDER BY id LIMIT 1000',
    );
  }

  size(): number {
    const newest = this.guarded(() => this.#size.get()) as number | null;
    return newest === null ? 0 : newest + 1;
  }

  readEntry(index: number): EntryRow | undefined {
    const row = this.guarded(() => this.#entry.get(index)) as EntryRow | undefined;
    return row && blobsOnly(row);
  }

  readEntries(from: number, limit: number): EntryRow[] {
    const rows = this.guarded(() => this.#entries.all(from, from + limit)) as EntryRow[];
    for (const row of rows) blobsOnly(row);
    return rows;
  }

  readLeaves(from: number, limit: number): { index: number; leaf: Uint8Array }[] {
    const rows = this.guarded(() => this.#leaves.all(from, from + limit)) as {
      index: number;
      leaf: Uint8Array;
    }[];
    for (const row of rows) row.leaf = blob(row.leaf);
    return rows;
  }

  readTile(level: number, n: number): TileRow | undefined {
    const row = this.guarded(() => this.#tile.get(level * LEVEL_SPAN + n));
    return row === undefined ? undefined : toTile(row as SqlTile);
  }

  readTiles(level: number, from: number, limit: number): TileRow[] {
    const first = level * LEVEL_SPAN + from;
    const rows = this.guarded(() => this.#tiles.all(first, first + limit));
    return (rows as SqlTile[]).map(toTile);
  }

  readCheckpoints(below: number, limit: number): CheckpointRow[] {
    const rows = this.guarded(() => this.#checkpoints.all(below, limit)) as CheckpointRow[];
    for (const row of rows) row.note = blob(row.note);
    return rows;
  }

  readScopeHeads(from: number, limit: number): ScopeHeadRow[] {
    const rows = this.guarded(() => this.#scopeHeads.all(from, limit));
    return (rows as { last_index: number; heads: Uint8Array }[]).map((row) => ({
      lastIndex: row.last_index,
      heads: decodeScopeHeads(blob(row.heads)),
    }));
  }

  readControl(): number[] {
    return this.guarded(() => this.#control.all()) as number[];
  }

  readFilterSegment(segment: number): Uint8Array | undefined {
    const row = this.guarded(() => this.#filter.get(segment));
    return row === undefined ? undefined : blob(row);
  }

  readMutationAttempts(): MutationAttempt[] {
    return this.guarded(() => this.#attempts.all()) as MutationAttempt[];
  }

  foldSideRows(table: SideTable, from: SideDigest, below: number): SideDigest {
    return this.guarded(() => this.#sides.fold(table, from, below));
  }

  readForeignRows(): ForeignRow[] {
    return this.guarded(() => this.#sides.foreign());
  }

  schemaDifferences(): string[] {
    return this.guarded(() => schemaDifferences(this.db, journalDdl));
  }

  /** A damaged page reaches the caller by its name, not as an error of the driver. */
  protected guarded<T>(read: () => T): T {
    try {
      return read();
    } catch (cause) {
      throw databaseError(cause, this.db.name);
    }
  }

  close(): void {
    this.db.close();
  }
}

/** Writes a journal; exactly one per store. */
export class SqliteJournalWriter extends SqliteJournal implements JournalWriter {
  readonly #insertEntry: Database.Statement;
  readonly #insertTile: Database.Statement;
  readonly #insertScopeHead: Database.Statement;
  readonly #insertControl: Database.Statement;
  readonly #insertFilter: Database.Statement;
  readonly #insertCheckpoint: Database.Statement;
  readonly #begin: Database.Statement;
  readonly #commit: Database.Statement;

  constructor(db: Database.Database) {
    super(db);
    this.#insertEntry = db.prepare(
      'INSERT INTO entry("index", leaf, blind, evidence, body) VALUES (?, ?, ?, ?, ?)',
    );
    this.#insertTile = db.prepare("INSERT INTO tile(id, hashes, root, middle) VALUES (?, ?, ?, ?)");
    this.#insertScopeHead = db.prepare("INSERT INTO scope_head(last_index, heads) VALUES (?, ?)");
    this.#insertControl = db.prepare('INSERT INTO control("index") VALUES (?)');
    this.#insertFilter = db.prepare("INSERT INTO cid_filter(segment, fingerprints) VALUES (?, ?)");
    this.#insertCheckpoint = db.prepare(
      "INSERT INTO checkpoint(size, note, stored_at_ms) VALUES (?, ?, ?)",
    );
    this.#begin = db.prepare("BEGIN IMMEDIATE");
    this.#commit = db.prepare("COMMIT");
  }

  commit(batch: JournalBatch): void {
    try {
      this.#begin.run();
      for (const e of batch.entries) {
        this.#insertEntry.run(e.index, e.leaf, e.blind, e.evidence, e.body);
      }
      for (const t of batch.tiles) {
        this.#insertTile.run(t.level * LEVEL_SPAN + t.n, t.hashes, t.root, t.middle);
      }
      const heads = batch.scopeHeads;
      if (heads) this.#insertScopeHead.run(heads.lastIndex, encodeScopeHeads(heads.heads));
      for (const index of batch.control) this.#insertControl.run(index);
      const { checkpoint: c } = batch;
      if (c) this.#insertCheckpoint.run(c.size, c.note, c.storedAtMs);
      for (const proof of batch.proofs ?? []) this.proofs.insert(proof);
      for (const f of batch.filterSegments) this.#insertFilter.run(f.segment, f.fingerprints);
      this.#commit.run();
    } catch (reason) {
      if (this.db.inTransaction) this.db.exec("ROLLBACK");
      throw databaseError(reason, this.db.name);
    }
  }

  /** Puts back triggers that were dropped or changed; tables are never touched. */
  restoreTriggers(): void {
    const triggers = this.db
      .prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger'")
      .pluck()
      .all() as string[];
    this.#begin.run();
    for (const name of triggers) this.db.exec(`DROP TRIGGER "${name.replaceAll('"', '""')}"`);
    for (const statement of journalDdl) {
      if (statement.startsWith("CREATE TRIGGER")) this.db.exec(statement);
    }
    this.#commit.run();
  }

  insertCheckpoint(row: CheckpointRow): void {
    this.guarded(() => this.#insertCheckpoint.run(row.size, row.note, row.storedAtMs));
  }

  insertProofs(proofs: readonly ProofRows[]): void {
    try {
      this.#begin.run();
      for (const proof of proofs) this.proofs.insert(proof);
      this.#commit.run();
    } catch (reason) {
      if (this.db.inTransaction) this.db.exec("ROLLBACK");
      throw databaseError(reason, this.db.name);
    }
  }
}

interface SqlTile {
  id: number;
  hashes: Uint8Array;
  root: Uint8Array;
  middle: Uint8Array;
}

function toTile(row: SqlTile): TileRow {
  const level = Math.floor(row.id / LEVEL_SPAN);
  const n = row.id - level * LEVEL_SPAN;
  return { level, n, hashes: blob(row.hashes), root: blob(row.root), middle: blob(row.middle) };
}

/** SQLite keeps text or a number in any column that somebody puts it into: it counts as nothing. */
function blobsOnly(row: EntryRow): EntryRow {
  row.leaf = blob(row.leaf);
  row.blind = blob(row.blind);
  row.evidence = blob(row.evidence);
  row.body = blob(row.body);
  return row;
}

function blob(value: unknown): Uint8Array {
  return value instanceof Uint8Array ? value : NO_BYTES;
}
