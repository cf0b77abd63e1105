// Verifies an exported tlog-tiles tree offline: the checkpoint under the given key, every leaf and
// its link, every tile, and the root. Loads protocol only.
import {
  concatBytes,
  equalBytes,
  formatTilePath,
  hashLeaf,
  type Leaf,
  type NoteVerifier,
  parseEntriesTile,
  parseLeaf,
  TILE_WIDTH,
  type Tile,
  verifyCheckpoint,
} from "@strongroom/protocol";
import { ProofError } from "../errors.ts";
import { TileTree } from "./tile-tree.ts";

/** Reads a file of the tree; undefined if it is not there. */
export type ReadTile = (path: string) => Promise<Uint8Array | undefined>;

export interface VerifiedTree {
  readonly origin: string;
  readonly treeSize: bigint;
  readonly root: Uint8Array;
  readonly tiles: number;
}

export async function verifyTiles(
  read: ReadTile,
  verifiers: readonly NoteVerifier[],
  onProgress: (done: number, total: number) => void = () => {},
): Promise<VerifiedTree> {
  const checkpoint = verifyCheckpoint(await readFile(read, "checkpoint"), verifiers);
  const size = Number(checkpoint.size);
  const tree = new TileTree();
  const links = new Links();
  let tiles = 0;
  for (let n = 0; n * TILE_WIDTH < size; n++) {
    const width = Math.min(TILE_WIDTH, size - n * TILE_WIDTH);
    const leaves = parseEntriesTile(await readWide(read, { level: "entries", n, width })).slice(
      0,
      width,
    );
    if (leaves.length < width) throw wrong("entries", n, "is too short");
    tiles++;
    for (const bytes of leaves) {
      const leafHash = hashLeaf(bytes);
      links.check(parseLeaf(bytes), tree.size, leafHash);
      for (const built of tree.add(leafHash)) {
        await checkTile(read, built.tile, built.hashes);
        tiles++;
      }
    }
    onProgress(tree.size, size);
  }
  for (const built of tree.partial()) {
    await checkTile(read, built.tile, built.hashes);
    tiles++;
  }
  if (!equalBytes(tree.root(), checkpoint.root)) {
    throw new ProofError(
      "ROOT_MISMATCH",
      `the leaves do not have the root that size ${size} signs`,
    );
  }
  return { origin: checkpoint.origin, treeSize: checkpoint.size, root: checkpoint.root, tiles };
}

/** Each leaf names its index, follows its predecessor's hash, and never goes back in time. */
class Links {
  #previous: Uint8Array = new Uint8Array(32);
  #timeUnixMs = 0n;

  check(leaf: Leaf, index: number, leafHash: Uint8Array): void {
    if (leaf.index !== BigInt(index)) {
      throw new ProofError("LEAF_MISMATCH", `entry ${index} says that it is ${leaf.index}`);
    }
    if (!equalBytes(leaf.previous, this.#previous)) {
      throw new ProofError("LINK_MISMATCH", `entry ${index} does not follow the one before it`);
    }
    if (leaf.timeUnixMs < this.#timeUnixMs) {
      throw new ProofError("LEAF_MISMATCH", `entry ${index} is older than the one before it`);
    }
    this.#previous = leafHash;
    this.#timeUnixMs = leaf.timeUnixMs;
  }
}

async function checkTile(read: ReadTile, tile: Tile, hashes: readonly Uint8Array[]): Promise<void> {
  const found = (await readWide(read, tile)).subarray(0, tile.width * 32);
  if (!equalBytes(found, concatBytes(...hashes))) {
    throw wrong(String(tile.level), tile.n, "does not match the leaves");
  }
}

/** A partial tile may have been replaced by the full one. */
async function readWide(read: ReadTile, tile: Tile): Promise<Uint8Array> {
  const partial = await read(formatTilePath(tile).slice(1));
  if (partial !== undefined || tile.width === TILE_WIDTH) {
    return partial ?? missing(formatTilePath(tile));
  }
  return (
    (await read(formatTilePath({ ...tile, width: TILE_WIDTH }).slice(1))) ??
    missing(formatTilePath(tile))
  );
}

async function readFile(read: ReadTile, path: string): Promise<Uint8Array> {
  return (await read(path)) ?? missing(path);
}

function missing(path: string): never {
  throw new ProofError("TILE_MISSING", `the tree has no ${path}`);
}

function wrong(level: string, n: number, what: string): ProofError {
  return new ProofError("TILE_WRONG", `tile ${n} of level ${level} ${what}`);
}
