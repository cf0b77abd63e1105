// One way to change a closed store, and what finds it.
import type { Database } from "better-sqlite3-multiple-ciphers";
import type { Outcome, TamperedStore } from "./tampered-store.ts";

export interface TamperCase {
  /** Table or file that is changed. */
  part: string;
  what: string;
  change(store: TamperedStore): void;
  /** Entry that is read afterwards; default 100. */
  reads?: number;
  /** All that opening, reading and verifying say beyond what they say of the untouched store. */
  found: Partial<Outcome>;
}

/** Entries of the store that the cases are written for; see TamperedStore.fill(). */
export const HALF = 330;
export const OLDER_SIZE = 335;
export const SIZE = 665;
/** A fact in a full tile, and one in the unfinished one. */
export const AT = 100;
export const EDGE = 600;

/** A case whose change is one SQL script. */
export function bySql(part: string) {
  return (what: string, sql: string, found: Partial<Outcome>, reads?: number): TamperCase => ({
    part,
    what,
    change: (store) => store.journal((db) => db.exec(sql)),
    found,
    ...(reads === undefined ? {} : { reads }),
  });
}

/** Runs a statement with one byte of a value flipped: `column` of the row where `where`. */
export function flipByte(
  db: Database,
  at: { table: string; column: string; where: string; byte: number },
): void {
  const { table, column, where, byte } = at;
  const value = db.prepare(`SELECT ${column} FROM ${table} WHERE ${where}`).pluck().get();
  const bytes = Uint8Array.from(value as Uint8Array);
  const position = byte < 0 ? bytes.length + byte : byte;
  bytes[position] = (bytes[position] ?? 0) ^ 1;
  db.prepare(`UPDATE ${table} SET ${column} = ? WHERE ${where}`).run(bytes);
}
