// index.db: an inverted index over term tokens, written in sorted segments (FTS5), so that it
// costs the same per fact however large the store is. A hit is a candidate: token hashes may
// collide, so every hit is confirmed against the entry.
import type Database from "better-sqlite3-multiple-ciphers";
import type {
  IndexCursor,
  IndexRow,
  TermIndexIdentity,
  TermIndexReader,
  TermIndexWriter,
} from "../port.ts";
import { databaseError } from "./classify.ts";

/** Reads the index; one per thread. */
export class SqliteTermIndex implements TermIndexReader, TermIndexIdentity {
  protected readonly db: Database.Database;
  readonly termKey: Uint8Array;
  readonly textSearch: boolean;
  readonly #newest: Database.Statement;
  readonly #newestBelow: Database.Statement;
  readonly #meta: Database.Statement;
  readonly #begin: Database.Statement;
  readonly #end: Database.Statement;

  constructor(db: Database.Database) {
    this.db = db;
    this.#meta = db.prepare("SELECT value FROM meta WHERE name = ?").pluck();
    this.#newest = db
      .prepare("SELECT rowid FROM terms WHERE terms MATCH ? ORDER BY rowid DESC LIMIT ?")
      .pluck();
    this.#newestBelow = db
      .prepare(
        "SELECT rowid FROM terms WHERE terms MATCH ? AND rowid < ? ORDER BY rowid DESC LIMIT ?",
      )
      .pluck();
    this.#begin = db.prepare("BEGIN");
    this.#end = db.prepare("COMMIT");
    this.termKey = this.#meta.get("term-key") as Uint8Array;
    this.textSearch = this.#meta.get("text-search") === 1;
  }

  cursor(): IndexCursor {
    // One blob, so that size and leaf hash are always of the same commit.
    const value = this.#meta.get("cursor") as Uint8Array | undefined;
    if (!value) return { size: 0, leafHash: new Uint8Array(0) };
    const view = new DataView(value.buffer, value.byteOffset, value.length);
    return { size: Number(view.getBigUint64(0)), leafHash: value.subarray(8) };
  }

  newest(tokens: readonly string[], options: { below?: number; limit: number }): number[] {
    const match = tokens.join(" ");
    const { below, limit } = options;
    try {
      const rows =
        below === undefined
          ? this.#newest.all(match, limit)
          : this.#newestBelow.all(match, below, limit);
      return rows as number[];
    } catch (cause) {
      throw databaseError(cause, this.db.name);
    }
  }

  searchText(
    words: readonly string[],
    options: { below: number; limit: number; offset: number },
  ): { index: number; score: number }[] {
    const match = words.map((word) => `"${word.replaceAll('"', '""')}"`).join(" ");
    return this.db
      .prepare(
        'SELECT rowid AS "index", -bm25(words) AS score FROM words WHERE words MATCH ? AND rowid < ? ORDER BY bm25(words), rowid DESC LIMIT ? OFFSET ?',
      )
      .all(match, options.below, options.limit, options.offset) as {
      index: number;
      score: number;
    }[];
  }

  inSnapshot<T>(read: () => T): T {
    this.#begin.run();
    try {
      return read();
    } finally {
      this.#end.run();
    }
  }

  close(): void {
    this.db.close();
  }
}

/** Writes the index; exactly one per store. */
export class SqliteTermIndexWriter extends SqliteTermIndex implements TermIndexWriter {
  readonly #insertTerms: Database.Statement;
  readonly #insertWords: Database.Statement | undefined;
  readonly #setCursor: Database.Statement;

  constructor(db: Database.Database) {
    super(db);
    this.#insertTerms = db.prepare("INSERT INTO terms(rowid, t) VALUES (?, ?)");
    this.#insertWords = this.textSearch
      ? db.prepare("INSERT INTO words(rowid, w) VALUES (?, ?)")
      : undefined;
    this.#setCursor = db.prepare("INSERT OR REPLACE INTO meta(name, value) VALUES ('cursor', ?)");
  }

  insert(rows: readonly IndexRow[], cursor: IndexCursor): void {
    const value = new Uint8Array(8 + cursor.leafHash.length);
    new DataView(value.buffer).setBigUint64(0, BigInt(cursor.size));
    value.set(cursor.leafHash, 8);
    this.#inTransaction(() => {
      for (const row of rows) {
        this.#insertTerms.run(row.index, row.terms);
        if (row.text !== undefined) this.#insertWords?.run(row.index, row.text);
      }
      this.#setCursor.run(value);
    });
  }

  /** Forgets every entry; the tokens' key stays, so that readers need not reopen. */
  clear(): void {
    this.#inTransaction(() => {
      this.db.exec("INSERT INTO terms(terms) VALUES('delete-all')");
      if (this.textSearch) this.db.exec("INSERT INTO words(words) VALUES('delete-all')");
      this.db.exec("DELETE FROM meta WHERE name = 'cursor'");
    });
  }

  #inTransaction(change: () => void): void {
    try {
      this.db.exec("BEGIN");
      change();
      this.db.exec("COMMIT");
    } catch (cause) {
      if (this.db.inTransaction) this.db.exec("ROLLBACK");
      throw databaseError(cause, this.db.name);
    }
  }
}
