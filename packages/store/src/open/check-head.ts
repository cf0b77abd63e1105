// Compares the journal with the newest head that was signed and anchored. A journal shorter than
// its anchor was rolled back; one with another root is another history; one whose file is not the
// file that was anchored is a copy, and a copy must not sign beside its original.
import {
  ENTRY_KINDS,
  equalBytes,
  hashLeaf,
  type NoteVerifier,
  parseLeaf,
  VerificationError,
  verifyCheckpoint,
} from "@strongroom/protocol";
import type { AnchorRecord, HeadAnchor } from "../anchor/head-anchor.ts";
import { TreeEdge } from "../commit/tree-edge.ts";
import type { JournalReader } from "../engine/port.ts";
import { isSideTableChanged } from "../engine/side-digests.ts";
import { StoreError } from "../errors.ts";

const SCAN_ROWS = 4096;

export interface CheckedHead {
  /** The anchored note; a standby goes on with it. */
  note: Uint8Array;
  size: number;
  root: Uint8Array;
  /** The journal is a copy of the one that was anchored. */
  isCopy: boolean;
  /** One slot of the anchor does not check: a write that was cut short, or an edit. */
  hasDamagedSlot: boolean;
  /** Entries from here on may have been lost: unclean close under an anchor lag. */
  uncertainFrom?: number;
}

export interface HeadToCheck {
  journal: JournalReader;
  anchor: HeadAnchor;
  verifier: NoteVerifier;
  journalInode: bigint;
}

/** Throws ANCHOR_MISSING, ANCHOR_DAMAGED, STORE_ROLLED_BACK or STORE_FORKED. */
export function checkHead({ journal, anchor, verifier, journalInode }: HeadToCheck): CheckedHead {
  const record = anchor.newest;
  if (!record) {
    const message =
      "open store: its head anchor is missing, so nothing shows that its log is whole; put the anchor back, or see `strongroom store promote`";
    throw new StoreError("ANCHOR_MISSING", message);
  }
  const { size, root } = readAnchoredHead(record, verifier);
  checkOlderSlot(anchor, verifier, size);
  checkSize(journal, size);
  checkRoot(journal, size, root);
  if (record.clean) checkNothingAdded(journal, size);
  checkControl(journal, record.sides);
  checkTail(journal, size);
  return {
    note: record.note,
    size,
    root,
    isCopy: record.inode !== journalInode,
    hasDamagedSlot: anchor.damagedSlot,
    ...(record.lagMs > 0 && !record.clean ? { uncertainFrom: size } : {}),
  };
}

export function readAnchoredHead(
  record: AnchorRecord,
  verifier: NoteVerifier,
): { size: number; root: Uint8Array } {
  try {
    const checkpoint = verifyCheckpoint(record.note, [verifier]);
    return { size: Number(checkpoint.size), root: checkpoint.root };
  } catch (cause) {
    const code = cause instanceof VerificationError ? cause.code : "malformed";
    throw new StoreError(
      "ANCHOR_DAMAGED",
      `open store: the note in its head anchor is not signed by this log (${code})`,
      { cause },
    );
  }
}

/** Slots are numbered in turn, and sizes never decrease under one key: else they were edited. */
function checkOlderSlot(anchor: HeadAnchor, verifier: NoteVerifier, size: number): void {
  if (!anchor.older) return;
  if (anchor.newest?.sequence !== anchor.older.sequence + 1) {
    const message = "open store: its head anchor was edited: its slots do not follow one another";
    throw new StoreError("ANCHOR_DAMAGED", message);
  }
  let older: number;
  try {
    older = Number(verifyCheckpoint(anchor.older.note, [verifier]).size);
  } catch {
    // The head of another origin, from before an override.
    return;
  }
  if (older <= size) return;
  const message = `open store: its head anchor was edited: the older slot names ${older} entries, the newer one ${size}`;
  throw new StoreError("ANCHOR_DAMAGED", message);
}

/** Closing in order anchors the last head: what is longer now was written by somebody else. */
function checkNothingAdded(journal: JournalReader, anchored: number): void {
  const size = journal.size();
  if (size === anchored) return;
  throw new StoreError(
    "STORE_FORKED",
    `open store: it was closed in order with ${anchored} entries, and has ${size} now`,
    { metadata: { index: String(anchored) } },
  );
}

function checkSize(journal: JournalReader, anchored: number): void {
  const size = journal.size();
  if (size >= anchored) return;
  throw new StoreError(
    "STORE_ROLLED_BACK",
    `open store: its log has ${size} entries, its anchor names ${anchored}; an older copy was put back or its tail was cut off`,
    { metadata: { size: String(size), anchored: String(anchored) } },
  );
}

function checkRoot(journal: JournalReader, size: number, root: Uint8Array): void {
  if (equalBytes(TreeEdge.load(journal, size).root(), root)) return;
  throw new StoreError(
    "STORE_FORKED",
    `open store: the root of its first ${size} entries is not the one that was anchored`,
    { metadata: { size: String(size) } },
  );
}

/** Who may do what rests on this list: one that lacks its newest rows would bring back the past. */
function checkControl(journal: JournalReader, sides: Uint8Array): void {
  if (!isSideTableChanged(journal, "control", sides)) return;
  const message = "open store: its list of key events is not the one that was anchored";
  throw new StoreError("STORE_FORKED", message);
}

/** Entries beyond the anchor were never acknowledged, but must still be one chain. */
function checkTail(journal: JournalReader, anchored: number): void {
  const size = journal.size();
  const control = new Set(journal.readControl());
  const start = Math.max(anchored - 1, 0);
  let previous: Uint8Array | undefined;
  let expected = start;
  for (let at = start; at < size; at += SCAN_ROWS) {
    for (const { index, leaf } of journal.readLeaves(at, SCAN_ROWS)) {
      const links = previous === undefined || equalBytes(parseLeaf(leaf).previous, previous);
      if (index !== expected || !links) throw brokenTail(expected);
      if (isControl(leaf) && !control.has(index)) throw brokenTail(expected);
      previous = hashLeaf(leaf);
      expected++;
    }
    if (expected < Math.min(at + SCAN_ROWS, size)) throw brokenTail(expected);
  }
  if (expected !== size) throw brokenTail(expected);
}

function isControl(leaf: Uint8Array): boolean {
  const { kind } = parseLeaf(leaf);
  return kind === ENTRY_KINDS["key-event"] || kind === ENTRY_KINDS.epoch;
}

function brokenTail(index: number): StoreError {
  return new StoreError(
    "STORE_FORKED",
    `open store: entry ${index} does not follow the one before`,
    {
      metadata: { index: String(index) },
    },
  );
}
