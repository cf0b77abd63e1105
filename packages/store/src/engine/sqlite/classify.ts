/**
 * Turns what SQLite and the file system report into the store's codes. SQLite says NOTADB for six
 * different things, so the file itself is looked at first. The keyring's MAC has proven the key
 * before any database is opened: a page that does not decrypt is damage, not a wrong key.
 */
import { closeSync, lstatSync, openSync, readSync } from "node:fs";
import { StoreError, type StoreErrorCode } from "../../errors.ts";
import { errorCode, fileError } from "../../file-error.ts";

export const PAGE_BYTES = 4096;
const HEADER_TEXT = "SQLite format 3\0";
const PAGE_COUNT_AT = 28;
const WAL_SUFFIX = "-wal";

/** Size and kind only: opening the file here would drop this process's POSIX locks on it. */
export function checkFileShape(path: string): void {
  const size = regularFileSize(path);
  if (size === 0) throw truncated(path, "it is empty");
  // A full disk may leave half a page behind; the WAL then still holds that page.
  if (size % PAGE_BYTES !== 0 && walSize(path) === 0) {
    throw truncated(path, `it has ${size} bytes, not a multiple of ${PAGE_BYTES}`);
  }
}

/**
 * Looks at page 1 without SQLite. Call it only while no connection of this process has the file
 * open: closing any descriptor of a file drops the POSIX locks that SQLite holds on it.
 */
export function checkHeader(path: string, isEncrypted: boolean): void {
  const page = readFirstPage(path);
  const text = Buffer.from(page.subarray(0, HEADER_TEXT.length)).toString("latin1");
  if (isEncrypted) {
    if (text !== HEADER_TEXT) return;
    throw new StoreError("NOT_ENCRYPTED", `open ${path}: the file is not encrypted`, {
      metadata: { path },
    });
  }
  if (text === HEADER_TEXT) return;
  // Bytes 72 to 91 are reserved zeros in every plaintext file, and noise in an encrypted one.
  if (page.length >= 92 && page.subarray(72, 92).every((byte) => byte === 0)) {
    throw corrupt(path, "its first page is damaged");
  }
  throw new StoreError("KEY_REQUIRED", `open ${path}: the file is encrypted, no key was given`, {
    metadata: { path },
  });
}

/** Plaintext only: page 1 names more pages than the file has. Same caution as checkHeader. */
export function isShorterThanHeader(path: string): boolean {
  const pages = Buffer.from(readFirstPage(path)).readUInt32BE(PAGE_COUNT_AT);
  return pages * PAGE_BYTES > regularFileSize(path);
}

const CODES: readonly (readonly [prefix: string, code: StoreErrorCode, what: string])[] = [
  ["SQLITE_NOTADB", "CORRUPT_PAGE", "its first page is damaged"],
  ["SQLITE_CORRUPT", "CORRUPT_PAGE", "a page is damaged"],
  ["SQLITE_BUSY", "STORE_LOCKED", "another process holds it"],
  ["SQLITE_LOCKED", "STORE_LOCKED", "another connection holds it"],
  ["SQLITE_FULL", "DISK_FULL", "the disk is full"],
  ["SQLITE_READONLY", "READ_ONLY", "it cannot be written"],
  ["SQLITE_PERM", "PERMISSION", "access is denied"],
  ["SQLITE_AUTH", "PERMISSION", "access is denied"],
  ["SQLITE_CANTOPEN", "IO_ERROR", "it cannot be opened"],
  ["SQLITE_IOERR", "IO_ERROR", "input or output failed"],
  ["SQLITE_NOLFS", "IO_ERROR", "it is too large for its file system"],
  ["SQLITE_TOOBIG", "IO_ERROR", "a value is too large"],
  ["SQLITE_PROTOCOL", "IO_ERROR", "its locks do not work"],
];

/** A failure of the driver on `path`; StoreErrors pass through, other errors are INTERNAL. */
export function databaseError(cause: unknown, path: string): StoreError {
  if (cause instanceof StoreError) return cause;
  const sqlite = errorCode(cause);
  const known = CODES.find(([prefix]) => sqlite.startsWith(prefix));
  if (known === undefined) {
    return new StoreError("INTERNAL", `use ${path}: unexpected failure`, { cause });
  }
  const [, code, what] = known;
  return new StoreError(code, `use ${path}: ${what}`, { cause, metadata: { path, sqlite } });
}

export function truncated(path: string, what: string): StoreError {
  return new StoreError("TRUNCATED_FILE", `open ${path}: ${what}`, { metadata: { path } });
}

function corrupt(path: string, what: string): StoreError {
  return new StoreError("CORRUPT_PAGE", `open ${path}: ${what}`, { metadata: { path } });
}

function regularFileSize(path: string): number {
  try {
    const stat = lstatSync(path);
    if (stat.isFile()) return stat.size;
  } catch (cause) {
    throw fileError(cause, "open", path);
  }
  throw new StoreError("NOT_A_STORE", `open ${path}: it is not a regular file`, {
    metadata: { path },
  });
}

function walSize(path: string): number {
  return lstatSync(path + WAL_SUFFIX, { throwIfNoEntry: false })?.size ?? 0;
}

function readFirstPage(path: string): Uint8Array {
  try {
    const file = openSync(path, "r");
    try {
      const page = new Uint8Array(PAGE_BYTES);
      return page.subarray(0, readSync(file, page, 0, PAGE_BYTES, 0));
    } finally {
      closeSync(file);
    }
  } catch (cause) {
    throw fileError(cause, "open", path);
  }
}
