import assert from "node:assert/strict";
import { test } from "node:test";
import { concatBytes, toBase64, utf8 } from "../bytes.ts";
import { TILE_WIDTH, type Tile } from "../tile.ts";
import { hashChildren, type NodeAt, proveInclusion, rootAt } from "../tree.ts";
import { hashEntry } from "./rekor-request.ts";
import { nodesOfTiles, rebuildRekorEntry, tilesOfEntry, tilesOfRoot } from "./rekor-tiles.ts";

const COUNT = 70_000;
const bodies = Array.from({ length: COUNT }, (_, i) => utf8(`{"entry":${i}}`));
const levels: Uint8Array[][] = [bodies.map(hashEntry)];
for (let below = levels[0] ?? []; below.length > 1; ) {
  const pairs = Math.floor(below.length / 2);
  const above = Array.from({ length: pairs }, (_, i) =>
    hashChildren(below[2 * i] as Uint8Array, below[2 * i + 1] as Uint8Array),
  );
  levels.push(above);
  below = above;
}
const nodeAt: NodeAt = (level, index) => levels[level]?.[index] ?? assert.fail("no such node");

function tileBytes(level: number, n: number, width: number): Uint8Array {
  const start = n * TILE_WIDTH;
  return concatBytes(...(levels[level * 8] ?? []).slice(start, start + width));
}

/** Only what was asked for, at the width that was asked for. */
function fetched(tiles: readonly Tile[], widen = false) {
  const held = new Map(
    tiles.map(({ level, n, width }) => [
      `${level}/${n}`,
      tileBytes(Number(level), n, widen ? TILE_WIDTH : width),
    ]),
  );
  return (level: number, n: number) => held.get(`${level}/${n}`);
}

function checkpointOf(size: number): string {
  const root = toBase64(rootAt(size, nodeAt));
  return `rekor.example\n${size}\n${root}\n\n\u2014 rekor.example ${toBase64(utf8("signature"))}\n`;
}

const logId = new Uint8Array(32);
const places: [index: number, size: number][] = [
  [0, 1],
  [0, 2],
  [1, 2],
  [255, 256],
  [0, 256],
  [255, 257],
  [256, 257],
  [300, 511],
  [511, 512],
  [65_535, 65_536],
  [0, 65_537],
  [65_536, 65_537],
  [12_345, 69_999],
  [69_998, 69_999],
];

for (const [index, size] of places) {
  test(`rebuilds the proof of entry ${index} in a tree of ${size} from the tiles asked for`, () => {
    const tiles = tilesOfEntry(BigInt(index), BigInt(size));
    for (const widen of [false, true]) {
      const entry = rebuildRekorEntry({
        index: BigInt(index),
        entryBody: bodies[index] ?? assert.fail(),
        logId,
        checkpoint: checkpointOf(size),
        tileAt: fetched(tiles, widen),
      });
      assert.deepEqual(entry.proof.hashes, proveInclusion(index, size, nodeAt));
      assert.equal(entry.logIndex, BigInt(index));
    }
    const root = rootAt(size, nodesOfTiles(size, fetched(tilesOfRoot(BigInt(size)))));
    assert.deepEqual(root, rootAt(size, nodeAt));
  });
}

test("says that the log holds another entry, is shorter, or did not give its tiles", () => {
  const base = {
    index: 7n,
    entryBody: bodies[7] ?? assert.fail(),
    logId,
    checkpoint: checkpointOf(300),
    tileAt: fetched(tilesOfEntry(7n, 300n)),
  };
  const refusals = [
    [{ entryBody: utf8("{}") }, "ATTESTATION_ENTRY_MISMATCH"],
    [{ checkpoint: checkpointOf(7) }, "MALFORMED_LOG_ANSWER"],
    [{ tileAt: () => undefined }, "MALFORMED_LOG_ANSWER"],
    [{ tileAt: () => new Uint8Array(32 * 7) }, "MALFORMED_LOG_ANSWER"],
    [{ checkpoint: "rekor.example\n3\n" }, "MALFORMED_CHECKPOINT"],
    [{ checkpoint: checkpointOf(300).replace("300", "9999999999999999") }, "MALFORMED_LOG_ANSWER"],
  ] as const;
  for (const [change, code] of refusals) {
    assert.throws(() => rebuildRekorEntry({ ...base, ...change }), { code });
  }
});
