// Reads entries and checks what is handed out: that a body is the one its leaf commits to and, on
// request, that the leaf links to the one before and is under the newest signed head. What does
// not hold carries where it was found, so that the main thread can log it and raise an alarm.
import {
  checkLeafLink,
  ENTRY_KINDS,
  hashEvidence,
  hashLeaf,
  hashSubject,
  parseLeaf,
  sha256,
  toHex,
  type VerificationCode,
  verifyInclusion,
} from "@strongroom/protocol";
import { unpackEvidence } from "../engine/pack-evidence.ts";
import type { EntryRow, StoredEvidence } from "../engine/port.ts";
import { StoreError } from "../errors.ts";
import { cidToken } from "../index/terms.ts";
import type { VerifyMode } from "../types.ts";
import {
  hasEvidence,
  hasPrevious,
  hasSubject,
  indexOf,
  isLeafShaped,
  kindOf,
} from "./entry-fields.ts";
import { publicEvidence, scanEvidence } from "./evidence-fields.ts";
import type { HeadArgument, Reader } from "./reader-context.ts";

const BLIND_BYTES = 16;
const HITS_MAX = 8;

/** Reads an entry that must be there. Throws LEAF_MISMATCH where it is missing or misshapen. */
export function requireEntry(reader: Reader, index: number): EntryRow {
  const row = reader.journal.readEntry(index);
  if (row && isLeafShaped(row.leaf)) return row;
  throw mismatch("LEAF_MISMATCH", {
    index,
    message: row ? "its leaf was edited" : "it is missing",
  });
}

/** Whether body and blind are the ones that the leaf commits to. */
export function holdsBody(row: EntryRow, bodyHash: Uint8Array): boolean {
  return row.blind.length === BLIND_BYTES && hasSubject(row.leaf, hashSubject(row.blind, bodyHash));
}

/**
 * Checks an entry whose body is there, and returns the hash of that body. Throws CID_MISMATCH and
 * its kin, and ATTESTATION_REQUIRED where no attestation that verifies covers the entry.
 */
export function checkEntry(
  reader: Reader,
  row: EntryRow,
  check: { mode: VerifyMode; head: HeadArgument },
): Uint8Array {
  const bodyHash = sha256(row.body);
  if (check.mode === "none") return bodyHash;
  if (!holdsBody(row, bodyHash)) throw subjectMismatch(reader, row, bodyHash);
  checkPlace(reader, row, check);
  return bodyHash;
}

/** What "inclusion" and "attested" check beside the body; nothing for the other modes. */
export function checkPlace(
  reader: Reader,
  row: EntryRow,
  check: { mode: VerifyMode; head: HeadArgument },
): void {
  if (check.mode === "none" || check.mode === "body") return;
  checkEvidence(row);
  checkLink(reader, row);
  checkInclusion(reader, row, check.head);
  if (check.mode === "inclusion") return;
  const attested = reader.proofs.attestedHead(reader, row.index, check.head);
  if (attested) {
    checkInclusion(reader, row, attested);
    return;
  }
  throw new StoreError("ATTESTATION_REQUIRED", `entry ${row.index} has no attestation yet`, {
    metadata: { index: String(row.index) },
  });
}

/** Throws EVIDENCE_MISMATCH unless both parts are the ones that the leaf commits to. */
export function checkEvidence(row: EntryRow): void {
  const parts = evidenceOf(row);
  if (hasEvidence(row.leaf, hashEvidence(sha256(parts.public), parts.privateHash))) return;
  throw mismatch("EVIDENCE_MISMATCH", { row, message: "its evidence is not what its leaf says" });
}

/** Authors that the entry's public evidence names. Throws EVIDENCE_MISMATCH. */
export function authorsOf(row: EntryRow): Uint8Array[] {
  try {
    return scanEvidence(publicEvidence(row.evidence)).authors.map((author) => author.publicKey);
  } catch {
    throw mismatch("EVIDENCE_MISMATCH", { row, message: "its evidence does not parse" });
  }
}

/** Both parts of an entry's evidence, unchecked. Throws EVIDENCE_MISMATCH. */
export function evidenceOf(row: EntryRow): StoredEvidence {
  try {
    return unpackEvidence(row.evidence);
  } catch {
    throw mismatch("EVIDENCE_MISMATCH", { row, message: "its evidence does not parse" });
  }
}

/** Throws INCLUSION_MISMATCH unless the leaf is under the head; returns the proof. */
export function checkInclusion(reader: Reader, row: EntryRow, head: HeadArgument): Uint8Array[] {
  try {
    const proof = reader.tree.inclusion(row.index, head.size);
    verifyInclusion({
      leafHash: hashLeaf(row.leaf),
      index: BigInt(row.index),
      size: BigInt(head.size),
      proof,
      root: head.root,
    });
    return proof;
  } catch {
    // The cache may hold what has been damaged or repaired since: the next proof starts afresh.
    reader.tree.clear();
    throw mismatch("INCLUSION_MISMATCH", { row, message: "it is not under the signed head" });
  }
}

function checkLink(reader: Reader, row: EntryRow): void {
  const previous = row.index > 0 ? requireEntry(reader, row.index - 1) : undefined;
  try {
    checkLeafLink(parseLeaf(row.leaf));
  } catch {
    throw mismatch("LINK_MISMATCH", { row, message: "its link is malformed" });
  }
  const isLinked = !previous || hasPrevious(row.leaf, hashLeaf(previous.leaf));
  if (isLinked && indexOf(row.leaf) === row.index) return;
  throw mismatch("LINK_MISMATCH", { row, message: "it does not link to the entry before" });
}

// The index was made from the body as it was: it tells an edited body from an edited blind.
function subjectMismatch(reader: Reader, row: EntryRow, bodyHash: Uint8Array): StoreError {
  if (kindOf(row.leaf) === ENTRY_KINDS.fact && !isIndexedAs(reader, row.index, bodyHash)) {
    return mismatch("CID_MISMATCH", { row, message: "its body is not what its leaf says" });
  }
  return mismatch("SUBJECT_MISMATCH", { row, message: "its subject is not what its leaf says" });
}

function isIndexedAs(reader: Reader, index: number, cid: Uint8Array): boolean {
  return reader.index.newest([cidToken(cid)], { limit: HITS_MAX }).includes(index);
}

interface MismatchAt {
  row?: EntryRow;
  index?: number;
  /** Content id that the entry should have, where it is known. */
  cid?: Uint8Array;
  message: string;
}

/** Its metadata tells the main thread what to report: index, cid and digest of what was found. */
export function mismatch(code: VerificationCode, at: MismatchAt): StoreError {
  const index = at.row?.index ?? at.index ?? 0;
  const found = at.row ? toHex(sha256(at.row.body)) : "";
  return new StoreError(code, `entry ${index} does not hold: ${at.message}`, {
    metadata: {
      index: String(index),
      foundDigest: found,
      ...(at.cid ? { cid: `sha256:${toHex(at.cid)}` } : {}),
    },
  });
}
