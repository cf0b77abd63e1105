import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fromHex, hashLeaf, sha256, toHex } from "@strongroom/protocol";
import type { TileRow } from "../engine/port.ts";
import { innerOfTile } from "../verify/leaf-check.ts";
import { TreeReader } from "./tree-reader.ts";

interface Vectors {
  entries: { leaf: string }[];
  roots: Record<string, string>;
  inclusion: { index: number; size: number; proof: string[] }[];
  consistency: { from: number; to: number; proof: string[] }[];
  tiles: { level: number | "entries"; n: number; width: number; sha256: string }[];
}

const path = new URL("../../../../test/vectors/log_small.json", import.meta.url);
const vectors = JSON.parse(readFileSync(path, "utf8")) as Vectors;
const leaves = vectors.entries.map((entry) => fromHex(entry.leaf));

// A journal of the first `size` entries, with the full tiles that it would have.
function journalOf(size: number) {
  const readTile = (level: number, n: number): TileRow | undefined => {
    if (level !== 0 || (n + 1) * 256 > size) return undefined;
    const hashes = new Uint8Array(256 * 32);
    leaves.slice(n * 256, (n + 1) * 256).forEach((leaf, i) => {
      hashes.set(hashLeaf(leaf), i * 32);
    });
    return { level, n, hashes, ...innerOfTile(hashes) };
  };
  return {
    size: () => size,
    readTile,
    readTiles: (level: number, from: number, limit: number) =>
      Array.from({ length: limit }, (_, i) => readTile(level, from + i)).filter((row) => !!row),
    readLeaves: (from: number, limit: number) =>
      leaves
        .slice(from, Math.min(from + limit, size))
        .map((leaf, i) => ({ index: from + i, leaf })),
  };
}

function hexes(hashes: readonly Uint8Array[]): string[] {
  return hashes.map(toHex);
}

test("gives the published roots, proofs and tiles at every size, old and new", () => {
  const tree = new TreeReader(journalOf(600));
  for (const [size, root] of Object.entries(vectors.roots)) {
    assert.equal(toHex(tree.root(Number(size))), root);
  }
  for (const { index, size, proof } of vectors.inclusion) {
    assert.deepEqual(hexes(tree.inclusion(index, size)), proof);
  }
  for (const { from, to, proof } of vectors.consistency) {
    assert.deepEqual(hexes(tree.consistency(from, to)), proof);
  }
  for (const { level, n, width, sha256: digest } of vectors.tiles) {
    if (level !== "entries") assert.equal(toHex(sha256(tree.hashes(level, n, width))), digest);
  }
});

test("follows a log that grows, and says when the journal lacks what it needs", () => {
  const sizes = [1, 2, 3, 255, 256, 257, 511, 512, 599, 600];
  let journal = journalOf(1);
  const growing = new TreeReader({
    size: () => journal.size(),
    readTile: (level, n) => journal.readTile(level, n),
    readTiles: (level, from, limit) => journal.readTiles(level, from, limit),
    readLeaves: (from, limit) => journal.readLeaves(from, limit),
  });
  for (const size of sizes) {
    journal = journalOf(size);
    assert.deepEqual(growing.root(size), new TreeReader(journalOf(600)).root(size), `${size}`);
  }
  assert.throws(() => new TreeReader(journalOf(300)).root(400), { code: "INCLUSION_MISMATCH" });
});
