// Mutations that know text: lines and words moved about, numbers that are huge or spelled another
// way, the tricks of UTF-8 and base64.
import { utf8 } from "@strongroom/protocol";
import type { Random } from "../random.ts";
import type { Mutator } from "./bytes.ts";
import type { Draft } from "./draft.ts";

const NEWLINE = 0x0a;
const SPACE = 0x20;

const NUMBERS = [
  "00",
  "01",
  "-1",
  "+1",
  "1e3",
  "0x10",
  "1.0",
  "255",
  "256",
  "4294967296",
  "9007199254740993",
  "9223372036854775807",
  "9223372036854775808",
  "18446744073709551616",
  "99999999999999999999999999999",
  "１",
  "NaN",
].map(utf8);

const UTF8_TRICKS: readonly (readonly number[])[] = [
  [0xef, 0xbb, 0xbf], // byte order mark
  [0x00],
  [0xc0, 0x80], // overlong
  [0xe0, 0x80, 0x8a],
  [0xed, 0xa0, 0x80], // half a surrogate pair
  [0xee, 0x80, 0x80], // stands for half a pair in text targets: see textOf
  [0xf4, 0x90, 0x80, 0x80], // above U+10FFFF
  [0xc3], // cut
  [0xc2, 0xa0], // no-break space
  [0xc2, 0x85], // next line
  [0xe2, 0x80, 0xa8], // line separator
  [0xe2, 0x80, 0x94], // the dash of signature lines
  [0xe2, 0x80, 0xae], // right to left
  [0xef, 0xbc, 0x8b], // full-width plus
  [0xcc, 0x81], // combining accent
  [0x7f],
  [0x0d, 0x0a],
  [0x0d],
  [0x09],
  [0x0a],
  [0x0a, 0x0a],
  [0x20],
];

const BASE64 = utf8("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_= \n");
const SEPARATORS = utf8('+/:.-_*, \n\t="');

function insertTrick(draft: Draft, random: Random): void {
  const at = random.once(4) ? random.pick([0, draft.length]) : random.below(draft.length + 1);
  draft.replace(at, at, random.pick(UTF8_TRICKS));
}

/** Numbers, or any run of digits in hex or base64: another number in its place. */
function replaceNumber(draft: Draft, random: Random): void {
  const from = random.below(draft.length);
  let start = from;
  while (start < draft.length && !isDigit(draft.at(start))) start++;
  if (start === draft.length) start = 0;
  let end = start;
  while (end < draft.length && isDigit(draft.at(end))) end++;
  draft.replace(start, end, random.pick(NUMBERS));
}

/** The last characters before a separator: padding and trailing bits live there. */
function changeBase64(draft: Draft, random: Random): void {
  let at = random.below(draft.length);
  while (at < draft.length && draft.at(at) > SPACE && draft.at(at) !== 0x22) at++;
  const back = 1 + random.below(3);
  const character = random.pick([...BASE64]);
  if (random.once(3)) draft.replace(at, at, [character]);
  else draft.set(Math.max(0, at - back), character);
}

function changeSeparator(draft: Draft, random: Random): void {
  const from = random.below(draft.length);
  for (let i = 0; i < draft.length; i++) {
    const at = (from + i) % draft.length;
    if (!SEPARATORS.includes(draft.at(at))) continue;
    const by = random.once(3) ? [] : [random.pick([...SEPARATORS])];
    draft.replace(at, at + 1, random.once(3) ? [draft.at(at), ...by] : by);
    return;
  }
}

function changeCase(draft: Draft, random: Random): void {
  const at = random.below(draft.length);
  const byte = draft.at(at);
  const isLetter = (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a;
  draft.set(at, isLetter ? byte ^ 0x20 : 0x41 + random.below(26));
}

function splitInto(separator: number): {
  drop: Mutator;
  double: Mutator;
  swap: Mutator;
  take: Mutator;
} {
  return {
    drop: (draft, random) => {
      const [start, end] = partAt(draft.bytes, random.below(draft.length), separator);
      draft.replace(start, end, []);
    },
    double: (draft, random) => {
      const [start, end] = partAt(draft.bytes, random.below(draft.length), separator);
      const to = partAt(draft.bytes, random.below(draft.length), separator)[0];
      draft.replace(to, to, draft.bytes.slice(start, end));
    },
    swap: (draft, random) => {
      const [start, end] = partAt(draft.bytes, random.below(draft.length), separator);
      const part = draft.bytes.slice(start, end);
      draft.replace(start, end, []);
      const to = partAt(draft.bytes, random.below(draft.length), separator)[0];
      draft.replace(to, to, part);
    },
    take: (draft, random, pool) => {
      const other = random.pick(pool);
      const [from, to] = partAt(other, random.below(other.length), separator);
      const [start, end] = partAt(draft.bytes, random.below(draft.length), separator);
      draft.replace(start, random.once(2) ? end : start, other.subarray(from, to));
    },
  };
}

const lines = splitInto(NEWLINE);
const words = splitInto(SPACE);

export const textMutators: readonly Mutator[] = [
  insertTrick,
  insertTrick,
  replaceNumber,
  changeBase64,
  changeBase64,
  changeSeparator,
  changeCase,
  ...Object.values(lines),
  ...Object.values(words),
];

/** The line or word around a place, with the separator after it. */
function partAt(bytes: Uint8Array, at: number, separator: number): [start: number, end: number] {
  const start = at === 0 ? 0 : bytes.lastIndexOf(separator, at - 1) + 1;
  const next = bytes.indexOf(separator, at);
  return [start, next < 0 ? bytes.length : next + 1];
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}
