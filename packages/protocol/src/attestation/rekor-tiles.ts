// Rebuilds what version 2 of Rekor does not say about an entry that it already has: the proof,
// from the published checkpoint and tiles. Callers fetch; this only computes.
import { equalBytes } from "../bytes.ts";
import { MalformedError, VerificationError } from "../errors.ts";
import { TILE_HEIGHT, TILE_WIDTH, type Tile } from "../tile.ts";
import { hashChildren, type NodeAt, proveConsistency, proveInclusion, rootAt } from "../tree.ts";
import { parseLogCheckpoint } from "./log-checkpoint.ts";
import type { RekorEntry } from "./rekor-entry.ts";
import { hashEntry } from "./rekor-request.ts";

const HASH_BYTES = 32;

/** Fetched tiles by level and number; a full tile may stand in for a partial one. */
export type TileAt = (level: number, n: number) => Uint8Array | undefined;

/**
 * Which hash tiles prove the entry at `index` in a tree of `size`, and its own. A log may have
 * dropped a partial tile once the full one exists: fetch that instead (`width` 256).
 * Throws MALFORMED_LOG_ANSWER if the index is not in the tree.
 */
export function tilesOfEntry(index: bigint, size: bigint): Tile[] {
  const { position, count } = checkPosition(index, size);
  return tilesUsed(count, (nodeAt) => {
    nodeAt(0, position);
    proveInclusion(position, count, nodeAt);
  });
}

/** Which hash tiles hold a tree's root. */
export function tilesOfRoot(size: bigint): Tile[] {
  const count = checkedCount(size);
  return tilesUsed(count, (nodeAt) => rootAt(count, nodeAt));
}

/** Which hash tiles of the newer tree prove that the older is a prefix of it. */
export function tilesOfConsistency(from: bigint, to: bigint): Tile[] {
  const [fromCount, toCount] = [checkedCount(from), checkedCount(to)];
  if (fromCount > toCount) throw malformed("older tree of the log is larger");
  return tilesUsed(toCount, (nodeAt) => proveConsistency(fromCount, toCount, nodeAt));
}

// Goes through the motions, to see what is asked for.
function tilesUsed(count: number, read: (nodeAt: NodeAt) => unknown): Tile[] {
  const tiles = new Map<string, Tile>();
  read((level, at) => {
    const tile = tileOfNode(level, at, count);
    tiles.set(`${tile.level}/${tile.n}`, tile);
    return new Uint8Array(HASH_BYTES);
  });
  return [...tiles.values()];
}

/** The bodies of an entries tile: each after its length in two bytes. Throws MALFORMED_LOG_ANSWER. */
export function readEntriesTile(bytes: Uint8Array, width: number): Uint8Array[] {
  const bodies: Uint8Array[] = [];
  for (let at = 0; at < bytes.length && bodies.length < width; ) {
    const end = at + 2 + (((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0));
    if (end > bytes.length) throw malformed("entries tile of the log is cut");
    bodies.push(bytes.subarray(at + 2, end));
    at = end;
  }
  if (bodies.length < width) throw malformed("entries tile of the log is too short");
  return bodies;
}

export interface ExistingEntry {
  /** As `x-log-index` named it. */
  readonly index: bigint;
  /** What the log must hold there: makeRekorRequest's entryBody. */
  readonly entryBody: Uint8Array;
  /** 32 bytes: findLog's. */
  readonly logId: Uint8Array;
  /** The published checkpoint, a signed note. */
  readonly checkpoint: string;
  readonly tileAt: TileAt;
}

/**
 * Throws MALFORMED_LOG_ANSWER for missing or short tiles and an index beyond the checkpoint, and
 * ATTESTATION_ENTRY_MISMATCH if the log holds another entry at that index.
 */
export function rebuildRekorEntry(existing: ExistingEntry): RekorEntry {
  const { index, entryBody, logId, checkpoint, tileAt } = existing;
  const { size, root } = parseLogCheckpoint(checkpoint);
  const { position, count } = checkPosition(index, size);
  const nodeAt = nodesOfTiles(count, tileAt);
  if (!equalBytes(nodeAt(0, position), hashEntry(entryBody))) {
    throw new VerificationError(
      "ATTESTATION_ENTRY_MISMATCH",
      `the log holds another entry at index ${index}`,
    );
  }
  const hashes = proveInclusion(position, count, nodeAt);
  const proof = { index, treeSize: size, rootHash: root, hashes, checkpoint };
  return { version: 2, logId, logIndex: index, canonicalizedBody: entryBody, proof };
}

/** Reads nodes of a tree of `count` leaves from its tiles. Throws MALFORMED_LOG_ANSWER. */
export function nodesOfTiles(count: number, tileAt: TileAt): NodeAt {
  return (level, at) => {
    const { level: tileLevel, n, width } = tileOfNode(level, at, count);
    const tile = tileAt(Number(tileLevel), n);
    if (!tile || tile.length < width * HASH_BYTES) {
      throw malformed(`tile ${tileLevel}/${n} of the log is missing or too short`);
    }
    const span = 2 ** (level % TILE_HEIGHT);
    const first = (at * span) % TILE_WIDTH;
    return rootOfRange(tile, first, span);
  };
}

function rootOfRange(tile: Uint8Array, first: number, span: number): Uint8Array {
  if (span === 1) return tile.slice(first * HASH_BYTES, (first + 1) * HASH_BYTES);
  const half = span / 2;
  return hashChildren(rootOfRange(tile, first, half), rootOfRange(tile, first + half, half));
}

function tileOfNode(level: number, at: number, count: number): Tile {
  const tileLevel = Math.floor(level / TILE_HEIGHT);
  const n = Math.floor((at * 2 ** (level % TILE_HEIGHT)) / TILE_WIDTH);
  const nodes = Math.floor(count / TILE_WIDTH ** tileLevel);
  return { level: tileLevel, n, width: Math.min(TILE_WIDTH, nodes - n * TILE_WIDTH) };
}

function checkPosition(index: bigint, size: bigint): { position: number; count: number } {
  const count = checkedCount(size);
  if (index < 0n || index >= size) throw malformed("index is beyond the log's checkpoint");
  return { position: Number(index), count };
}

function checkedCount(size: bigint): number {
  if (size > BigInt(Number.MAX_SAFE_INTEGER)) throw malformed("tree of the log is too large");
  return Number(size);
}

function malformed(message: string): MalformedError {
  return new MalformedError("MALFORMED_LOG_ANSWER", message);
}
