// Tiles of C2SP tlog-tiles: 256 hashes each, eight levels of the tree apart, addressed by paths
// with exactly one spelling.
import { MalformedError } from "./errors.ts";
import { LEAF_BYTES } from "./leaf.ts";

export const TILE_HEIGHT = 8;
export const TILE_WIDTH = 256;

export interface Tile {
  /** 0 for leaf hashes, each next level 2^8 times wider; or the leaves themselves. */
  level: number | "entries";
  /** 0-based number of the tile in its level. */
  n: number;
  /** Hashes or entries in it, 1–256; below 256 the tile is partial. */
  width: number;
}

const LEVEL_MAX = 63;
const PATH = /^\/tile\/(entries|0|[1-9]\d?)\/((?:x\d{3}\/)*\d{3})(?:\.p\/([1-9]\d{0,2}))?$/;

/** `/tile/L/N[.p/W]`, with N in groups of three digits, all but the last marked `x`. */
export function formatTilePath(tile: Tile): string {
  if (!isTile(tile)) throw new RangeError("not a tile");
  const groups: string[] = [];
  let rest = tile.n;
  do {
    groups.unshift(`${groups.length > 0 ? "x" : ""}${String(rest % 1000).padStart(3, "0")}`);
    rest = Math.floor(rest / 1000);
  } while (rest > 0);
  const partial = tile.width === TILE_WIDTH ? "" : `.p/${tile.width}`;
  return `/tile/${tile.level}/${groups.join("/")}${partial}`;
}

/** Throws MALFORMED_TILE unless formatTilePath would give the same path. */
export function parseTilePath(path: string): Tile {
  const [, level, groups, width] = PATH.exec(path) ?? [];
  if (level === undefined || groups === undefined) throw malformed("not a tile path");
  const tile: Tile = {
    level: level === "entries" ? level : Number(level),
    n: Number(groups.replaceAll(/[x/]/g, "")),
    width: width === undefined ? TILE_WIDTH : Number(width),
  };
  if (!isTile(tile) || formatTilePath(tile) !== path) throw malformed("not a tile path");
  return tile;
}

/** Every tile of a tree of this size: hashes level by level from the leaves up, then entries. */
export function* tilesOfTree(size: number): Generator<Tile> {
  let level = 0;
  for (let count = size; count > 0; count = Math.floor(count / TILE_WIDTH)) {
    yield* tilesOfLevel(level++, count);
  }
  yield* tilesOfLevel("entries", size);
}

/** An entries tile: each leaf after its length in two bytes. */
export function encodeEntriesTile(leaves: readonly Uint8Array[]): Uint8Array {
  if (leaves.length < 1 || leaves.length > TILE_WIDTH) throw new RangeError("not a tile width");
  const out = new Uint8Array(leaves.length * (2 + LEAF_BYTES));
  leaves.forEach((leaf, i) => {
    if (leaf.length !== LEAF_BYTES) throw new RangeError("leaf has a wrong length");
    out[i * (2 + LEAF_BYTES) + 1] = LEAF_BYTES;
    out.set(leaf, i * (2 + LEAF_BYTES) + 2);
  });
  return out;
}

/** The leaves of an entries tile, sharing its memory. Throws MALFORMED_TILE. */
export function parseEntriesTile(bytes: Uint8Array): Uint8Array[] {
  const count = bytes.length / (2 + LEAF_BYTES);
  if (!Number.isInteger(count) || count < 1 || count > TILE_WIDTH) {
    throw malformed("entries tile has a wrong length");
  }
  return Array.from({ length: count }, (_, i) => {
    const at = i * (2 + LEAF_BYTES);
    if (bytes[at] !== 0 || bytes[at + 1] !== LEAF_BYTES) {
      throw malformed(`entries tile has an entry that is not ${LEAF_BYTES} bytes`);
    }
    return bytes.subarray(at + 2, at + 2 + LEAF_BYTES);
  });
}

function* tilesOfLevel(level: Tile["level"], count: number): Generator<Tile> {
  const full = Math.floor(count / TILE_WIDTH);
  for (let n = 0; n < full; n++) yield { level, n, width: TILE_WIDTH };
  if (count % TILE_WIDTH > 0) yield { level, n: full, width: count % TILE_WIDTH };
}

function isTile({ level, n, width }: Tile): boolean {
  const isLevel =
    level === "entries" || (Number.isInteger(level) && level >= 0 && level <= LEVEL_MAX);
  const isNumber = Number.isSafeInteger(n) && n >= 0;
  return isLevel && isNumber && Number.isInteger(width) && width >= 1 && width <= TILE_WIDTH;
}

function malformed(message: string): MalformedError {
  return new MalformedError("MALFORMED_TILE", message);
}
