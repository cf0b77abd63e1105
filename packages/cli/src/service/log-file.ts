import { type FileHandle, open } from "node:fs/promises";

/** Begun anew at each start; only the owner reads it. */
export function openLog(path: string): Promise<FileHandle> {
  return open(path, "w", 0o600);
}
