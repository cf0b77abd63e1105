// What a leaf commits to beside its body. Blind and salts keep a leaf from testing a guess; the
// scope link lets a reader of one scope prove that nothing was withheld.
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import {
  type AuthorSignature,
  AuthorSignatureSchema,
  type EvidencePrivate,
  EvidencePrivateSchema,
  type EvidencePublic,
  EvidencePublicSchema,
} from "@strongroom/proto/strongroom/log/v1/evidence";
import { sha256 } from "#crypto";
import { encodeCanonical, parseCanonical } from "./canonical.ts";
import { MalformedError, VerificationError } from "./errors.ts";
import { type EntryKind, isScopedKind } from "./leaf.ts";
import { WireReader } from "./wire.ts";

export const BLIND_BYTES = 16;
export const SALT_BYTES = 16;

const SUBJECT_PREFIX = 0x02;
const EVIDENCE_PREFIX = 0x03;
// Tags of EvidencePublic and AuthorSignature as they stand on the wire.
const AUTHOR_SIGNATURES = 10;
const SCOPE_INDEX = 16;
const SCOPE_PREVIOUS = 26;
const ORIGIN_RECEIPT_DIGEST = 34;
const SALT = 42;
const PUBLIC_KEY = 10;
const SIGNATURE = 18;
/** Two tags and lengths, a key of 32 bytes and a signature of 64. */
const AUTHOR_SIGNATURE_BYTES = 100;

const subjectInput = new Uint8Array(1 + BLIND_BYTES + 32);
const evidenceInput = new Uint8Array(1 + 32 + 32);

/** SHA-256(0x02 ‖ blind ‖ SHA-256(body)). */
export function hashSubject(blind: Uint8Array, bodyHash: Uint8Array): Uint8Array {
  if (blind.length !== BLIND_BYTES || bodyHash.length !== 32) {
    throw new MalformedError("MALFORMED_EVIDENCE", "blind or body hash has a wrong length");
  }
  subjectInput[0] = SUBJECT_PREFIX;
  subjectInput.set(blind, 1);
  subjectInput.set(bodyHash, 1 + BLIND_BYTES);
  return sha256(subjectInput);
}

/** SHA-256(0x03 ‖ SHA-256(public part) ‖ SHA-256(private part)). */
export function hashEvidence(publicHash: Uint8Array, privateHash: Uint8Array): Uint8Array {
  if (publicHash.length !== 32 || privateHash.length !== 32) {
    throw new MalformedError("MALFORMED_EVIDENCE", "evidence hash is not 32 bytes");
  }
  evidenceInput[0] = EVIDENCE_PREFIX;
  evidenceInput.set(publicHash, 1);
  evidenceInput.set(privateHash, 33);
  return sha256(evidenceInput);
}

export interface EvidencePublicFields {
  authorSignatures?: readonly { publicKey: Uint8Array; signature: Uint8Array }[];
  /** 0-based, an integer below 2^53. Default 0. */
  scopeIndex?: number | bigint;
  /** 32 bytes; left out by entries on no chain. */
  scopePrevious?: Uint8Array | undefined;
  /** 32 bytes. */
  originReceiptDigest?: Uint8Array | undefined;
  /** 16 bytes. */
  salt: Uint8Array;
}

/** Canonical bytes of an EvidencePublic, written by hand: every append makes one. */
export function encodeEvidencePublic(fields: EvidencePublicFields): Uint8Array {
  const authors = fields.authorSignatures ?? [];
  const index = varintOf(fields.scopeIndex ?? 0);
  const previous = optional32(fields.scopePrevious);
  const digest = optional32(fields.originReceiptDigest);
  if (fields.salt.length !== SALT_BYTES) throw new RangeError("salt is not 16 bytes");
  const out = new Uint8Array(
    authors.length * (2 + AUTHOR_SIGNATURE_BYTES) +
      (index.length > 0 ? 1 + index.length : 0) +
      (previous ? 34 : 0) +
      (digest ? 34 : 0) +
      (2 + SALT_BYTES),
  );
  let at = 0;
  for (const author of authors) {
    if (author.publicKey.length !== 32 || author.signature.length !== 64) {
      throw new RangeError("author signature has a wrong length");
    }
    out[at] = AUTHOR_SIGNATURES;
    out[at + 1] = AUTHOR_SIGNATURE_BYTES;
    at = writeBytes(out, at + 2, PUBLIC_KEY, author.publicKey);
    at = writeBytes(out, at, SIGNATURE, author.signature);
  }
  if (index.length > 0) {
    out[at++] = SCOPE_INDEX;
    for (const byte of index) out[at++] = byte;
  }
  if (previous) at = writeBytes(out, at, SCOPE_PREVIOUS, previous);
  if (digest) at = writeBytes(out, at, ORIGIN_RECEIPT_DIGEST, digest);
  writeBytes(out, at, SALT, fields.salt);
  return out;
}

/**
 * Throws MALFORMED_EVIDENCE unless the bytes are canonical, keys, signatures and hashes have their
 * lengths, and there is a salt. Parts share memory with the argument.
 */
