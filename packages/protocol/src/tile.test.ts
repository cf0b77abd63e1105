import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { sha256 } from "#crypto";
import { concatBytes, fromHex, toHex } from "./bytes.ts";
import { type LogVectors, readVectors } from "./testing/vectors.ts";
import {
  encodeEntriesTile,
  formatTilePath,
  parseEntriesTile,
  parseTilePath,
  TILE_WIDTH,
  tilesOfTree,
} from "./tile.ts";
import { rootOfLeaves } from "./tree.ts";

const log = readVectors<LogVectors>("log_small");
const malformed = { name: "MalformedError", code: "MALFORMED_TILE" };

test("lists and makes the tiles of the log vectors", () => {
  const expected = log.tiles.map(({ level, n, width }) => ({ level, n, width }));
  assert.deepEqual([...tilesOfTree(log.entries.length)], expected);
  for (const { path, sha256: digest, ...tile } of log.tiles) {
    const { level, n, width } = tile;
    assert.equal(formatTilePath({ level, n, width }), path);
    assert.deepEqual(parseTilePath(path), { level, n, width });
    assert.equal(toHex(sha256(tileBytes(level, n, width))), digest, path);
  }
});

test("writes and reads the tile numbers of the vectors", () => {
  for (const { n, path } of log.tile_paths) {
    assert.equal(formatTilePath({ level: 0, n, width: TILE_WIDTH }), path);
    assert.deepEqual(parseTilePath(path), { level: 0, n, width: TILE_WIDTH });
  }
});

test("reads every path that it writes", () => {
  const level = fc.oneof(fc.constant("entries" as const), fc.nat({ max: 63 }));
  const width = fc.integer({ min: 1, max: 256 });
  const tile = fc.record({ level, n: fc.maxSafeNat(), width }, { noNullPrototype: true });
  fc.assert(
    fc.property(tile, (value) => assert.deepEqual(parseTilePath(formatTilePath(value)), value)),
  );
});

test("refuses every other spelling of a path", () => {
  const numbers = ["0", "00", "0000", "x000/000", "x001/1", "1/000", "-01", "x01/000", "000/000"];
  const partials = ["000.p/0", "000.p/256", "000.p/01", "000.p/257", "000.p/", "000.p", "000/p/1"];
  const paths = [...numbers, ...partials, "", "000/", `${"x999/".repeat(6)}999`].map(
    (n) => `/tile/0/${n}`,
  );
  paths.push("/tile/00/000", "/tile/64/000", "/tile/-1/000", "/tile/data/000", "tile/0/000");
  paths.push(
    "/tile/0/000\n",
    "/tile/0/000?",
    "/tile/0/٠٠٠",
    "//tile/0/000",
    "/tile/0",
    "/checkpoint",
  );
  for (const path of paths) assert.throws(() => parseTilePath(path), malformed, path);
  for (const change of [{ level: 64 }, { n: -1 }, { width: 0 }, { width: 257 }, { n: 0.5 }]) {
    assert.throws(() => formatTilePath({ level: 0, n: 0, width: 1, ...change }), RangeError);
  }
});

test("lists no tile of an empty tree, and a partial tile above a single full one", () => {
  assert.deepEqual([...tilesOfTree(0)], []);
  assert.deepEqual([...tilesOfTree(256)].map(formatTilePath), [
    "/tile/0/000",
    "/tile/1/000.p/1",
    "/tile/entries/000",
  ]);
});

test("reads the leaves of an entries tile, and refuses other lengths", () => {
  const leaves = log.entries.slice(0, 3).map(({ leaf }) => fromHex(leaf));
  const bytes = encodeEntriesTile(leaves);
  assert.deepEqual(parseEntriesTile(bytes), leaves);
  const longer = concatBytes(bytes, Uint8Array.of(0));
  const relabelled = Uint8Array.from(bytes);
  relabelled[1] = 113;
  const tooMany = new Uint8Array(116 * 257);
  for (const wrong of [bytes.subarray(1), longer, relabelled, new Uint8Array(0), tooMany]) {
    assert.throws(() => parseEntriesTile(wrong), malformed);
  }
  assert.throws(() => encodeEntriesTile([]), RangeError);
  assert.throws(() => encodeEntriesTile([new Uint8Array(113)]), RangeError);
});

function tileBytes(level: number | "entries", n: number, width: number): Uint8Array {
  if (level === "entries") {
    const entries = log.entries.slice(n * TILE_WIDTH, n * TILE_WIDTH + width);
    return encodeEntriesTile(entries.map(({ leaf }) => fromHex(leaf)));
  }
  const span = TILE_WIDTH ** level;
  const hashes = log.entries.map(({ leaf_hash }) => fromHex(leaf_hash));
  return concatBytes(
    ...Array.from({ length: width }, (_, i) => {
      const start = (n * TILE_WIDTH + i) * span;
      return rootOfLeaves(hashes.slice(start, start + span));
    }),
  );
}
