// Re-verifies everything of a closed store folder, entry by entry, with `protocol` and SQL alone.
// Integration tests call it after each step. Throws an AssertionError that names what is wrong.
import assert from "node:assert/strict";
import { join } from "node:path";
import {
  type Checkpoint,
  type EntryKindName,
  hashChildren,
  parseVkey,
  rootAt,
  TILE_WIDTH,
  verifyCheckpoint,
} from "@strongroom/protocol";
import type { Database } from "better-sqlite3-multiple-ciphers";
import { CheckedEntries, type EntryRow } from "./check-entries.ts";
import { checkProofs } from "./check-proofs.ts";
import { openJournal, readAnchor } from "./open-closed-store.ts";

export interface CheckedStore {
  size: number;
  root: Uint8Array;
  /** Root of the first `size` entries. */
  rootAt(size: number): Uint8Array;
  /** Verifier key line of the log. */
  logVkey: string;
  origin: string;
  /** Content ids of the facts, in log order. */
  cids: Uint8Array[];
  /** How many entries of each kind there are. */
  kinds: Map<EntryKindName, number>;
  checkpoints: number;
  /** Attestations and cosignatures of checkpoints. */
  attestations: number;
  cosignatures: number;
}

export interface CheckOptions {
  /** Where head.anchor lies; default in the folder. */
  anchorPath?: string;
  /** After a kill the anchor may be one commit behind; default false: it names the head. */
  afterCrash?: boolean;
}

const LEVEL_SPAN = 2 ** 40;

export function checkStore(
  folder: string,
  key?: Uint8Array,
  options: CheckOptions = {},
): CheckedStore {
  const db = openJournal(folder, key);
  try {
    assert.equal(db.pragma("integrity_check", { simple: true }), "ok");
    const entries = new CheckedEntries();
    const rows = db.prepare('SELECT * FROM entry ORDER BY "index"').iterate();
    for (const row of rows) entries.add(row as EntryRow);
    const tree = new Tree(entries.leafHashes);
    checkTiles(db, tree);
    checkControl(db, entries);
    checkScopeHeads(db, entries);
    const checkpoints = checkCheckpoints(db, tree, entries.logVkey);
    const proofs = checkProofs(db, entries.keyChanges);
    const anchored = checkAnchor(options.anchorPath ?? join(folder, "head.anchor"), tree, entries);
    if (options.afterCrash !== true) assert.equal(anchored, tree.size, "anchor names the head");
    return {
      size: tree.size,
      root: tree.rootAt(tree.size),
      rootAt: (size) => tree.rootAt(size),
      logVkey: entries.logVkey,
      origin: parseVkey(entries.logVkey).name,
      cids: entries.cids,
      kinds: entries.kinds,
      checkpoints,
      ...proofs,
    };
  } finally {
    db.close();
  }
}

/** All nodes of the perfect subtrees, level by level. */
class Tree {
  readonly size: number;
  readonly #levels: Uint8Array[][];

  constructor(leafHashes: Uint8Array[]) {
    this.size = leafHashes.length;
    this.#levels = [leafHashes];
    for (let below = leafHashes; below.length > 1; ) {
      const level: Uint8Array[] = [];
      for (let i = 0; i + 1 < below.length; i += 2) {
        level.push(hashChildren(below[i] as Uint8Array, below[i + 1] as Uint8Array));
      }
      this.#levels.push(level);
      below = level;
    }
  }

  readonly nodeAt = (level: number, index: number): Uint8Array => {
    const node = this.#levels[level]?.[index];
    assert.ok(node, `tree has node ${level}/${index}`);
    return node;
  };

  count(level: number): number {
    return this.#levels[level]?.length ?? 0;
  }

  rootAt(size: number): Uint8Array {
    return rootAt(size, this.nodeAt);
  }
}

