// A log entry as the tree sees it: 114 fixed bytes, so that any language can parse it and tiles
// can be public. The chain link is inside, so that chain and tree cannot tell two stories.
import { sha256 } from "#crypto";
import { MalformedError, VerificationError } from "./errors.ts";

declare const leafHashBrand: unique symbol;

/** 32 bytes. */
export type LeafHash = Uint8Array & { readonly [leafHashBrand]: true };

export const ENTRY_KINDS = {
  fact: 1,
  retraction: 2,
  redaction: 3,
  audit: 4,
  "key-event": 5,
  snapshot: 6,
  "integrity-rejection": 7,
  epoch: 8,
  endorsement: 9,
  "scope-erasure": 10,
} as const;

export type EntryKindName = keyof typeof ENTRY_KINDS;
export type EntryKind = (typeof ENTRY_KINDS)[EntryKindName];

export const LEAF_BYTES = 114;

export interface Leaf {
  kind: EntryKind;
  /** 0-based; the entry's place in the log. */
  index: bigint;
  timeUnixMs: bigint;
  /** Leaf hash of the entry before; 32 zero bytes at index 0 only. */
  previous: Uint8Array;
  /** hashSubject of blind and body. */
  subject: Uint8Array;
  /** hashEvidence of the public and the private part. */
  evidence: Uint8Array;
}

const VERSION = 1;
const PREVIOUS_AT = 18;
const SUBJECT_AT = 50;
const EVIDENCE_AT = 82;
const UINT64_MAX = 2n ** 64n - 1n;
const NAMES = Object.keys(ENTRY_KINDS) as EntryKindName[];
const SCOPED_KINDS: ReadonlySet<EntryKind> = new Set([1, 2, 3, 9, 10]);

// The input of hashLeaf. Kept, because a typed array above 64 bytes costs more than its hash, and
// safe, because nothing here is asynchronous and it never leaves this file.
const hashInput = new Uint8Array(1 + LEAF_BYTES);

export function encodeLeaf(leaf: Leaf): Uint8Array {
  const out = new Uint8Array(LEAF_BYTES);
  const view = new DataView(out.buffer);
  out[0] = VERSION;
  out[1] = leaf.kind;
  view.setBigUint64(2, asUint64(leaf.index));
  view.setBigUint64(10, asUint64(leaf.timeUnixMs));
  out.set(as32Bytes(leaf.previous), PREVIOUS_AT);
  out.set(as32Bytes(leaf.subject), SUBJECT_AT);
  out.set(as32Bytes(leaf.evidence), EVIDENCE_AT);
  return out;
}

/** Throws MALFORMED_LEAF. The parts share memory with the argument. */
export function parseLeaf(bytes: Uint8Array): Leaf {
  if (bytes.length !== LEAF_BYTES) {
    throw new MalformedError("MALFORMED_LEAF", `leaf is not ${LEAF_BYTES} bytes`);
  }
  if (bytes[0] !== VERSION) throw new MalformedError("MALFORMED_LEAF", "leaf version is not 1");
  const view = new DataView(bytes.buffer, bytes.byteOffset, LEAF_BYTES);
  return {
    kind: asEntryKind(bytes[1] ?? 0),
    index: view.getBigUint64(2),
    timeUnixMs: view.getBigUint64(10),
    previous: bytes.subarray(PREVIOUS_AT, SUBJECT_AT),
    subject: bytes.subarray(SUBJECT_AT, EVIDENCE_AT),
    evidence: bytes.subarray(EVIDENCE_AT, LEAF_BYTES),
  };
}

/** SHA-256(0x00 ‖ leaf), RFC 9162. */
export function hashLeaf(leafBytes: Uint8Array): LeafHash {
  if (leafBytes.length !== LEAF_BYTES) {
    throw new MalformedError("MALFORMED_LEAF", `leaf is not ${LEAF_BYTES} bytes`);
  }
  hashInput.set(leafBytes, 1);
  return sha256(hashInput) as LeafHash;
}

/** `previous` is zero at index 0 and only there, and index 0 is a key event. */
export function checkLeafLink(leaf: Leaf): void {
  const isZero = leaf.previous.every((byte) => byte === 0);
  if (isZero !== (leaf.index === 0n)) {
    throw new VerificationError("LINK_MISMATCH", "leaf has no link, or one at index 0");
  }
  if (leaf.index === 0n && leaf.kind !== ENTRY_KINDS["key-event"]) {
    throw new VerificationError("LINK_MISMATCH", "entry 0 is not a key event");
  }
}

export function entryKindName(kind: EntryKind): EntryKindName {
  const name = NAMES[kind - 1];
  if (name === undefined) throw new MalformedError("MALFORMED_LEAF", "unknown entry kind");
  return name;
}

/** Takes a number as an entry kind. Throws MALFORMED_LEAF. */
export function asEntryKind(kind: number): EntryKind {
  if (NAMES[kind - 1] === undefined) {
    throw new MalformedError("MALFORMED_LEAF", "unknown entry kind");
  }
  return kind as EntryKind;
}

/** Whether entries of this kind stand on the chain of a scope. */
export function isScopedKind(kind: EntryKind): boolean {
  return SCOPED_KINDS.has(kind);
}

function asUint64(value: bigint): bigint {
  if (value < 0n || value > UINT64_MAX) throw new RangeError("leaf number is not a uint64");
  return value;
}

function as32Bytes(hash: Uint8Array): Uint8Array {
  if (hash.length !== 32) throw new RangeError("leaf hash field is not 32 bytes");
  return hash;
}
