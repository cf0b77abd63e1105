// Mutations of any bytes: flips, edits, cuts, doubled and swapped ranges, splices of two inputs.
import type { Random } from "../random.ts";
import type { Draft } from "./draft.ts";

/** Changes the draft; `pool` are the valid inputs, to take parts from. */
export type Mutator = (draft: Draft, random: Random, pool: readonly Uint8Array[]) => void;

const EDGES = [0, 1, 2, 0x0a, 0x20, 0x7f, 0x80, 0x81, 0xc0, 0xed, 0xfe, 0xff];
const RANGE_MAX = 64;
const BIG_BYTES = 96 * 1024;

function flipBit(draft: Draft, random: Random): void {
  const at = random.below(draft.length);
  draft.set(at, draft.at(at) ^ (1 << random.below(8)));
}

function setByte(draft: Draft, random: Random): void {
  draft.set(random.below(draft.length), random.once(2) ? random.pick(EDGES) : random.below(256));
}

function addToByte(draft: Draft, random: Random): void {
  const at = random.below(draft.length);
  draft.set(at, (draft.at(at) + random.pick([1, 255, 16, 240, 128])) & 0xff);
}

function cutEnd(draft: Draft, random: Random): void {
  draft.truncate(random.once(2) ? draft.length - 1 - random.below(8) : random.below(draft.length));
}

function cutStart(draft: Draft, random: Random): void {
  draft.replace(0, 1 + random.below(Math.min(draft.length, RANGE_MAX)), []);
}

function removeRange(draft: Draft, random: Random): void {
  const [start, end] = range(draft, random);
  draft.replace(start, end, []);
}

function doubleRange(draft: Draft, random: Random): void {
  const [start, end] = range(draft, random);
  draft.replace(end, end, draft.bytes.subarray(start, end));
}

function moveRange(draft: Draft, random: Random): void {
  const [start, end] = range(draft, random);
  const part = draft.bytes.slice(start, end);
  draft.replace(start, end, []);
  const to = random.below(draft.length + 1);
  draft.replace(to, to, part);
}

function fillRange(draft: Draft, random: Random): void {
  const [start, end] = range(draft, random);
  const byte = random.pick(EDGES);
  for (let i = start; i < end; i++) draft.set(i, byte);
}

function insertBytes(draft: Draft, random: Random): void {
  const at = random.below(draft.length + 1);
  const bytes = Array.from({ length: 1 + random.below(8) }, () => random.below(256));
  draft.replace(at, at, bytes);
}

function writeNumber(draft: Draft, random: Random): void {
  const width = random.pick([2, 4, 8]);
  const value = random.pick([0n, 1n, -1n, 1n << 31n, 1n << 32n, 1n << 53n, 1n << 63n, 255n]);
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, BigInt.asUintN(64, value), random.once(2));
  const at = random.below(draft.length);
  for (let i = 0; i < width; i++) draft.set(at + i, view.getUint8(i));
}

/** The beginning of this and the end of another, at one place or at two. */
function splice(draft: Draft, random: Random, pool: readonly Uint8Array[]): void {
  const other = random.pick(pool);
  const at = random.below(draft.length + 1);
  const from = random.once(2) ? Math.min(at, other.length) : random.below(other.length + 1);
  draft.replace(at, draft.length, other.subarray(from));
}

function copyFromOther(draft: Draft, random: Random, pool: readonly Uint8Array[]): void {
  const other = random.pick(pool);
  const length = 1 + random.below(RANGE_MAX);
  const from = random.below(Math.max(1, other.length - length));
  const at = random.below(draft.length + 1);
  const end = random.once(2) ? at : Math.min(draft.length, at + length);
  draft.replace(at, end, other.subarray(from, from + length));
}

function appendOther(draft: Draft, random: Random, pool: readonly Uint8Array[]): void {
  draft.replace(draft.length, draft.length, random.once(2) ? [0] : random.pick(pool));
}

/** One in many is as long as a range of it, over and over: what is not linear shows itself. */
function swell(draft: Draft, random: Random): void {
  if (!random.once(200)) return;
  const [start, end] = range(draft, random);
  const part = draft.bytes.slice(start, end);
  if (part.length === 0) return;
  const out = new Uint8Array(BIG_BYTES);
  for (let at = 0; at + part.length <= out.length; at += part.length) out.set(part, at);
  draft.replace(end, end, out);
}

function range(draft: Draft, random: Random): [start: number, end: number] {
  const start = random.below(draft.length);
  const length = 1 + random.below(random.once(4) ? draft.length : RANGE_MAX);
  return [start, Math.min(draft.length, start + length)];
}

export const byteMutators: readonly Mutator[] = [
  flipBit,
  flipBit,
  setByte,
  setByte,
  addToByte,
  cutEnd,
  cutStart,
  removeRange,
  doubleRange,
  moveRange,
  fillRange,
  insertBytes,
  writeNumber,
  splice,
  splice,
  copyFromOther,
  appendOther,
  swell,
];
