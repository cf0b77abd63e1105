// Single fields of a stored entry, read straight from its bytes: the paths here see every entry of
// a store, and most want one field of it.
import { ENTRY_KINDS, type EntryKind, LEAF_BYTES } from "@strongroom/protocol";

const KIND_AT = 1;
const INDEX_AT = 2;
const TIME_AT = 10;
const PREVIOUS_AT = 18;
const SUBJECT_AT = 50;
const EVIDENCE_AT = 82;
const KIND_MAX = Object.keys(ENTRY_KINDS).length;

/** Whether the bytes have the shape that the functions below rely on. */
export function isLeafShaped(leaf: Uint8Array): boolean {
  const kind = leaf[KIND_AT] ?? 0;
  return leaf.length === LEAF_BYTES && leaf[0] === 1 && kind >= 1 && kind <= KIND_MAX;
}

export function kindOf(leaf: Uint8Array): EntryKind {
  return leaf[KIND_AT] as EntryKind;
}

export function indexOf(leaf: Uint8Array): number {
  return readUint64(leaf, INDEX_AT);
}

/** Unix milliseconds. */
export function timeOf(leaf: Uint8Array): number {
  return readUint64(leaf, TIME_AT);
}

export function previousOf(leaf: Uint8Array): Uint8Array {
  return leaf.subarray(PREVIOUS_AT, SUBJECT_AT);
}

export function evidenceHashOf(leaf: Uint8Array): Uint8Array {
  return leaf.subarray(EVIDENCE_AT, LEAF_BYTES);
}

/** Whether 32 bytes of `bytes` from `at` equal `hash`. */
export function equalsAt(bytes: Uint8Array, at: number, hash: Uint8Array): boolean {
  for (let i = 0; i < 32; i++) if (bytes[at + i] !== hash[i]) return false;
  return true;
}

/** Whether the leaf's subject is `subject`. */
export function hasSubject(leaf: Uint8Array, subject: Uint8Array): boolean {
  return equalsAt(leaf, SUBJECT_AT, subject);
}

export function hasPrevious(leaf: Uint8Array, leafHash: Uint8Array): boolean {
  return equalsAt(leaf, PREVIOUS_AT, leafHash);
}

export function hasEvidence(leaf: Uint8Array, evidenceHash: Uint8Array): boolean {
  return equalsAt(leaf, EVIDENCE_AT, evidenceHash);
}

/** UTF-8 text of bytes that were validated before. */
export function decodeText(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString("utf8");
}

function readUint64(bytes: Uint8Array, at: number): number {
  return readUint32(bytes, at) * 0x1_0000_0000 + readUint32(bytes, at + 4);
}

function readUint32(bytes: Uint8Array, at: number): number {
  const high = ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
  return high * 0x1_0000 + (((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0));
}