export function parseEvidencePublic(bytes: Uint8Array): EvidencePublic {
  const reader = new WireReader(bytes, "MALFORMED_EVIDENCE");
  const end = bytes.length;
  const evidence = create(EvidencePublicSchema);
  let last = 0;
  while (reader.at < end) {
    const tag = reader.tag(end);
    if (tag < last || (tag === last && tag !== AUTHOR_SIGNATURES)) {
      reader.fail("repeats a field or has fields out of order");
    }
    last = tag;
    if (tag === AUTHOR_SIGNATURES) evidence.authorSignatures.push(readAuthor(reader, end));
    else if (tag === SCOPE_INDEX) evidence.scopeIndex = readUint64(reader, end);
    else if (tag === SCOPE_PREVIOUS) evidence.scopePrevious = readBytes(reader, end, 32);
    else if (tag === ORIGIN_RECEIPT_DIGEST)
      evidence.originReceiptDigest = readBytes(reader, end, 32);
    else if (tag === SALT) evidence.salt = readBytes(reader, end, SALT_BYTES);
    else reader.fail("has an unknown field");
  }
  if (evidence.salt.length === 0) reader.fail("has no salt");
  return evidence;
}

/** Canonical bytes of an EvidencePrivate; off the hot path, as one serves a whole request. */
export function encodeEvidencePrivate(
  init: MessageInitShape<typeof EvidencePrivateSchema>,
): Uint8Array {
  const bytes = encodeCanonical(EvidencePrivateSchema, init, "MALFORMED_EVIDENCE");
  parseEvidencePrivate(bytes);
  return bytes;
}

/** Throws MALFORMED_EVIDENCE. */
export function parseEvidencePrivate(bytes: Uint8Array): EvidencePrivate {
  const evidence = parseCanonical(EvidencePrivateSchema, bytes, "MALFORMED_EVIDENCE");
  if (evidence.salt.length !== SALT_BYTES) {
    throw new MalformedError("MALFORMED_EVIDENCE", "salt is not 16 bytes");
  }
  return evidence;
}

/**
 * A scope index of 0 goes with a zero scope_previous, and only with it. An entry of a kind that
 * belongs to no scope may leave both out. Throws LINK_MISMATCH.
 */
export function checkScopeLink(kind: EntryKind, evidence: EvidencePublic): void {
  const { scopeIndex, scopePrevious } = evidence;
  if (scopePrevious.length === 0) {
    if (isScopedKind(kind)) throw new VerificationError("LINK_MISMATCH", "entry has no scope link");
    if (scopeIndex !== 0n) throw new VerificationError("LINK_MISMATCH", "scope index has no link");
    return;
  }
  if (scopePrevious.every((byte) => byte === 0) !== (scopeIndex === 0n)) {
    throw new VerificationError("LINK_MISMATCH", "scope index and scope link disagree");
  }
}

function readAuthor(reader: WireReader, outerEnd: number): AuthorSignature {
  const end = reader.lengthDelimitedEnd(outerEnd);
  const author = create(AuthorSignatureSchema);
  if (reader.tag(end) !== PUBLIC_KEY) reader.fail("has an author without a key");
  author.publicKey = readBytes(reader, end, 32);
  if (reader.tag(end) !== SIGNATURE) reader.fail("has an author without a signature");
  author.signature = readBytes(reader, end, 64);
  if (reader.at !== end) reader.fail("has an unknown field in an author signature");
  return author;
}

function readBytes(reader: WireReader, end: number, length: number): Uint8Array {
  const valueEnd = reader.lengthDelimitedEnd(end);
  if (valueEnd - reader.at !== length) reader.fail(`has a field that is not ${length} bytes`);
  const value = reader.bytes.subarray(reader.at, valueEnd);
  reader.at = valueEnd;
  return value;
}

function readUint64(reader: WireReader, end: number): bigint {
  const start = reader.at;
  reader.skipVarint64(end);
  let value = 0n;
  for (let i = reader.at - 1; i >= start; i--) {
    value = (value << 7n) | BigInt((reader.bytes[i] ?? 0) & 0x7f);
  }
  if (value === 0n) reader.fail("has a default written");
  return value;
}

function writeBytes(out: Uint8Array, at: number, tag: number, value: Uint8Array): number {
  out[at] = tag;
  out[at + 1] = value.length;
  out.set(value, at + 2);
  return at + 2 + value.length;
}

// Digits of 7 bits, lowest first; none for 0, which is not written.
function varintOf(value: number | bigint): number[] {
  const digits: number[] = [];
  let rest = Number(value);
  if (!Number.isSafeInteger(rest) || rest < 0) throw new RangeError("scope index is out of range");
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) digits.push((rest % 0x80) | 0x80);
  if (rest > 0) digits.push(rest);
  return digits;
}

function optional32(hash: Uint8Array | undefined): Uint8Array | undefined {
  if (hash === undefined || hash.length === 0) return undefined;
  if (hash.length !== 32) throw new RangeError("evidence hash field is not 32 bytes");
  return hash;
}
