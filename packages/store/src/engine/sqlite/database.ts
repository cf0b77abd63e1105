/**
 * Opens one database file of a store: right cipher and key, right role, WAL, mode 0600. A file is
 * probed by a read-only connection before it is opened for writing, because closing a writing
 * connection that could not read page 1 deletes the WAL, and with it commits.
 *
 * Do not open these files with node:fs while a connection is open: closing any descriptor drops
 * the process's POSIX locks on the file.
 */
import { chmodSync, closeSync, existsSync, fchmodSync, fsyncSync, openSync } from "node:fs";
import { dirname } from "node:path";
import Sqlite, { type Database } from "better-sqlite3-multiple-ciphers";
import { StoreError } from "../../errors.ts";
import { errorCode, fileError } from "../../file-error.ts";
import type { Cipher } from "../../keys/cipher-name.ts";
import type { FileRole } from "../../keys/derive.ts";
import { applyCipher } from "./cipher.ts";
import {
  checkFileShape,
  checkHeader,
  databaseError,
  isShorterThanHeader,
  PAGE_BYTES,
  truncated,
} from "./classify.ts";
import { APPLICATION_IDS } from "./schema.ts";

export type { Database } from "better-sqlite3-multiple-ciphers";

export type DatabaseRole = Exclude<FileRole, "scopes">;

export interface DatabaseOptions {
  readonly path: string;
  readonly role: DatabaseRole;
  readonly cipher: Cipher;
  /** 32 bytes; needed unless the cipher is none. Stays the caller's to wipe. */
  readonly fileKey?: Uint8Array | undefined;
  /** Default false. A writing connection must be the first one of its process on the file. */
  readonly readonly?: boolean;
  /** Make the file if it is not there; default false. */
  readonly create?: boolean;
  /** Default FULL: a commit is on disk when it returns. */
  readonly synchronous?: "FULL" | "NORMAL" | "OFF";
  /** How long a statement waits for another connection's lock; default 5000. */
  readonly busyTimeoutMs?: number;
}

const BUSY_TIMEOUT_MS = 5000;

/** Throws a StoreError that tells wrong key, no key, damage, truncation and foreign files apart. */
export function openDatabase(options: DatabaseOptions): Database {
  const { path } = options;
  const isNew = options.create === true && !existsSync(path);
  if (isNew) createPrivateFile(path);
  else {
    checkFileShape(path);
    if (options.readonly !== true) checkHeader(path, options.cipher !== "none");
    probe(options);
  }
  if (options.readonly !== true) makePrivate(path);
  const db = connect(options, options.readonly === true);
  try {
    // With the first page, so that a crash before the schema leaves no nameless file.
    if (isNew) db.pragma(`application_id=${APPLICATION_IDS[options.role]}`);
    configure(db, options);
    return db;
  } catch (cause) {
    db.close();
    throw databaseError(cause, path);
  }
}

function connect(options: DatabaseOptions, readonly: boolean): Database {
  const { path, cipher, fileKey, busyTimeoutMs = BUSY_TIMEOUT_MS } = options;
  let db: Database | undefined;
  try {
    db = new Sqlite(path, { readonly, fileMustExist: true, timeout: busyTimeoutMs });
    applyCipher(db, cipher, fileKey);
    return db;
  } catch (cause) {
    db?.close();
    throw databaseError(cause, path);
  }
}

/** Reads page 1 and the schema; a read-only connection leaves file and WAL as they are. */
function probe(options: DatabaseOptions): void {
  const { path, role } = options;
  const db = connect(options, true);
  let applicationId: unknown;
  try {
    readSchema(db);
    applicationId = db.pragma("application_id", { simple: true });
  } catch (cause) {
    throw isCut(db, cause, options)
      ? truncated(path, "pages at its end are missing")
      : unread(cause, options);
  } finally {
    db.close();
  }
  if (applicationId === APPLICATION_IDS[role]) return;
  throw new StoreError("NOT_A_STORE", `open ${path}: it is not the ${role} of a store`, {
    metadata: { path },
  });
}

function unread(cause: unknown, options: DatabaseOptions): StoreError {
  const { path, cipher } = options;
  if (errorCode(cause) === "SQLITE_NOTADB" && options.readonly === true) {
    try {
      checkHeader(path, cipher !== "none");
    } catch (reason) {
      return databaseError(reason, path);
    }
  }
  return databaseError(cause, path);
}

/**
 * SQLITE_CORRUPT at the first read: are pages damaged, or is the file shorter than page 1 says?
 * With writable_schema SQLite skips that one comparison, so a page 1 that decrypts now means
 * "cut". Plaintext proves nothing by being readable: there the header itself is compared.
 */
function isCut(db: Database, cause: unknown, options: DatabaseOptions): boolean {
  if (errorCode(cause) !== "SQLITE_CORRUPT") return false;
  if (options.cipher === "none") return isShorterThanHeader(options.path);
  try {
    db.unsafeMode(true);
    db.pragma("writable_schema=ON");
    db.pragma("application_id", { simple: true });
    return true;
  } catch {
    return false;
  }
}

function readSchema(db: Database): void {
  db.prepare("SELECT count(*) FROM sqlite_schema").get();
}

function configure(db: Database, options: DatabaseOptions): void {
  db.pragma("trusted_schema=0");
  db.pragma("cell_size_check=1");
  // Sorts larger than the cache would spill plaintext into temporary files.
  db.pragma("temp_store=2");
  if (options.readonly === true) {
    db.pragma("query_only=1");
    return;
  }
  requirePragma(db, "page_size", PAGE_BYTES);
  db.pragma("journal_mode=WAL");
  requirePragma(db, "journal_mode", "wal");
  db.pragma(`synchronous=${options.synchronous ?? "FULL"}`);
}

function requirePragma(db: Database, name: string, want: string | number): void {
  const actual = db.pragma(name, { simple: true });
  if (actual === want) return;
  throw new StoreError("IO_ERROR", `set ${name} to ${want}: the file has ${String(actual)}`);
}

/** The mode is set on the descriptor, so that no umask leaves the file readable to others. */
function createPrivateFile(path: string): void {
  try {
    const file = openSync(path, "wx", 0o600);
    try {
      fchmodSync(file, 0o600);
    } finally {
      closeSync(file);
    }
    const folder = openSync(dirname(path), "r");
    try {
      fsyncSync(folder);
    } finally {
      closeSync(folder);
    }
  } catch (cause) {
    throw fileError(cause, "create", path);
  }
}

/** By path, not by descriptor (see above). -wal and -shm take the mode of the file. */
function makePrivate(path: string): void {
  try {
    chmodSync(path, 0o600);
  } catch (cause) {
    throw fileError(cause, "open", path);
  }
}
