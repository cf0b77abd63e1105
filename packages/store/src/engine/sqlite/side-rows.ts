// Rows of the journal beside its entries: folded into a running hash, and those that no commit can
// have made.
import { concatBytes, sha256, utf8 } from "@strongroom/protocol";
import type Database from "better-sqlite3-multiple-ciphers";
import type { ForeignRow, SideDigest, SideTable } from "../port.ts";
import { SCHEMA_VERSIONS } from "./schema.ts";

const LEVEL_SPAN = 2 ** 40;
const LEVELS_MAX = 4;
const TILE_WIDTH = 256;
const SEGMENT_ENTRIES = 65_536;
const FOREIGN_MAX = 100;

const COLUMNS: Record<SideTable, readonly [key: string, ...others: string[]]> = {
  checkpoint: ["size", "note", "stored_at_ms"],
  scope_head: ["last_index", "heads"],
  cid_filter: ["segment", "fingerprints"],
  schema: ["version", "applied_at_ms"],
  control: ['"index"'],
  mutation_attempt: ["id", "at_ms", "event", "action", "tbl", '"row"'],
  attestation: [
    ...(["id", "size", "target", "kind", "key_id", "log_id"] as const),
    ...(["log_index", "signed_at_ms", "attested_at_ms", "bundle"] as const),
  ],
  cosignature: ["id", "size", "target", "witness", "signed_at_ms", "attested_at_ms", "line"],
};

// One statement, so that it sees one state of the journal, whatever is committed meanwhile.
const LOG_SIZE = '(SELECT coalesce(max("index") + 1, 0) FROM entry)';
const FOREIGN = [
  outside("entry", '"index"', LOG_SIZE),
  outside("control", '"index"', LOG_SIZE),
  outside("scope_head", "last_index", LOG_SIZE),
  outside("checkpoint", "size", `${LOG_SIZE} + 1`),
  outside("cid_filter", "segment", `${LOG_SIZE} / ${SEGMENT_ENTRIES}`),
  outside("schema", "version", `${SCHEMA_VERSIONS.journal} + 1`),
  `SELECT 'attestation', id FROM attestation WHERE size > ${LOG_SIZE}`,
  `SELECT 'cosignature', id FROM cosignature WHERE size > ${LOG_SIZE}`,
  "SELECT 'tile', id FROM tile WHERE id < 0",
  ...Array.from({ length: LEVELS_MAX + 1 }, (_, level) => tilesBeyond(level)),
]
  .join(" UNION ALL ")
  .concat(` LIMIT ${FOREIGN_MAX}`);

export class SideRows {
  readonly #db: Database.Database;
  #foreign: Database.Statement | undefined;
  readonly #folds = new Map<SideTable, Database.Statement>();

  constructor(db: Database.Database) {
    this.#db = db;
  }

  /** quote() writes any value of any type in one way, so that no edit of a row is left out. */
  fold(table: SideTable, from: SideDigest, below: number): SideDigest {
    let { next, digest } = from;
    const rows = this.#statement(table).iterate(from.next, below);
    for (const row of rows as Iterable<{ key: number; content: string }>) {
      digest = sha256(concatBytes(digest, utf8(row.content)));
      next = row.key + 1;
    }
    return { next, digest };
  }

  foreign(): ForeignRow[] {
    this.#foreign ??= this.#db.prepare(FOREIGN);
    return this.#foreign.all() as ForeignRow[];
  }

  #statement(table: SideTable): Database.Statement {
    const known = this.#folds.get(table);
    if (known) return known;
    const columns = COLUMNS[table];
    const content = columns.map((name) => `quote(${name})`).join(" || ',' || ");
    const [key] = columns;
    const made = this.#db.prepare(
      `SELECT ${key} AS key, ${content} AS content FROM ${table} WHERE ${key} >= ? AND ${key} < ? ORDER BY ${key}`,
    );
    this.#folds.set(table, made);
    return made;
  }
}

// Two searches: an OR would read the whole table.
function outside(table: string, key: string, end: string): string {
  const select = `SELECT '${table}' AS "table", ${key} AS key FROM ${table}`;
  return `${select} WHERE ${key} < 0 UNION ALL ${select} WHERE ${key} >= ${end}`;
}

/** Tile rows of a level beyond its full ones; the last level has everything above it, too. */
function tilesBeyond(level: number): string {
  const first = `${level * LEVEL_SPAN} + ${LOG_SIZE} / ${TILE_WIDTH ** (level + 1)}`;
  const end = level === LEVELS_MAX ? Number.MAX_SAFE_INTEGER : (level + 1) * LEVEL_SPAN;
  return `SELECT 'tile', id FROM tile WHERE id >= ${first} AND id < ${end}`;
}
