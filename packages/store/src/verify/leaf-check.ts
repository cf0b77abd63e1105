// Leaves of a range against one another and against the stored tiles. A leaf hash stands in two
// other places, the next leaf and its tile: whichever of the three disagrees with the other two
// was edited. The hashes that go on from here are the ones that two places agree on, so that one
// edited leaf is one finding and not a wrong root everywhere above it.
import { concatBytes, hashChildren, hashLeaf, TILE_WIDTH } from "@strongroom/protocol";
import type { JournalReader, TileRow } from "../engine/port.ts";
import { equalsAt, indexOf, isLeafShaped, previousOf, timeOf } from "../read/entry-fields.ts";
import type { RangeFindings } from "./range-report.ts";

const HASH_BYTES = 32;
const PREVIOUS_AT = 18;
const ZERO = new Uint8Array(HASH_BYTES);

export interface LeafRange {
  from: number;
  until: number;
  size: number;
}

/** Collects the leaves of a range in order, then says what their hashes are. */
export class LeafCheck {
  /** Entries whose leaf does not hold: nothing that it says about its parts counts. */
  readonly edited = new Set<number>();
  readonly #journal: JournalReader;
  readonly #range: LeafRange;
  readonly #findings: RangeFindings;
  readonly #leaves: (Uint8Array | undefined)[];
  readonly #hashes: Uint8Array;

  constructor(journal: JournalReader, range: LeafRange, findings: RangeFindings) {
    this.#journal = journal;
    this.#range = range;
    this.#findings = findings;
    this.#leaves = new Array(range.until - range.from);
    this.#hashes = new Uint8Array((range.until - range.from) * HASH_BYTES);
  }

  /** Returns whether the leaf has a leaf's shape. */
  add(index: number, leaf: Uint8Array): boolean {
    if (!isLeafShaped(leaf) || indexOf(leaf) !== index) {
      this.#findings.entry("LEAF_EDITED", index, "its leaf is not one of this entry");
      this.edited.add(index);
      return false;
    }
    this.#leaves[index - this.#range.from] = leaf;
    this.#hashes.set(hashLeaf(leaf), (index - this.#range.from) * HASH_BYTES);
    return true;
  }

