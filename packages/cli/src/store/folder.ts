// Which store folder and which key a verb means when it opens the store itself.
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { CliError } from "../errors.ts";
import type { Settings } from "../settings.ts";

export interface FolderFlags {
  readonly store?: string;
  readonly key?: string;
  readonly anchor?: string;
}

export interface Folder {
  readonly store: string;
  readonly key: string;
  /** What the store's functions take; nothing where the anchor lies in the folder. */
  readonly anchor: { readonly anchorPath?: string };
}

/** Defaults: the data folder's store, and the development key where one lies beside it. */
export async function folderOf(settings: Settings, flags: FolderFlags): Promise<Folder> {
  const developmentKey = join(settings.data, "dev.key");
  const fallback = existsSync(developmentKey) ? pathToFileURL(developmentKey).href : undefined;
  const key = flags.key ?? fallback;
  if (key === undefined) {
    throw new CliError("USAGE", "say where the key is: --key file:///path, env://VAR, …");
  }
  const anchor = flags.anchor === undefined ? {} : { anchorPath: resolve(flags.anchor) };
  return { store: storePath(settings, flags), key, anchor };
}

export function storePath(settings: Settings, flags: FolderFlags): string {
  return resolve(flags.store ?? join(settings.data, "store"));
}
