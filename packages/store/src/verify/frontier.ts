// The tree over whole tiles, grown from the left: the roots of its perfect subtrees, largest
// first, and the tiles above the leaves as they fill.
import { EMPTY_ROOT, hashChildren, TILE_WIDTH } from "@strongroom/protocol";
import type { UpperTile } from "./verify-methods.ts";

const HASH_BYTES = 32;

export class Frontier {
  /** Tiles so far. */
  count = 0;
  readonly #peaks: { root: Uint8Array; width: number }[] = [];
  readonly #growing: Uint8Array[][] = [];
  readonly #onTile: (tile: UpperTile) => void;

  /** Takes each tile above the leaves once it is full. */
  constructor(onTile: (tile: UpperTile) => void) {
    this.#onTile = onTile;
  }

  push(tileRoot: Uint8Array): void {
    this.count++;
    let peak = { root: tileRoot, width: 1 };
    for (let last = this.#peaks.at(-1); last?.width === peak.width; last = this.#peaks.at(-1)) {
      this.#peaks.pop();
      peak = { root: hashChildren(last.root, peak.root), width: 2 * last.width };
    }
    this.#peaks.push(peak);
    this.#grow(1, tileRoot);
  }

  /** Root of the whole tiles and, right of them, a part of one; the part may be empty. */
  root(part: Uint8Array): Uint8Array {
    let root = part.length > 0 ? part : undefined;
    for (let i = this.#peaks.length - 1; i >= 0; i--) {
      const left = this.#peaks[i]?.root ?? EMPTY_ROOT;
      root = root ? hashChildren(left, root) : left;
    }
    return root ?? EMPTY_ROOT;
  }

  #grow(level: number, hash: Uint8Array): void {
    const hashes = this.#growing[level] ?? [];
    this.#growing[level] = hashes;
    hashes.push(hash);
    if (hashes.length < TILE_WIDTH) return;
    const joined = new Uint8Array(TILE_WIDTH * HASH_BYTES);
    for (const [i, one] of hashes.entries()) joined.set(one, i * HASH_BYTES);
    const span = TILE_WIDTH ** level;
    this.#onTile({ level, n: this.count / span - 1, hashes: joined });
    this.#growing[level] = [];
    this.#grow(level + 1, foldPairs(hashes));
  }
}

function foldPairs(hashes: readonly Uint8Array[]): Uint8Array {
  let level = hashes;
  while (level.length > 1) {
    const above: Uint8Array[] = [];
    for (let i = 0; i + 1 < level.length; i += 2) {
      above.push(hashChildren(level[i] ?? EMPTY_ROOT, level[i + 1] ?? EMPTY_ROOT));
    }
    level = above;
  }
  return level[0] ?? EMPTY_ROOT;
}
