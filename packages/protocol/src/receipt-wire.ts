// Canonical receipt bytes, written by hand into one buffer of the right size: every append makes
// a receipt, and a general encoder costs more than the proof in it.
const BODY = 10;
const BLIND = 18;
const EVIDENCE_PUBLIC = 26;
const EVIDENCE_PRIVATE_HASH = 34;
const EVIDENCE_PRIVATE = 42;
const LEAF = 50;
const ANCHOR = 58;
const CHECKPOINT = 10;
const INCLUSION = 18;
const BUNDLE = 26;
const COSIGNATURE = 34;

export interface AnchorFields {
  checkpoint?: Uint8Array | undefined;
  inclusion?: readonly Uint8Array[] | undefined;
  bundles?: readonly Uint8Array[] | undefined;
  cosignatures?: readonly Uint8Array[] | undefined;
}

/** The members of strongroom.receipt.v1.Receipt; empty and absent are the same. */
export interface ReceiptFields {
  body?: Uint8Array | undefined;
  blind?: Uint8Array | undefined;
  evidencePublic?: Uint8Array | undefined;
  evidencePrivateHash?: Uint8Array | undefined;
  evidencePrivate?: Uint8Array | undefined;
  leaf?: Uint8Array | undefined;
  anchors?: readonly AnchorFields[] | undefined;
}

/** Tags of a message with their values, in the order they are written. */
type Field = readonly [tag: number, value: Uint8Array];

export function writeReceipt(receipt: ReceiptFields): Uint8Array {
  const singular = present([
    [BODY, receipt.body],
    [BLIND, receipt.blind],
    [EVIDENCE_PUBLIC, receipt.evidencePublic],
    [EVIDENCE_PRIVATE_HASH, receipt.evidencePrivateHash],
    [EVIDENCE_PRIVATE, receipt.evidencePrivate],
    [LEAF, receipt.leaf],
  ]);
  const anchors = (receipt.anchors ?? []).map(anchorFields);
  const anchorSizes = anchors.map(sizeOf);
  let size = sizeOf(singular);
  for (const anchorSize of anchorSizes) size += 1 + varintBytes(anchorSize) + anchorSize;
  const out = new Uint8Array(size);
  let at = writeFields(out, 0, singular);
  for (const [i, fields] of anchors.entries()) {
    out[at] = ANCHOR;
    at = writeVarint(out, at + 1, anchorSizes[i] ?? 0);
    at = writeFields(out, at, fields);
  }
  return out;
}

function anchorFields(anchor: AnchorFields): Field[] {
  const fields = present([[CHECKPOINT, anchor.checkpoint]]);
  for (const hash of anchor.inclusion ?? []) fields.push([INCLUSION, hash]);
  for (const bundle of anchor.bundles ?? []) fields.push([BUNDLE, bundle]);
  for (const line of anchor.cosignatures ?? []) fields.push([COSIGNATURE, line]);
  return fields;
}

// A singular field is left out at its default.
function present(fields: readonly (readonly [number, Uint8Array | undefined])[]): Field[] {
  const kept: Field[] = [];
  for (const [tag, value] of fields) if (value && value.length > 0) kept.push([tag, value]);
  return kept;
}

function sizeOf(fields: readonly Field[]): number {
  let size = 0;
  for (const [, { length }] of fields) size += 1 + varintBytes(length) + length;
  return size;
}

function writeFields(out: Uint8Array, start: number, fields: readonly Field[]): number {
  let at = start;
  for (const [tag, value] of fields) {
    out[at] = tag;
    at = writeVarint(out, at + 1, value.length);
    out.set(value, at);
    at += value.length;
  }
  return at;
}

function varintBytes(value: number): number {
  let bytes = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes++;
  return bytes;
}

function writeVarint(out: Uint8Array, start: number, value: number): number {
  let at = start;
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) out[at++] = (rest % 0x80) | 0x80;
  out[at++] = rest;
  return at;
}
