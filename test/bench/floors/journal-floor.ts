// The least that any such store must do: six SHA-256 per fact and one insert of the same bytes
// into one encrypted table, fsync per batch. No index, no tree, no parsing.
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { sha256 } from "@strongroom/protocol";
import Sqlite, { type Database } from "better-sqlite3-multiple-ciphers";

const LEAF_BYTES = 114;
const BLIND_BYTES = 16;
const EVIDENCE_BYTES = 150;
const FLOOR_BATCH = 2000;

export class JournalFloor {
  readonly db: Database;
  readonly #insert: (bodies: readonly Uint8Array[]) => void;
  #size = 0;

  constructor(folder: string, cipher: "aegis256" | "none") {
    this.db = new Sqlite(join(folder, `floor-${randomBytes(4).toString("hex")}.db`));
    if (cipher === "aegis256") {
      this.db.pragma("cipher='aegis'");
      this.db.pragma("algorithm='aegis-256'");
      this.db.pragma(`key="raw:${randomBytes(32).toString("hex")}"`);
    }
    this.db.pragma("page_size=4096");
    this.db.pragma("journal_mode=WAL");
    this.db.pragma("synchronous=FULL");
    this.db.exec(
      "CREATE TABLE entry(i INTEGER PRIMARY KEY, leaf BLOB, blind BLOB, evidence BLOB, body BLOB)",
    );
    const row = this.db.prepare("INSERT INTO entry VALUES (?, ?, ?, ?, ?)");
    const leaf = randomBytes(LEAF_BYTES);
    const blind = randomBytes(BLIND_BYTES);
    const evidence = randomBytes(EVIDENCE_BYTES);
    const subject = new Uint8Array(1 + BLIND_BYTES + 32);
    const parts = new Uint8Array(65);
    this.#insert = this.db.transaction((bodies: readonly Uint8Array[]) => {
      for (const body of bodies) {
        sha256(body);
        sha256(subject);
        sha256(evidence);
        sha256(evidence);
        sha256(parts);
        sha256(leaf);
        row.run(this.#size++, leaf, blind, evidence, body);
      }
    });
  }

  /** In batches of 2,000; `onCommit` gets the milliseconds of each. */
  append(bodies: readonly Uint8Array[], onCommit?: (ms: number) => void): void {
    for (let at = 0; at < bodies.length; at += FLOOR_BATCH) {
      const startedAt = performance.now();
      this.#insert(bodies.slice(at, at + FLOOR_BATCH));
      onCommit?.(performance.now() - startedAt);
    }
  }

  /** hash+scan: reads `count` rows in order and hashes each as often as verification must. */
  scan(from: number, count: number): void {
    const rows = this.db.prepare("SELECT * FROM entry WHERE i >= ? AND i < ?");
    for (const row of rows.iterate(from, from + count)) {
      const { leaf, evidence, body } = row as Record<string, Uint8Array>;
      for (const bytes of [body, evidence, evidence, leaf]) sha256(bytes as Uint8Array);
      sha256((evidence as Uint8Array).subarray(0, 49));
      sha256((evidence as Uint8Array).subarray(0, 65));
    }
  }

  get size(): number {
    return this.#size;
  }

  close(): void {
    this.db.close();
  }
}
