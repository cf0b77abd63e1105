// strongroom.fact.v1.AppendResponse, written by hand around the receipt that the commit thread has
// encoded: decoding it only to encode it again would cost more than everything else in the answer.
import type { Appended } from "@strongroom/store";

const CID = 10;
const INDEX = 16;
const TREE_SIZE = 24;
const RECEIPT = 34;
const EXISTING = 40;
/** Five tags, two lengths, two integers of 64 bits and a boolean. */
const OVERHEAD_MAX = 5 + 2 * 10 + 2 * 10 + 1;

export function encodeAppendResponse(appended: Appended): Uint8Array {
  const { cid, receipt } = appended;
  // Unzeroed memory from Buffer's pool: every byte that is returned is written here.
  const out = Buffer.allocUnsafe(OVERHEAD_MAX + cid.length + receipt.length);
  let at = writeBytes(out, 0, CID, cid);
  if (appended.index > 0) at = writeVarint(out, writeTag(out, at, INDEX), appended.index);
  at = writeVarint(out, writeTag(out, at, TREE_SIZE), appended.treeSize);
  at = writeBytes(out, at, RECEIPT, receipt);
  if (appended.existing) at = writeVarint(out, writeTag(out, at, EXISTING), 1);
  return out.subarray(0, at);
}

function writeBytes(out: Buffer, start: number, tag: number, value: Uint8Array): number {
  const at = writeVarint(out, writeTag(out, start, tag), value.length);
  out.set(value, at);
  return at + value.length;
}

function writeTag(out: Buffer, at: number, tag: number): number {
  out[at] = tag;
  return at + 1;
}

function writeVarint(out: Buffer, start: number, value: number): number {
  let at = start;
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) out[at++] = (rest % 0x80) | 0x80;
  out[at++] = rest;
  return at;
}