  /** Compares leaves, links and tiles; returns the settled leaf hashes of the range. */
  settle(): { tiles: (TileRow | undefined)[]; hashes: Uint8Array } {
    const { from, until } = this.#range;
    if (from === 0) this.#checkFirst();
    const tiles = this.#readTiles();
    const next = this.#leafAfter();
    const wrongTiles = new Set<number>();
    for (let index = from; index < until; index++) {
      const tile = tiles[Math.floor((index - from) / TILE_WIDTH)];
      this.#settleLeaf(index, { tile, next, wrongTiles });
    }
    this.#checkTimes();
    return { tiles, hashes: this.#hashes };
  }

  /** Last, so that one edited time is not held against the entries after it. */
  #checkTimes(): void {
    let newestMs = 0;
    this.#leaves.forEach((leaf, i) => {
      const index = this.#range.from + i;
      if (!leaf || this.edited.has(index)) return;
      const timeMs = timeOf(leaf);
      if (timeMs < newestMs) this.#edit(index, "its time is before that of the entry before");
      else newestMs = timeMs;
    });
  }

  #checkFirst(): void {
    const first = this.#leaves[0];
    if (first && !equalsAt(first, PREVIOUS_AT, ZERO)) {
      this.#findings.entry("LINK_FORGED", 0, "the first entry links to another");
    }
  }

  #settleLeaf(
    index: number,
    beside: {
      tile: TileRow | undefined;
      next: Uint8Array | undefined;
      wrongTiles: Set<number>;
    },
  ): void {
    const at = (index - this.#range.from) * HASH_BYTES;
    const leaf = this.#leaves[index - this.#range.from];
    const inTile = hashInTile(beside.tile, index);
    const nextLeaf = this.#nextLeaf(index, beside.next);
    const inNext = nextLeaf && previousOf(nextLeaf);
    const fitsTile = inTile ? equalsAt(this.#hashes, at, inTile) : undefined;
    const fitsNext = inNext ? equalsAt(this.#hashes, at, inNext) : undefined;
    if (leaf && fitsTile !== false && fitsNext !== false) return;
    if (!leaf) this.#hashes.set(inTile ?? inNext ?? ZERO, at);
    else if (fitsTile === false && fitsNext === true) this.#reportTile(index, beside.wrongTiles);
    else if (fitsTile === false) this.#settleEdited(index, inTile);
    else if (fitsTile === true || !this.#isConfirmed(index + 1, beside.next)) {
      this.#findings.entry("LINK_FORGED", index + 1, "it does not link to the entry before");
      this.edited.add(index + 1);
    } else this.#settleEdited(index, inNext);
  }

  #settleEdited(index: number, hash: Uint8Array | undefined): void {
    // An entry whose own link was forged has been reported for that.
    if (!this.edited.has(index)) this.#edit(index, "its leaf is not the one in the tree");
    if (hash) this.#hashes.set(hash, (index - this.#range.from) * HASH_BYTES);
  }

  #reportTile(index: number, reported: Set<number>): void {
    const n = Math.floor(index / TILE_WIDTH);
    if (reported.has(n)) return;
    reported.add(n);
    const message = `tile 0/${n}: its hash of entry ${index} is not that of the entry`;
    this.#findings.add({ verdict: "TILE_WRONG", part: "tile", index: n, message });
  }

  #edit(index: number, message: string): void {
    this.#findings.entry("LEAF_EDITED", index, message);
    this.edited.add(index);
  }

  /** Whether the leaf itself is what the entry after it links to; the last one is, by default. */
  #isConfirmed(index: number, after: Uint8Array | undefined): boolean {
    const { from, until, size } = this.#range;
    if (index >= until) return true;
    const nextLeaf = this.#nextLeaf(index, after);
    if (!nextLeaf) return index + 1 >= size;
    return equalsAt(this.#hashes, (index - from) * HASH_BYTES, previousOf(nextLeaf));
  }

  #nextLeaf(index: number, after: Uint8Array | undefined): Uint8Array | undefined {
    const { from, until } = this.#range;
    return index + 1 < until ? this.#leaves[index + 1 - from] : after;
  }

  #leafAfter(): Uint8Array | undefined {
    const { until, size } = this.#range;
    if (until >= size) return undefined;
    const [row] = this.#journal.readLeaves(until, 1);
    return row && isLeafShaped(row.leaf) ? row.leaf : undefined;
  }

  #readTiles(): (TileRow | undefined)[] {
    const { from, until } = this.#range;
    const first = Math.floor(from / TILE_WIDTH);
    const end = Math.floor(until / TILE_WIDTH);
    return Array.from({ length: end - first }, (_, i) => {
      const row = this.#journal.readTile(0, first + i);
      if (row?.hashes.length === TILE_WIDTH * HASH_BYTES) return row;
      this.#findings.add({
        verdict: "TILE_MISSING",
        part: "tile",
        index: first + i,
        message: `tile 0/${first + i}: it is ${row ? "cut short" : "missing"}`,
      });
      return undefined;
    });
  }
}

/** Root of 1–256 hashes side by side. */
export function rootOfHashes(hashes: Uint8Array): Uint8Array {
  const count = hashes.length / HASH_BYTES;
  if (count === 1) return hashes.slice();
  const left = 2 ** Math.floor(Math.log2(count - 1)) * HASH_BYTES;
  return hashChildren(rootOfHashes(hashes.subarray(0, left)), rootOfHashes(hashes.subarray(left)));
}

/** What a tile row derives from its 256 hashes: its root, and the 16 roots of 16 hashes each. */
export function innerOfTile(hashes: Uint8Array): { root: Uint8Array; middle: Uint8Array } {
  const width = hashes.length / 16;
  const middle = concatBytes(
    ...Array.from({ length: 16 }, (_, i) =>
      rootOfHashes(hashes.subarray(i * width, (i + 1) * width)),
    ),
  );
  return { root: rootOfHashes(middle), middle };
}

function hashInTile(tile: TileRow | undefined, index: number): Uint8Array | undefined {
  if (!tile) return undefined;
  const at = (index % TILE_WIDTH) * HASH_BYTES;
  return tile.hashes.subarray(at, at + HASH_BYTES);
}
