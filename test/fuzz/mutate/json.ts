// Mutations that know JSON: doubled, dropped and renamed members, values of other kinds, depth,
// white space, escapes.
import { utf8 } from "@strongroom/protocol";
import type { Random } from "../random.ts";
import type { Mutator } from "./bytes.ts";
import type { Draft } from "./draft.ts";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const VALUES = [
  "null",
  "true",
  "0",
  "-0",
  "1e400",
  "9007199254740993",
  "1.5",
  '""',
  '"A"',
  '"AA=="',
  '"AB=="',
  "[]",
  "{}",
  "[[]]",
  '[""]',
  '"\\ud800"',
  '"\\u0000"',
].map(utf8);
const NAMES = ['"__proto__"', '"constructor"', '"toString"', '"Body"', '"body"', '"leaf"'].map(
  utf8,
);
const BLANKS = [" ", "\n", "\t", "\r", "\u00a0", "\ufeff", "/**/", ","].map(utf8);

/** A string and what follows its colon: a member, as far as one can see from here. */
function memberAt(draft: Draft, from: number): [start: number, end: number] | undefined {
  const { bytes } = draft;
  const colon = bytes.indexOf(0x3a, from);
  if (colon < 0) return undefined;
  const close = bytes.lastIndexOf(QUOTE, colon);
  const start = close <= 0 ? -1 : bytes.lastIndexOf(QUOTE, close - 1);
  return start < 0 ? undefined : [start, valueEnd(bytes, colon + 1)];
}

function valueEnd(bytes: Uint8Array, start: number): number {
  let depth = 0;
  for (let at = start; at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte === QUOTE) at = stringEnd(bytes, at) - 1;
    else if (byte === 0x7b || byte === 0x5b) depth++;
    else if (byte === 0x7d || byte === 0x5d) {
      if (depth === 0) return at;
      depth--;
    } else if (byte === 0x2c && depth === 0) return at;
  }
  return bytes.length;
}

function stringEnd(bytes: Uint8Array, start: number): number {
  for (let at = start + 1; at < bytes.length; at++) {
    if (bytes[at] === BACKSLASH) at++;
    else if (bytes[at] === QUOTE) return at + 1;
  }
  return bytes.length;
}

const withMember =
  (change: (draft: Draft, start: number, end: number, random: Random) => void): Mutator =>
  (draft, random) => {
    const member = memberAt(draft, random.below(draft.length));
    if (member) change(draft, member[0], member[1], random);
  };

const doubleMember = withMember((draft, start, end) => {
  draft.replace(start, start, [...draft.bytes.slice(start, end), 0x2c]);
});

const dropMember = withMember((draft, start, end, random) => {
  const comma = draft.at(end) === 0x2c && !random.once(4) ? 1 : 0;
  draft.replace(start, end + comma, []);
});

const moveMember = withMember((draft, start, end, random) => {
  const part = [...draft.bytes.slice(start, end), 0x2c];
  draft.replace(start, end + (draft.at(end) === 0x2c ? 1 : 0), []);
  const to = memberAt(draft, random.below(draft.length));
  if (to) draft.replace(to[0], to[0], part);
});

const replaceValue = withMember((draft, start, end, random) => {
  const value = valueStart(draft, start);
  draft.replace(value, end, random.pick(VALUES));
});

const rename = withMember((draft, start, _end, random) => {
  draft.replace(start, stringEnd(draft.bytes, start), random.pick(NAMES));
});

const wrapValue = withMember((draft, start, end, random) => {
  const depth = random.once(50) ? 10_000 : 1 + random.below(12);
  const value = valueStart(draft, start);
  draft.replace(end, end, utf8("]".repeat(depth)));
  draft.replace(value, value, utf8("[".repeat(depth)));
});

const insertBlank: Mutator = (draft, random) => {
  const from = random.below(draft.length);
  const comma = draft.bytes.indexOf(random.pick([0x2c, 0x3a, 0x5b, 0x7d]), from);
  const at = comma < 0 ? draft.length : comma;
  draft.replace(at, at, random.once(3) ? random.pick(BLANKS) : [random.pick([0x20, 0x0a, 0x09])]);
};

/** The same character, spelled as an escape. */
const escapeCharacter: Mutator = (draft, random) => {
  const open = draft.bytes.indexOf(QUOTE, random.below(draft.length));
  if (open < 0 || open + 1 >= draft.length) return;
  const end = stringEnd(draft.bytes, open) - 1;
  const at = open + 1 + random.below(end - open - 1);
  const code = draft.at(at).toString(16).padStart(4, "0");
  draft.replace(at, at + 1, utf8(`\\u${code}`));
};

const takeMember: Mutator = (draft, random, pool) => {
  const member = memberAt(draft, random.below(draft.length));
  if (!member) return;
  const name = draft.bytes.slice(member[0], stringEnd(draft.bytes, member[0]));
  const other = Buffer.from(random.pick(pool));
  const at = other.indexOf(name);
  if (at < 0) return;
  const value = other.indexOf(0x3a, at);
  if (value < 0) return;
  draft.replace(member[0], member[1], other.subarray(at, valueEnd(other, value + 1)));
};

export const jsonMutators: readonly Mutator[] = [
  doubleMember,
  dropMember,
  moveMember,
  replaceValue,
  rename,
  wrapValue,
  insertBlank,
  insertBlank,
  escapeCharacter,
  takeMember,
  takeMember,
];

function valueStart(draft: Draft, memberStart: number): number {
  return draft.bytes.indexOf(0x3a, stringEnd(draft.bytes, memberStart) - 1) + 1;
}
