// Version 2: checkpoint, hash tiles and entries tiles, all of them checked against the checkpoint.
import {
  concatBytes,
  formatTilePath,
  type NodeAt,
  proveConsistency,
  proveInclusion,
  verifyConsistency,
  verifyInclusion,
} from "@strongroom/protocol";
import {
  findEntryOfKey,
  hashEntry,
  type LogCheckpoint,
  nodesOfTiles,
  readEntriesTile,
  tilesOfConsistency,
  tilesOfEntry,
  verifyLogCheckpoint,
} from "@strongroom/protocol/attestation";
import { checkGrowth, type FollowedLog, type Progress } from "./followed-log.ts";
import { type LogReader, unavailable } from "./log-reader.ts";
import type { FoundEntry, LogState } from "./monitor-state.ts";

const WIDTH = 256;
type Tile = Parameters<typeof formatTilePath>[0];

export async function followV2(log: FollowedLog, last: LogState | undefined): Promise<Progress> {
  const { reader, trust, fromIndex } = log;
  const checkpoint = new TextDecoder().decode(await fetched(reader, "/checkpoint"));
  const head = verifyLogCheckpoint(checkpoint, trust);
  const tiles = new TileStore(reader);
  await checkGrowth(last, checkpoint, (before, now) => proveGrowth(before, now, tiles));
  const nextIndex = last === undefined ? fromIndex : BigInt(last.nextIndex);
  const found: FoundEntry[] = [];
  const firstTile = Number(nextIndex) - (Number(nextIndex) % WIDTH);
  for (let start = firstTile; start < Number(head.size); start += WIDTH) {
    const bodies = await readChecked(start, head, tiles);
    for (const [i, body] of bodies.entries()) {
      const index = BigInt(start + i);
      const entry = index < nextIndex ? undefined : findEntryOfKey(body, trust.attestationKeys);
      if (entry) found.push({ logIndex: String(index), ...entry });
    }
  }
  return { checkpoint, nextIndex: head.size > nextIndex ? head.size : nextIndex, found };
}

async function proveGrowth(last: LogCheckpoint, head: LogCheckpoint, tiles: TileStore) {
  const nodeAt = await tiles.nodesFor(tilesOfConsistency(last.size, head.size), head.size);
  verifyConsistency({
    fromSize: last.size,
    fromRoot: last.root,
    toSize: head.size,
    toRoot: head.root,
    proof: proveConsistency(Number(last.size), Number(head.size), nodeAt),
  });
}

// The inclusion proof of a tile's first leaf has all its other leaves in its hashes: if those are
// our own hashes of what was read, one proof checks the whole tile.
async function readChecked(
  start: number,
  head: LogCheckpoint,
  tiles: TileStore,
): Promise<Uint8Array[]> {
  const width = Math.min(WIDTH, Number(head.size) - start);
  const n = start / WIDTH;
  const bodies = readEntriesTile(await tiles.entries({ level: "entries", n, width }), width);
  const hashes = bodies.map(hashEntry);
  const needed = tilesOfEntry(BigInt(start), head.size);
  const others = needed.filter((tile) => tile.level !== 0 || tile.n !== n);
  const own = new Map([[n, concatBytes(...hashes)]]);
  const nodeAt = await tiles.nodesFor(others, head.size, own);
  verifyInclusion({
    leafHash: hashes[0] ?? new Uint8Array(0),
    index: BigInt(start),
    size: head.size,
    proof: proveInclusion(start, Number(head.size), nodeAt),
    root: head.root,
  });
  return bodies;
}

/** Tiles of one look, each fetched once. */
class TileStore {
  readonly #reader: LogReader;
  readonly #held = new Map<string, Uint8Array>();

  constructor(reader: LogReader) {
    this.#reader = reader;
  }

  entries(tile: Tile): Promise<Uint8Array> {
    return this.#fetch(tile);
  }

  /** Nodes of a tree of `size`; `own` leaf tiles stand in for fetched ones. */
  async nodesFor(
    needed: readonly Tile[],
    size: bigint,
    own: ReadonlyMap<number, Uint8Array> = new Map(),
  ): Promise<NodeAt> {
    const held = new Map<string, Uint8Array>();
    for (const tile of needed) held.set(`${tile.level}/${tile.n}`, await this.#cached(tile));
    for (const [n, bytes] of own) held.set(`0/${n}`, bytes);
    return nodesOfTiles(Number(size), (level, n) => held.get(`${level}/${n}`));
  }

  async #cached(tile: Tile): Promise<Uint8Array> {
    const path = formatTilePath(tile);
    const bytes = this.#held.get(path) ?? (await this.#fetch(tile));
    this.#held.set(path, bytes);
    return bytes;
  }

  // A log may drop a partial tile once the full one exists.
  async #fetch(tile: Tile): Promise<Uint8Array> {
    const partial = await this.#reader.get(formatTilePath(tile));
    return partial ?? (await fetched(this.#reader, formatTilePath({ ...tile, width: WIDTH })));
  }
}

async function fetched(reader: LogReader, path: string): Promise<Uint8Array> {
  const bytes = await reader.get(path);
  if (bytes === undefined) throw unavailable(reader.url, path, "not found");
  return bytes;
}
