// The tree as tiles, built from leaf hashes in order with memory for one tile a level.
import { rootOfLeaves, TILE_WIDTH, type Tile } from "@strongroom/protocol";

export interface BuiltTile {
  readonly tile: Tile;
  readonly hashes: readonly Uint8Array[];
}

export class TileTree {
  /** Per level, the hashes of the tile that is not full yet. */
  readonly #open: Uint8Array[][] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Adds a leaf; returns the tiles that became full, lowest level first. */
  add(leafHash: Uint8Array): BuiltTile[] {
    this.#size++;
    const full: BuiltTile[] = [];
    let hash: Uint8Array | undefined = leafHash;
    for (let level = 0; hash !== undefined; level++) {
      const hashes = this.#level(level);
      hashes.push(hash);
      hash = undefined;
      if (hashes.length < TILE_WIDTH) break;
      const n = this.#size / TILE_WIDTH ** (level + 1) - 1;
      full.push({ tile: { level, n, width: TILE_WIDTH }, hashes });
      hash = rootOfLeaves(hashes);
      this.#open[level] = [];
    }
    return full;
  }

  /** The tiles at the right edge that are not full. */
  partial(): BuiltTile[] {
    return this.#open.flatMap((hashes, level) => {
      const n = Math.floor(this.#size / TILE_WIDTH ** (level + 1));
      return hashes.length === 0 ? [] : [{ tile: { level, n, width: hashes.length }, hashes }];
    });
  }

  /** Each open level holds whole subtrees of one width; what is right of them is the lower levels. */
  root(): Uint8Array {
    let right: Uint8Array | undefined;
    for (const hashes of this.#open) {
      const parts = right === undefined ? hashes : [...hashes, right];
      if (parts.length > 0) right = rootOfLeaves(parts);
    }
    return right ?? rootOfLeaves([]);
  }

  #level(level: number): Uint8Array[] {
    const hashes = this.#open[level] ?? [];
    this.#open[level] = hashes;
    return hashes;
  }
}
