/**
 * One process per store. The lock is an EXCLUSIVE transaction on the empty file `store.lock`, so
 * the kernel frees it when the process dies, however it dies. Nothing here may open that file with
 * node:fs while the lock is held: closing the descriptor would drop the POSIX lock. The pid lies
 * in a file of its own and only informs.
 */
import { closeSync, fchmodSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Sqlite, { type Database } from "better-sqlite3-multiple-ciphers";
import { StoreError } from "../../errors.ts";
import { errorCode, fileError } from "../../file-error.ts";
import { databaseError } from "./classify.ts";

const LOCK_FILE = "store.lock";
const PID_FILE = "store.pid";

export class StoreLock {
  readonly #db: Database;
  readonly #pidPath: string;

  private constructor(db: Database, pidPath: string) {
    this.#db = db;
    this.#pidPath = pidPath;
  }

  /** Takes the lock of the store in `folder`, or throws STORE_LOCKED at once. */
  static acquire(folder: string): StoreLock {
    const path = join(folder, LOCK_FILE);
    const pidPath = join(folder, PID_FILE);
    createIfMissing(path);
    const db = beginExclusive(path, pidPath);
    try {
      writeFileSync(pidPath, `${process.pid}\n`, { mode: 0o600 });
    } catch (cause) {
      db.close();
      throw fileError(cause, "write", pidPath);
    }
    return new StoreLock(db, pidPath);
  }

  /** Frees the lock; may be called twice. */
  release(): void {
    if (!this.#db.open) return;
    // The pid goes first: after the lock is free it may be the next holder's.
    rmSync(this.#pidPath, { force: true });
    this.#db.close();
  }
}

function createIfMissing(path: string): void {
  try {
    const file = openSync(path, "wx", 0o600);
    fchmodSync(file, 0o600);
    closeSync(file);
  } catch (cause) {
    if (errorCode(cause) !== "EEXIST") throw fileError(cause, "create", path);
  }
}

function beginExclusive(path: string, pidPath: string): Database {
  let db: Database | undefined;
  try {
    db = new Sqlite(path, { timeout: 0, fileMustExist: true });
    db.exec("BEGIN EXCLUSIVE");
    return db;
  } catch (cause) {
    db?.close();
    if (errorCode(cause).startsWith("SQLITE_BUSY")) throw locked(path, pidPath, cause);
    throw databaseError(cause, path);
  }
}

function locked(path: string, pidPath: string, cause: unknown): StoreError {
  const pid = holder(pidPath);
  const who = pid === undefined ? "another process" : `process ${pid}`;
  return new StoreError("STORE_LOCKED", `lock ${path}: ${who} has the store open`, {
    cause,
    metadata: pid === undefined ? { path } : { path, pid },
  });
}

function holder(pidPath: string): string | undefined {
  try {
    const text = readFileSync(pidPath, "latin1").trim();
    return /^[0-9]{1,10}$/.test(text) ? text : undefined;
  } catch {
    return undefined;
  }
}
