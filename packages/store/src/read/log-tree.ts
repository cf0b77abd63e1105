// Proofs, tiles and stored checkpoints, never beyond the newest signed head.
import { encodeEntriesTile, TILE_WIDTH } from "@strongroom/protocol";
import { StoreError } from "../errors.ts";
import type { StoredCheckpoint } from "../types.ts";
import type { HeadArgument, Reader } from "./reader-context.ts";

const TILE_LEVELS = 7;

export interface InclusionAnswer {
  leafHash: Uint8Array;
  size: number;
  proof: Uint8Array[];
  root: Uint8Array;
}

export function proveEntry(
  reader: Reader,
  request: { head: HeadArgument; index: number; size: number | undefined },
): InclusionAnswer {
  const size = checkSize("prove inclusion", request.size ?? request.head.size, request.head);
  if (!isIndexBelow(request.index, size)) {
    throw new StoreError("NOT_FOUND", `prove inclusion: a log of ${size} has no such entry`);
  }
  return {
    leafHash: reader.tree.leafHash(request.index).slice(),
    size,
    proof: reader.tree.inclusion(request.index, size).map((hash) => hash.slice()),
    root: reader.tree.root(size).slice(),
  };
}

export interface ConsistencyAnswer {
  from: number;
  to: number;
  proof: Uint8Array[];
}

export function proveGrowth(
  reader: Reader,
  request: { head: HeadArgument; from: number; to: number | undefined },
): ConsistencyAnswer {
  const to = checkSize("prove consistency", request.to ?? request.head.size, request.head);
  const from = checkSize("prove consistency", request.from, { ...request.head, size: to });
  return { from, to, proof: reader.tree.consistency(from, to).map((hash) => hash.slice()) };
}

export interface TileRequest {
  head: HeadArgument;
  level: number | "entries";
  n: number;
  width: number;
}

/** Hashes or entries of a tile; partial ones up to the width that the signed head gives it. */
export function readTileBytes(reader: Reader, request: TileRequest): Uint8Array {
  const { level, n, width } = request;
  const depth = level === "entries" ? 0 : level;
  const isLegal =
    Number.isInteger(depth) && depth >= 0 && depth <= TILE_LEVELS && Number.isSafeInteger(n);
  const count = isLegal ? Math.floor(request.head.size / TILE_WIDTH ** depth) - n * TILE_WIDTH : 0;
  const isWidth = Number.isInteger(width) && width >= 1 && width <= TILE_WIDTH;
  if (n < 0 || !isWidth || width > count) {
    throw new StoreError("NOT_FOUND", "read a tile: the signed head does not reach it");
  }
  if (level !== "entries") return reader.tree.hashes(level, n, width);
  const leaves = reader.journal.readLeaves(n * TILE_WIDTH, width).map((row) => row.leaf);
  if (leaves.length === width) return encodeEntriesTile(leaves);
  throw new StoreError("LEAF_MISMATCH", "read a tile: an entry is missing");
}

/** Newest first. */
export function readCheckpoints(
  reader: Reader,
  request: { head: HeadArgument; before: number | undefined; limit: number },
): StoredCheckpoint[] {
  const below = Math.min(request.before ?? Number.MAX_SAFE_INTEGER, request.head.size + 1);
  return reader.journal.readCheckpoints(below, request.limit);
}

function checkSize(what: string, size: number, head: HeadArgument): number {
  if (Number.isSafeInteger(size) && size >= 0 && size <= head.size) return size;
  throw new StoreError("INVALID_ARGUMENT", `${what}: sizes go from 0 to ${head.size}`);
}

function isIndexBelow(index: number, size: number): boolean {
  return Number.isSafeInteger(index) && index >= 0 && index < size;
}
