// Files that are whole or not there: written under another name, synced, given their name, and the
// folder synced, so that a crash at any instant leaves nothing half-written.
import { randomBytes } from "node:crypto";
import { link, open, rename, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";

/** Replaces the file; mode 0600. */
export async function replaceFile(path: string, content: string | Uint8Array): Promise<void> {
  await withTemporary(path, content, (temporary) => rename(temporary, path));
  await syncFolder(dirname(path));
}

/**
 * Makes the file, or answers false if the name is taken: of several that try at once, in this
 * process or another, one succeeds. The folder is not synced yet.
 */
export async function claimFile(path: string, content: Uint8Array): Promise<boolean> {
  try {
    await withTemporary(path, content, (temporary) => link(temporary, path));
    return true;
  } catch (cause) {
    if (errnoOf(cause) === "EEXIST") return false;
    throw cause;
  }
}

export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  await folder.sync().finally(() => folder.close());
}

/** `ENOENT` and the like; empty if there is none. */
export function errnoOf(cause: unknown): string {
  return cause instanceof Error && "code" in cause ? String(cause.code) : "";
}

async function withTemporary(
  path: string,
  content: string | Uint8Array,
  giveName: (temporary: string) => Promise<void>,
): Promise<void> {
  const temporary = `${path}.${randomBytes(8).toString("hex")}.tmp`;
  try {
    await writeFile(temporary, content, { mode: 0o600, flag: "wx", flush: true });
    await giveName(temporary);
  } finally {
    await rm(temporary, { force: true });
  }
}
