// Compares the journal with the newest head that was signed and anchored. A journal shorter than
// its anchor was rolled back; one with another root is another history; one whose file is not the
// file that was anchored is a copy, and a copy must not sign beside its original.
import {
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
import { StoreError } from "../errors.ts";

const SCAN_ROWS = 4096;

export interface CheckedHead {
  /** The anchored note; a standby goes on with it. */
  note: Uint8Array;
  size: number;
  root: Uint8Array;
  /** The journal is a copy of the one that was anchored. */
  isCopy: boolean;
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
  checkSize(journal, size);
  checkRoot(journal, size, root);
  checkTail(journal, size);
  return {
    note: record.note,
    size,
    root,
    isCopy: record.inode !== journalInode,
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

/** Entries beyond the anchor were never acknowledged, but must still be one chain. */
function checkTail(journal: JournalReader, anchored: number): void {
  const size = journal.size();
  const start = Math.max(anchored - 1, 0);
  let previous: Uint8Array | undefined;
  let expected = start;
  for (let at = start; at < size; at += SCAN_ROWS) {
    for (const { index, leaf } of journal.readLeaves(at, SCAN_ROWS)) {
      const links = previous === undefined || equalBytes(parseLeaf(leaf).previous, previous);
      if (index !== expected || !links) throw brokenTail(expected);
      previous = hashLeaf(leaf);
      expected++;
    }
  }
  if (expected !== size) throw brokenTail(expected);
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
