// Instants at which a process may die, counted: before each call by which the store in this
// isolate changes a file, by node:fs or by SQLite. Between two of them files do not change.
import fs from "node:fs";
import { createRequire, syncBuiltinESMExports } from "node:module";

export interface CrashPoint {
  /** Name of the node:fs function, or the SQL. */
  call: string;
  /** Path of the database for SQL. */
  database?: string;
  inTransaction?: boolean;
  /** For a write: does only this share of it, in hundredths. */
  partly?(hundredths: number): void;
}

const CHANGING = [
  "writeSync",
  "writeFileSync",
  "fsyncSync",
  "fdatasyncSync",
  "ftruncateSync",
  "renameSync",
  "rmSync",
  "mkdirSync",
  "openSync",
] as const;

/** Connections that were used, to close those that a thread left behind. */
const databases = new Set<{ open: boolean; close(): void }>();

let listener: ((point: CrashPoint) => void) | undefined;
let isInstalled = false;
let isTelling = false;

/** Tells of each crash point until it is called again; undefined ends it. */
export function onCrashPoint(listen: ((point: CrashPoint) => void) | undefined): void {
  if (!isInstalled) install();
  listener = listen;
}

/** The end of a thread closes its connections; in one isolate somebody has to. */
export function closeLeftDatabases(): void {
  for (const database of databases) if (database.open) database.close();
  databases.clear();
}

function install(): void {
  isInstalled = true;
  for (const name of CHANGING) wrapFs(name);
  syncBuiltinESMExports();
  wrapSqlite();
}

function reach(point: CrashPoint): void {
  // What the listener itself does with files is nobody's crash point.
  if (!listener || isTelling) return;
  isTelling = true;
  try {
    listener(point);
  } finally {
    isTelling = false;
  }
}

type AnyFunction = (this: unknown, ...rest: unknown[]) => unknown;

function wrapFs(name: (typeof CHANGING)[number]): void {
  const functions = fs as unknown as Record<string, AnyFunction>;
  const original = functions[name] as AnyFunction;
  functions[name] = function wrapped(...rest) {
    if (name !== "writeSync") reach({ call: name });
    else reach({ call: name, partly: (share) => writePart(original, rest, share) });
    return original.apply(this, rest);
  };
}

function writePart(write: AnyFunction, rest: unknown[], hundredths: number): void {
  const [file, bytes, at = 0, length = (bytes as Uint8Array).length, position] = rest;
  const part = Math.floor(((length as number) * hundredths) / 100);
  if (part > 0) write(file, bytes, at, part, position);
}

interface SqliteStatement {
  source: string;
  database: { name: string; inTransaction: boolean };
}

function wrapSqlite(): void {
  const require = createRequire(import.meta.url);
  const Sqlite = require("better-sqlite3-multiple-ciphers");
  const { prototype } = Sqlite as { prototype: Record<string, AnyFunction> };
  for (const name of ["exec", "pragma"] as const) {
    const original = prototype[name] as AnyFunction;
    prototype[name] = function wrapped(...rest) {
      const database = this as SqliteStatement["database"] & { open: boolean; close(): void };
      databases.add(database);
      if (name === "exec") reachSql(String(rest[0]), database);
      return original.apply(this, rest);
    };
  }
  const memory = new Sqlite(":memory:");
  const statement = Object.getPrototypeOf(memory.prepare("SELECT 1")) as Record<
    string,
    AnyFunction
  >;
  memory.close();
  const run = statement.run as AnyFunction;
  statement.run = function wrapped(...rest) {
    const { source, database } = this as SqliteStatement;
    reachSql(source, database);
    return run.apply(this, rest);
  };
}

function reachSql(sql: string, database: SqliteStatement["database"]): void {
  const { name, inTransaction } = database;
  reach({ call: sql.slice(0, 40), database: name, inTransaction });
}
