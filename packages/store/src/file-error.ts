import { StoreError, type StoreErrorCode } from "./errors.ts";

const CODES: Readonly<Record<string, StoreErrorCode>> = {
  ENOSPC: "DISK_FULL",
  EDQUOT: "DISK_FULL",
  EROFS: "READ_ONLY",
  EACCES: "PERMISSION",
  EPERM: "PERMISSION",
};

/** A failure of a file system call as a StoreError; StoreErrors pass through. */
export function fileError(cause: unknown, verb: string, path: string): StoreError {
  if (cause instanceof StoreError) return cause;
  const errno = errorCode(cause);
  const message = `${verb} ${path}: ${errno === "" ? "failed" : errno}`;
  return new StoreError(CODES[errno] ?? "IO_ERROR", message, { cause, metadata: { path, errno } });
}

/** `ENOENT`, `SQLITE_BUSY` and the like; empty if there is none. */
export function errorCode(cause: unknown): string {
  if (typeof cause !== "object" || cause === null || !("code" in cause)) return "";
  return typeof cause.code === "string" ? cause.code : "";
}
