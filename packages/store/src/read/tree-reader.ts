// Nodes of the Merkle tree for proofs at any historical size. Full tiles are rows; the right edge
// of each level is made from leaves, or from the roots of the tiles below. Inner nodes of a tile
// are computed when asked for and kept, for as many tiles as the cache holds.
import {
  EMPTY_ROOT,
  hashChildren,
  hashLeaf,
  type NodeAt,
  proveConsistency,
  proveInclusion,
  rootAt,
  TILE_HEIGHT,
  TILE_WIDTH,
} from "@strongroom/protocol";
import type { JournalReader, TileRow } from "../engine/port.ts";
import { StoreError } from "../errors.ts";

const HASH_BYTES = 32;
const NODES = 2 * TILE_WIDTH - 1;
/** Rows keep the nodes of this height. */
const MIDDLE_HEIGHT = 4;
const MIDDLE_WIDTH = 16;
/** 16 KiB each. */
const TILES_MAX = 256;
/** Where the nodes of each height begin within a tile: 256 leaves, 128 parents, …, 1 root. */
const HEIGHT_STARTS = Array.from(
  { length: TILE_HEIGHT + 1 },
  (_, height) => 2 * TILE_WIDTH - 2 ** (TILE_HEIGHT + 1 - height),
);

type JournalTree = Pick<JournalReader, "size" | "readLeaves" | "readTile" | "readTiles">;

class CachedTile {
  readonly nodes = new Uint8Array(NODES * HASH_BYTES);
  readonly known = new Uint8Array(NODES);
  /** Hashes loaded so far, from the left. */
  width = 0;

  node(height: number, position: number): Uint8Array {
    const slot = (HEIGHT_STARTS[height] ?? 0) + position;
    const at = slot * HASH_BYTES;
    if (height > 0 && this.known[slot] === 0) {
      const left = this.node(height - 1, 2 * position);
      this.nodes.set(hashChildren(left, this.node(height - 1, 2 * position + 1)), at);
      this.known[slot] = 1;
    }
    return this.nodes.subarray(at, at + HASH_BYTES);
  }

  /** A full tile as stored. What is made of it is checked against a signed root by its user. */
  fill(row: TileRow): void {
    this.nodes.set(row.hashes, 0);
    this.width = TILE_WIDTH;
    if (row.middle.length !== MIDDLE_WIDTH * HASH_BYTES) return;
    const start = HEIGHT_STARTS[MIDDLE_HEIGHT] ?? 0;
    this.nodes.set(row.middle, start * HASH_BYTES);
    this.known.fill(1, start, start + MIDDLE_WIDTH);
  }

  append(hash: Uint8Array): void {
    this.nodes.set(hash, this.width++ * HASH_BYTES);
  }
}

export class TreeReader {
  readonly #journal: JournalTree;
  /** Least recently used first. */
  readonly #tiles = new Map<string, CachedTile>();

  constructor(journal: JournalTree) {
    this.#journal = journal;
  }

  /** Throws INCLUSION_MISMATCH where the journal lacks what the node is made of. */
  readonly nodeAt: NodeAt = (level, index) => {
    const height = level % TILE_HEIGHT;
    const width = 2 ** (TILE_HEIGHT - height);
    const n = Math.floor(index / width);
    const position = index - n * width;
    const tile = this.#tile((level - height) / TILE_HEIGHT, n, (position + 1) * 2 ** height);
    return tile.node(height, position);
  };

  leafHash(index: number): Uint8Array {
    return this.nodeAt(0, index);
  }

  root(size: number): Uint8Array {
    return size === 0 ? EMPTY_ROOT : rootAt(size, this.nodeAt);
  }

  inclusion(index: number, size: number): Uint8Array[] {
    return proveInclusion(index, size, this.nodeAt);
  }

  consistency(from: number, to: number): Uint8Array[] {
    return from === 0 || from === to ? [] : proveConsistency(from, to, this.nodeAt);
  }

  /** The first `width` hashes of a tile, copied. */
  hashes(level: number, n: number, width: number): Uint8Array {
    return this.#tile(level, n, width).nodes.slice(0, width * HASH_BYTES);
  }

  /** Forgets everything, so that the next node comes from the database again. */
  clear(): void {
    this.#tiles.clear();
  }

  #tile(level: number, n: number, width: number): CachedTile {
    const key = `${level}/${n}`;
    let tile = this.#tiles.get(key);
    if (tile) this.#tiles.delete(key);
    else tile = new CachedTile();
    if (tile.width < width) this.#load(tile, { level, n, width });
    this.#tiles.set(key, tile);
    if (this.#tiles.size > TILES_MAX) this.#dropOldest();
    return tile;
  }

  #load(tile: CachedTile, wanted: { level: number; n: number; width: number }): void {
    const { level, n, width } = wanted;
    // A row beyond the full tiles is none of ours: what it says is not even looked at.
    const isFull = (n + 1) * TILE_WIDTH ** (level + 1) <= this.#journal.size();
    const row = isFull ? this.#journal.readTile(level, n) : undefined;
    if (row?.hashes.length === TILE_WIDTH * HASH_BYTES) {
      tile.fill(row);
      return;
    }
    const first = n * TILE_WIDTH + tile.width;
    const count = width - tile.width;
    const hashes =
      level === 0
        ? this.#journal.readLeaves(first, count).map((found) => hashLeaf(found.leaf))
        : this.#journal.readTiles(level - 1, first, count).map((found) => found.root);
    if (hashes.length !== count) {
      throw new StoreError("INCLUSION_MISMATCH", `read tile ${level}/${n}: it is not complete`, {
        metadata: { level: String(level), tile: String(n) },
      });
    }
    for (const hash of hashes) tile.append(hash);
  }

  #dropOldest(): void {
    for (const key of this.#tiles.keys()) {
      this.#tiles.delete(key);
      return;
    }
  }
}
