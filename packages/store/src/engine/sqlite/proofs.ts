// The journal's tables of outside records: attestations and cosignatures of stored checkpoints.
// Statements are prepared when they are first used, because a reader may open a journal that its
// writer has yet to migrate.
import type Database from "better-sqlite3-multiple-ciphers";
import type { AttestationRow, CosignatureRow, ProofReader, ProofRows } from "../port.ts";
import { databaseError } from "./classify.ts";

const ATTESTATION = `SELECT id, size, target, kind, key_id AS keyId, log_id AS logId,
  log_index AS logIndex, signed_at_ms AS signedAtMs, attested_at_ms AS attestedAtMs, bundle
  FROM attestation`;
const COSIGNATURE = `SELECT id, size, target, witness, signed_at_ms AS signedAtMs,
  attested_at_ms AS attestedAtMs, line FROM cosignature`;

/** Most rows of one checkpoint; what comes on top proves nothing more. */
const OF_SIZE_MAX = 64;

interface SizeRange {
  from: number;
  below: number;
  limit: number;
}

export class SqliteProofs implements ProofReader {
  readonly #db: Database.Database;
  readonly #statements = new Map<string, Database.Statement>();

  constructor(db: Database.Database) {
    this.#db = db;
  }

  readAttestations(after: number, limit: number): AttestationRow[] {
    return this.#all(`${ATTESTATION} WHERE id > ? ORDER BY id LIMIT ?`, after, limit);
  }

  readCosignatures(after: number, limit: number): CosignatureRow[] {
    return this.#all(`${COSIGNATURE} WHERE id > ? ORDER BY id LIMIT ?`, after, limit);
  }

  attestationsOf(size: number): AttestationRow[] {
    return this.#all(`${ATTESTATION} WHERE size = ? ORDER BY id LIMIT ?`, size, OF_SIZE_MAX);
  }

  cosignaturesOf(size: number): CosignatureRow[] {
    return this.#all(`${COSIGNATURE} WHERE size = ? ORDER BY id LIMIT ?`, size, OF_SIZE_MAX);
  }

  attestedSizes({ from, below, limit }: SizeRange): number[] {
    const sql =
      "SELECT DISTINCT size FROM attestation WHERE kind = 'rekor' AND size > ? AND size < ? ORDER BY size DESC LIMIT ?";
    return this.#all<{ size: number }>(sql, from, below, limit).map(({ size }) => size);
  }

  cosignedSizes({ from, below, limit }: SizeRange): number[] {
    const sql =
      "SELECT DISTINCT size FROM cosignature WHERE size > ? AND size < ? ORDER BY size DESC LIMIT ?";
    return this.#all<{ size: number }>(sql, from, below, limit).map(({ size }) => size);
  }

  /** Within the caller's transaction; a row that is there already is passed over. */
  insert({ attestation: a, cosignatures = [] }: ProofRows): void {
    const known = a ? this.attestationsOf(a.size) : [];
    if (a && known.length < OF_SIZE_MAX && !known.some(({ target }) => target === a.target)) {
      this.#statement(
        "INSERT INTO attestation(id, size, target, kind, key_id, log_id, log_index, signed_at_ms, attested_at_ms, bundle) VALUES ((SELECT coalesce(max(id), 0) + 1 FROM attestation), ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      ).run(
        ...[a.size, a.target, a.kind, a.keyId, a.logId, a.logIndex],
        ...[a.signedAtMs, a.attestedAtMs, a.bundle],
      );
    }
    for (const c of cosignatures) {
      const lines = this.cosignaturesOf(c.size);
      if (lines.length >= OF_SIZE_MAX || lines.some((row) => row.witness === c.witness)) continue;
      this.#statement(
        "INSERT INTO cosignature(id, size, target, witness, signed_at_ms, attested_at_ms, line) VALUES ((SELECT coalesce(max(id), 0) + 1 FROM cosignature), ?, ?, ?, ?, ?, ?)",
      ).run(c.size, c.target, c.witness, c.signedAtMs, c.attestedAtMs, c.line);
    }
  }

  #all<Row>(sql: string, ...values: number[]): Row[] {
    try {
      return this.#statement(sql).all(...values) as Row[];
    } catch (cause) {
      throw databaseError(cause, this.#db.name);
    }
  }

  #statement(sql: string): Database.Statement {
    let statement = this.#statements.get(sql);
    if (!statement) {
      statement = this.#db.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}
