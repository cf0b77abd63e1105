// Reads a tlog-tiles tree from a folder or over HTTP.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { CliError } from "../errors.ts";
import type { ReadTile } from "./verify-tiles.ts";

const TILE_BYTES_MAX = 1024 * 1024;

export function openTiles(
  folderOrUrl: string,
  options: { timeoutMs: number; token?: string | undefined },
): ReadTile {
  return /^https?:\/\//.test(folderOrUrl) ? overHttp(folderOrUrl, options) : inFolder(folderOrUrl);
}

function inFolder(folder: string): ReadTile {
  return async (path) => {
    try {
      return new Uint8Array(await readFile(join(folder, path)));
    } catch (cause) {
      const missing = cause instanceof Error && "code" in cause && cause.code === "ENOENT";
      if (missing && path === "checkpoint") {
        throw new CliError("FILE_NOT_FOUND", `read ${folder}: no checkpoint there`, { cause });
      }
      if (missing) return undefined;
      throw new CliError("FILE_UNREADABLE", `read ${join(folder, path)}`, { cause });
    }
  };
}

function overHttp(
  base: string,
  options: { timeoutMs: number; token?: string | undefined },
): ReadTile {
  const root = base.endsWith("/") ? base : `${base}/`;
  const headers = options.token === undefined ? {} : { authorization: `Bearer ${options.token}` };
  return async (path) => {
    const url = new URL(path, root);
    let response: Response;
    try {
      response = await fetch(url, { headers, signal: AbortSignal.timeout(options.timeoutMs) });
    } catch (cause) {
      throw unavailable(`fetch ${url}`, cause);
    }
    if (response.status === 404) return undefined;
    if (!response.ok) throw unavailable(`fetch ${url}: status ${response.status}`);
    const bytes = new Uint8Array(await response.arrayBuffer());
    if (bytes.length > TILE_BYTES_MAX) throw unavailable(`fetch ${url}: answer is too long`);
    return bytes;
  };
}

function unavailable(message: string, cause?: unknown): CliError {
  return new CliError("TREE_UNAVAILABLE", message, { cause });
}
