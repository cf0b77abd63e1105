// The right edge of the Merkle tree: one growing tile a level, with all its inner nodes. A tile
// that fills becomes an immutable row; it stays here until the commit that filled it is answered,
// because receipts of that commit need its nodes.
import {
  hashChildren,
  hashLeaf,
  LEAF_BYTES,
  rootAt,
  TILE_HEIGHT,
  TILE_WIDTH,
} from "@strongroom/protocol";
import type { JournalReader, TileRow } from "../engine/port.ts";
import { StoreError } from "../errors.ts";

const HASH_BYTES = 32;
/** Where the nodes of each height begin within a tile: 256 leaves, 128 parents, …, 1 root. */
const HEIGHT_STARTS = [0, 256, 384, 448, 480, 496, 504, 508, 510] as const;
const NODES = 511;
/** Nodes of height 4: a row keeps them for whoever proves an entry. */
const MIDDLE_START = 480;
const MIDDLE_END = 496;
const FREE_MAX = 64;

class EdgeTile {
  readonly n: number;
  width = 0;
  readonly nodes: Uint8Array;

  constructor(n: number, nodes: Uint8Array = new Uint8Array(NODES * HASH_BYTES)) {
    this.n = n;
    this.nodes = nodes;
  }

  append(hash: Uint8Array): void {
    let position = this.width++;
    this.nodes.set(hash, position * HASH_BYTES);
    let node = hash;
    for (let height = 1; (position & 1) === 1; height++) {
      node = hashChildren(this.node(height - 1, position - 1), node);
      position >>>= 1;
      this.nodes.set(node, ((HEIGHT_STARTS[height] ?? 0) + position) * HASH_BYTES);
      if (height === TILE_HEIGHT) return;
    }
  }

  node(height: number, position: number): Uint8Array {
    const at = ((HEIGHT_STARTS[height] ?? 0) + position) * HASH_BYTES;
    return this.nodes.subarray(at, at + HASH_BYTES);
  }
}

export class TreeEdge {
  #size = 0;
  readonly #edges: EdgeTile[] = [];
  #filled: { level: number; tile: EdgeTile }[] = [];
  /** Buffers of released tiles, for the next ones: fresh 16 KiB cost more than their hashes. */
  readonly #free: Uint8Array[] = [];

  /** Rebuilds the edge at `size` from at most 255 hashes a level. */
  static load(journal: JournalReader, size: number): TreeEdge {
    const edge = new TreeEdge();
    edge.#size = size;
    for (let level = 0, span = size; span > 0; level++, span = Math.floor(span / TILE_WIDTH)) {
      const first = span - (span % TILE_WIDTH);
      const tile = new EdgeTile(first / TILE_WIDTH);
      for (const hash of edgeHashes(journal, level, first, span)) tile.append(hash);
      edge.#edges[level] = tile;
    }
    return edge;
  }

  get size(): number {
    return this.#size;
  }

  append(leafHash: Uint8Array): void {
    this.#appendAt(0, leafHash);
    this.#size++;
  }

  root(): Uint8Array {
    return rootAt(this.#size, this.nodeAt);
  }

  /** Tiles that became full since the last release(), as rows. */
  filledTiles(): TileRow[] {
    return this.#filled.map(({ level, tile }) => ({
      level,
      n: tile.n,
      hashes: tile.nodes.subarray(0, TILE_WIDTH * HASH_BYTES),
      root: tile.node(TILE_HEIGHT, 0),
      middle: tile.nodes.subarray(MIDDLE_START * HASH_BYTES, MIDDLE_END * HASH_BYTES),
    }));
  }

  /** Forgets tiles that are rows by now; their hashes must not be used after this. */
  release(): void {
    for (const { tile } of this.#filled) {
      if (this.#free.length < FREE_MAX) this.#free.push(tile.nodes);
    }
    this.#filled = [];
  }

  /** Nodes of the edge and of tiles not yet released. */
  readonly nodeAt = (level: number, index: number): Uint8Array => {
    const height = level % TILE_HEIGHT;
    const tileLevel = (level - height) / TILE_HEIGHT;
    const width = 2 ** (TILE_HEIGHT - height);
    const n = Math.floor(index / width);
    return this.#tile(tileLevel, n).node(height, index - n * width);
  };

  #appendAt(level: number, hash: Uint8Array): void {
    let tile = this.#edges[level];
    if (!tile) {
      tile = new EdgeTile(0);
      this.#edges[level] = tile;
    }
    tile.append(hash);
    if (tile.width < TILE_WIDTH) return;
    this.#filled.push({ level, tile });
    this.#edges[level] = new EdgeTile(tile.n + 1, this.#free.pop());
    this.#appendAt(level + 1, tile.node(TILE_HEIGHT, 0));
  }

  #tile(level: number, n: number): EdgeTile {
    const edge = this.#edges[level];
    if (edge?.n === n) return edge;
    const filled = this.#filled.find((f) => f.level === level && f.tile.n === n);
    if (!filled) throw new Error(`tree edge has no tile ${level}/${n}`);
    return filled.tile;
  }
}

function edgeHashes(
  journal: JournalReader,
  level: number,
  first: number,
  end: number,
): Uint8Array[] {
  const hashes =
    level === 0
      ? journal.readLeaves(first, end - first).map((row) => hashOfLeaf(row))
      : journal.readTiles(level - 1, first, end - first).map((tile) => tile.root);
  if (hashes.length === end - first) return hashes;
  throw new StoreError(
    "STORE_ROLLED_BACK",
    `rebuild the tree's edge: level ${level} has ${hashes.length} of ${end - first} hashes`,
  );
}

function hashOfLeaf({ index, leaf }: { index: number; leaf: Uint8Array }): Uint8Array {
  if (leaf.length === LEAF_BYTES) return hashLeaf(leaf);
  throw new StoreError("STORE_FORKED", `rebuild the tree's edge: leaf ${index} was cut`, {
    metadata: { index: String(index) },
  });
}