function checkTiles(db: Database, tree: Tree): void {
  const rows = db.prepare("SELECT id, hashes, root, middle FROM tile ORDER BY id").all() as {
    id: number;
    hashes: Uint8Array;
    root: Uint8Array;
    middle: Uint8Array;
  }[];
  const found = new Map(rows.map((row) => [row.id, row]));
  for (let level = 0; tree.count(level * 8) >= TILE_WIDTH; level++) {
    const full = Math.floor(tree.count(level * 8) / TILE_WIDTH);
    for (let n = 0; n < full; n++) {
      const row = found.get(level * LEVEL_SPAN + n);
      assert.ok(row, `tile ${level}/${n} is there`);
      found.delete(row.id);
      assert.equal(row.hashes.length, TILE_WIDTH * 32);
      for (let i = 0; i < TILE_WIDTH; i++) {
        const hash = row.hashes.subarray(i * 32, i * 32 + 32);
        same(hash, tree.nodeAt(level * 8, n * TILE_WIDTH + i), `tile ${level}/${n} hash ${i}`);
      }
      assert.equal(row.middle.length, 16 * 32);
      for (let i = 0; i < 16; i++) {
        const node = row.middle.subarray(i * 32, i * 32 + 32);
        same(node, tree.nodeAt(level * 8 + 4, n * 16 + i), `tile ${level}/${n} middle ${i}`);
      }
      same(row.root, tree.nodeAt(level * 8 + 8, n), `tile ${level}/${n} root`);
    }
  }
  assert.deepEqual([...found.keys()], [], "no tile but the full ones");
}

function checkControl(db: Database, entries: CheckedEntries): void {
  const found = db.prepare('SELECT "index" FROM control ORDER BY 1').pluck().all();
  assert.deepEqual(found, entries.control, "control lists kinds 5 and 8");
}

// u8 scope length ‖ scope ‖ u64 index ‖ u64 scope index, per scope that the commit touched.
function checkScopeHeads(db: Database, entries: CheckedEntries): void {
  const rows = db.prepare("SELECT last_index, heads FROM scope_head ORDER BY 1").all() as {
    last_index: number;
    heads: Uint8Array;
  }[];
  for (const { last_index, heads } of rows) {
    const bytes = Buffer.from(heads);
    for (let at = 0; at < bytes.length; ) {
      const end = at + 1 + bytes.readUInt8(at);
      const scope = bytes.toString("utf8", at + 1, end);
      const index = Number(bytes.readBigUInt64BE(end));
      assert.ok(index <= last_index, "a scope head is not after its commit");
      const link = entries.linkOf(scope, Number(bytes.readBigUInt64BE(end + 8)));
      assert.equal(link, index, `scope head of a commit that ends at ${last_index}`);
      at = end + 16;
    }
  }
}

function checkCheckpoints(db: Database, tree: Tree, logVkey: string): number {
  const rows = db.prepare("SELECT size, note FROM checkpoint ORDER BY size").all() as {
    size: number;
    note: Uint8Array;
  }[];
  for (const { size, note } of rows) {
    const checkpoint = checkNote(note, tree, logVkey);
    assert.equal(checkpoint.size, BigInt(size), "a checkpoint lies under its own size");
  }
  return rows.length;
}

function checkAnchor(path: string, tree: Tree, entries: CheckedEntries): number {
  const anchor = readAnchor(path);
  assert.ok(anchor, "head.anchor has a valid slot");
  return Number(checkNote(anchor.note, tree, entries.logVkey).size);
}

function checkNote(note: Uint8Array, tree: Tree, logVkey: string): Checkpoint {
  const checkpoint = verifyCheckpoint(note, [parseVkey(logVkey)]);
  assert.ok(checkpoint.size <= BigInt(tree.size), "a signed note names durable entries only");
  same(checkpoint.root, tree.rootAt(Number(checkpoint.size)), `root at ${checkpoint.size}`);
  return checkpoint;
}

function same(actual: Uint8Array, expected: Uint8Array, what: string): void {
  assert.ok(Buffer.from(actual).equals(expected), what);
}
