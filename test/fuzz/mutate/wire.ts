// Mutations that know protobuf: fields dropped, doubled, in other orders, of other types; padded
// varints; lengths that lie; and any mutation inside a field whose length is then put right.
import type { Random } from "../random.ts";
import { byteMutators, type Mutator } from "./bytes.ts";
import { Draft } from "./draft.ts";

interface Field {
  start: number;
  /** Where the length or the value begins. */
  tagEnd: number;
  /** After the length, if there is one. */
  valueStart: number;
  end: number;
  wireType: number;
}

const LENGTH_DELIMITED = 2;
const FIELDS_MAX = 200;

function withField(change: (draft: Draft, field: Field, random: Random) => void): Mutator {
  return (draft, random, pool) => {
    const fields = fieldsOf(draft.bytes);
    if (fields.length === 0) return random.pick(byteMutators)(draft, random, pool);
    change(draft, random.pick(fields), random);
  };
}

const dropField = withField((draft, field) => draft.replace(field.start, field.end, []));

const doubleField = withField((draft, field) => {
  draft.replace(field.end, field.end, draft.bytes.subarray(field.start, field.end));
});

const moveField = withField((draft, field, random) => {
  const part = draft.bytes.slice(field.start, field.end);
  draft.replace(field.start, field.end, []);
  const others = fieldsOf(draft.bytes);
  const at = others.length === 0 ? 0 : random.pick(others)[random.once(2) ? "start" : "end"];
  draft.replace(at, at, part);
});

const padTag = withField((draft, field, random) => padVarint(draft, field.tagEnd, random));

const padLengthOrValue = withField((draft, field, random) => {
  if (field.wireType === LENGTH_DELIMITED) padVarint(draft, field.valueStart, random);
  else if (field.wireType === 0) padVarint(draft, field.end, random);
});

const lieAboutLength = withField((draft, field, random) => {
  if (field.wireType !== LENGTH_DELIMITED) return;
  const length = field.end - field.valueStart;
  const lie = random.pick([0, length - 1, length + 1, length * 2, 127, 128, 2 ** 28, 2 ** 32 - 1]);
  draft.replace(field.tagEnd, field.valueStart, varint(Math.max(0, lie)));
});

const changeType = withField((draft, field, random) => {
  draft.set(field.start, (draft.at(field.start) & ~7) | random.below(8));
});

const changeNumber = withField((draft, field, random) => {
  const number = random.pick([0, 1, 4, 9, 15, 16, 20, 21, 99, 2047, 2 ** 29 - 1]);
  draft.replace(field.start, field.tagEnd, varint(number * 8 + field.wireType));
});

const writeDefault = withField((draft, field) => {
  if (field.wireType === LENGTH_DELIMITED) draft.replace(field.tagEnd, field.end, [0]);
  else if (field.wireType === 0) draft.replace(field.tagEnd, field.end, [0]);
  else for (let i = field.tagEnd; i < field.end; i++) draft.set(i, 0);
});

const writeHugeNumber = withField((draft, field, random) => {
  if (field.wireType === 0) draft.replace(field.tagEnd, field.end, random.pick(HUGE_VARINTS));
  else if (field.wireType === 1) {
    random.pick(ODD_DOUBLES).forEach((byte, i) => {
      draft.set(field.tagEnd + i, byte);
    });
  }
});

const takeFieldOfOther: Mutator = (draft, random, pool) => {
  const other = random.pick(pool);
  const fields = fieldsOf(other);
  if (fields.length === 0) return;
  const { start, end } = random.pick(fields);
  const own = fieldsOf(draft.bytes);
  const place = own.length === 0 ? undefined : random.pick(own);
  const at = place?.start ?? draft.length;
  draft.replace(at, random.once(2) ? (place?.end ?? at) : at, other.subarray(start, end));
};

const inner = new Draft();

/** Goes into one field, mutates there, and writes the new length in front. */
const inside: Mutator = (draft, random, pool) => {
  const fields = fieldsOf(draft.bytes).filter(({ wireType }) => wireType === LENGTH_DELIMITED);
  if (fields.length === 0) return random.pick(byteMutators)(draft, random, pool);
  const field = random.pick(fields);
  inner.load(draft.bytes.subarray(field.valueStart, field.end));
  const mutator = random.pick(random.once(2) ? byteMutators : shallowMutators);
  mutator(inner, random, pool);
  const length = varint(inner.length);
  const value = inner.bytes.slice();
  draft.replace(field.valueStart, field.end, value);
  draft.replace(field.tagEnd, field.valueStart, length);
};

const shallowMutators: readonly Mutator[] = [
  dropField,
  doubleField,
  moveField,
  padTag,
  padLengthOrValue,
  lieAboutLength,
  changeType,
  changeNumber,
  writeDefault,
  writeHugeNumber,
  takeFieldOfOther,
];

export const wireMutators: readonly Mutator[] = [
  ...shallowMutators,
  inside,
  inside,
  inside,
  inside,
];

const HUGE_VARINTS = [
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
  [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01],
  [0xff, 0xff, 0xff, 0xff, 0x0f],
  [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10],
];

// Little-endian: infinity, NaN, -0, the least, 1 and a bit, 2.
const ODD_DOUBLES = [
  [0, 0, 0, 0, 0, 0, 0xf0, 0x7f],
  [1, 0, 0, 0, 0, 0, 0xf8, 0x7f],
  [0, 0, 0, 0, 0, 0, 0, 0x80],
  [1, 0, 0, 0, 0, 0, 0, 0],
  [1, 0, 0, 0, 0, 0, 0xf0, 0x3f],
  [0, 0, 0, 0, 0, 0, 0, 0x40],
];

function padVarint(draft: Draft, end: number, random: Random): void {
  draft.set(end - 1, draft.at(end - 1) | 0x80);
  const padding = Array.from({ length: random.once(8) ? 9 : random.below(3) }, () => 0x80);
  draft.replace(end, end, [...padding, 0]);
}

/** The fields at the top, as far as the bytes are wire format. */
function fieldsOf(bytes: Uint8Array): Field[] {
  const fields: Field[] = [];
  for (let start = 0; start < bytes.length && fields.length < FIELDS_MAX; ) {
    const field = fieldAt(bytes, start);
    if (field === undefined || field.end > bytes.length) break;
    fields.push(field);
    start = field.end;
  }
  return fields;
}

function fieldAt(bytes: Uint8Array, start: number): Field | undefined {
  const [tag, tagEnd] = readVarint(bytes, start);
  const wireType = tag & 7;
  const field = { start, tagEnd, valueStart: tagEnd, end: tagEnd, wireType };
  if (wireType === 0) return { ...field, end: readVarint(bytes, tagEnd)[1] };
  if (wireType === 1) return { ...field, end: tagEnd + 8 };
  if (wireType === 5) return { ...field, end: tagEnd + 4 };
  if (wireType !== LENGTH_DELIMITED) return undefined;
  const [length, valueStart] = readVarint(bytes, tagEnd);
  return { ...field, valueStart, end: valueStart + length };
}

function readVarint(bytes: Uint8Array, start: number): [value: number, end: number] {
  let value = 0;
  let unit = 1;
  for (let at = start; at < bytes.length && at < start + 10; at++) {
    const byte = bytes[at] ?? 0;
    value += (byte & 0x7f) * unit;
    unit *= 0x80;
    if (byte < 0x80) return [value, at + 1];
  }
  return [value, bytes.length + 1];
}

function varint(value: number): number[] {
  const digits: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) digits.push((rest % 0x80) | 0x80);
  return [...digits, rest];
}
