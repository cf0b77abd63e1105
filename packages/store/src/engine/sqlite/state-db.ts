// state.db: what is mutable and durable but that the log does not depend on.
import type Database from "better-sqlite3-multiple-ciphers";
import type { Alarm } from "../../types.ts";
import { SqliteAttestationWork } from "./attestation-work.ts";

/** What a client's pinned note can prove. */
export type DetectedCode = "ROLLBACK_DETECTED" | "FORK_DETECTED";

interface AlarmRow {
  id: number;
  code: string;
  message: string;
  raised_at_ms: number;
  cleared_at_ms: number | null;
  entry: number | null;
}

export class SqliteState {
  readonly attestationWork: SqliteAttestationWork;
  readonly #db: Database.Database;

  constructor(db: Database.Database) {
    this.#db = db;
    this.attestationWork = new SqliteAttestationWork(db);
  }

  cursor(name: string): { size: number; leafHash: Uint8Array } | undefined {
    return this.#db
      .prepare("SELECT size, leaf_hash AS leafHash FROM cursor WHERE name = ?")
      .get(name) as { size: number; leafHash: Uint8Array } | undefined;
  }

  setCursor(name: string, cursor: { size: number; leafHash: Uint8Array }): void {
    this.#db
      .prepare("INSERT OR REPLACE INTO cursor(name, size, leaf_hash) VALUES (?, ?, ?)")
      .run(name, cursor.size, cursor.leafHash);
  }

  /** A new epoch goes on from elsewhere: what was seen and found of the old one no longer counts. */
  forgetHistory(): void {
    this.#db.exec(
      "DELETE FROM cursor; DELETE FROM verdict; DELETE FROM attestation_work; DELETE FROM target",
    );
  }

  /** Keeps what a client's note proved: a restart must not sign again. */
  recordVerdict(code: DetectedCode, atMs: number): void {
    this.#db.prepare("INSERT OR IGNORE INTO verdict(code, at_ms) VALUES (?, ?)").run(code, atMs);
  }

  verdict(): DetectedCode | undefined {
    const first = this.#db.prepare("SELECT code FROM verdict ORDER BY at_ms LIMIT 1").pluck();
    return first.get() as DetectedCode | undefined;
  }

  /** Raises an alarm; undefined if the same one is open already. */
  raiseAlarm(alarm: {
    code: string;
    message: string;
    atMs: number;
    index?: number;
  }): Alarm | undefined {
    const inserted = this.#db
      .prepare(
        "INSERT OR IGNORE INTO alarm(code, message, raised_at_ms, entry) VALUES (?, ?, ?, ?)",
      )
      .run(alarm.code, alarm.message, alarm.atMs, alarm.index ?? null);
    if (inserted.changes === 0) return undefined;
    return this.#alarm(Number(inserted.lastInsertRowid));
  }

  listAlarms(options: { below: number; limit: number; includeCleared: boolean }): Alarm[] {
    const rows = this.#db
      .prepare(
        "SELECT * FROM alarm WHERE id < ? AND (? OR cleared_at_ms IS NULL) ORDER BY id DESC LIMIT ?",
      )
      .all(options.below, options.includeCleared ? 1 : 0, options.limit) as AlarmRow[];
    return rows.map(toAlarm);
  }

  countOpenAlarms(): number {
    return this.#db
      .prepare("SELECT count(*) FROM alarm WHERE cleared_at_ms IS NULL")
      .pluck()
      .get() as number;
  }

  /** Clears an alarm; undefined if there is none of that id. */
  clearAlarm(id: number, atMs: number): Alarm | undefined {
    this.#db
      .prepare("UPDATE alarm SET cleared_at_ms = ? WHERE id = ? AND cleared_at_ms IS NULL")
      .run(atMs, id);
    return this.#alarm(id);
  }

  /** Whether this very finding was ever raised: one log entry per entry and verdict. */
  wasRaised(code: string, index: number): boolean {
    return (
      this.#db.prepare("SELECT 1 FROM alarm WHERE code = ? AND entry = ?").get(code, index) !==
      undefined
    );
  }

  close(): void {
    this.#db.close();
  }

  #alarm(id: number): Alarm | undefined {
    const row = this.#db.prepare("SELECT * FROM alarm WHERE id = ?").get(id);
    return row === undefined ? undefined : toAlarm(row as AlarmRow);
  }
}

function toAlarm(row: AlarmRow): Alarm {
  return {
    id: row.id,
    code: row.code,
    message: row.message,
    raisedAtMs: row.raised_at_ms,
    ...(row.cleared_at_ms === null ? {} : { clearedAtMs: row.cleared_at_ms }),
    ...(row.entry === null ? {} : { index: row.entry }),
  };
}
