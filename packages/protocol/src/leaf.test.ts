import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { sha256 } from "#crypto";
import { concatBytes, fromHex, toHex } from "./bytes.ts";
import {
  asEntryKind,
  checkLeafLink,
  ENTRY_KINDS,
  type EntryKind,
  encodeLeaf,
  entryKindName,
  hashLeaf,
  isScopedKind,
  LEAF_BYTES,
  type Leaf,
  parseLeaf,
} from "./leaf.ts";

const malformed = { name: "MalformedError", code: "MALFORMED_LEAF" };
const link = { name: "VerificationError", code: "LINK_MISMATCH" };
const filled = (byte: number) => new Uint8Array(32).fill(byte);
const leaf: Leaf = {
  kind: ENTRY_KINDS.retraction,
  index: 0x0102030405060708n,
  timeUnixMs: 0x1112131415161718n,
  previous: filled(0x21),
  subject: filled(0x22),
  evidence: filled(0x23),
};

test("writes the 114 bytes of the format", () => {
  const expected = `01020102030405060708${"1112131415161718"}${"21".repeat(32)}`;
  const bytes = encodeLeaf(leaf);
  assert.equal(toHex(bytes), expected + "22".repeat(32) + "23".repeat(32));
  assert.equal(bytes.length, LEAF_BYTES);
});

test("reads back what it writes", () => {
  const hash = fc.uint8Array({ minLength: 32, maxLength: 32 });
  const uint64 = fc.bigInt(0n, 2n ** 64n - 1n);
  const kind = fc.constantFrom(...Object.values(ENTRY_KINDS));
  const hashes = { previous: hash, subject: hash, evidence: hash };
  const any = fc.record(
    { kind, index: uint64, timeUnixMs: uint64, ...hashes },
    { noNullPrototype: true },
  );
  fc.assert(fc.property(any, (value) => assert.deepEqual(parseLeaf(encodeLeaf(value)), value)));
});

test("refuses another length, version or kind", () => {
  const bytes = encodeLeaf(leaf);
  assert.throws(() => parseLeaf(bytes.subarray(1)), malformed);
  assert.throws(() => parseLeaf(new Uint8Array(115)), malformed);
  assert.throws(() => hashLeaf(bytes.subarray(1)), malformed);
  for (const [at, byte] of [
    [0, 0],
    [0, 2],
    [1, 0],
    [1, 11],
    [1, 255],
  ] as const) {
    const changed = Uint8Array.from(bytes);
    changed[at] = byte;
    assert.throws(() => parseLeaf(changed), malformed, `${at} ${byte}`);
  }
});

test("refuses to write numbers and hashes that do not fit", () => {
  assert.throws(() => encodeLeaf({ ...leaf, index: -1n }), RangeError);
  assert.throws(() => encodeLeaf({ ...leaf, timeUnixMs: 2n ** 64n }), RangeError);
  assert.throws(() => encodeLeaf({ ...leaf, previous: new Uint8Array(31) }), RangeError);
});

test("hashes with the prefix 0x00", () => {
  const bytes = encodeLeaf(leaf);
  assert.deepEqual(hashLeaf(bytes), sha256(concatBytes(Uint8Array.of(0), bytes)));
});

test("links are zero at index 0, which is a key event, and only there", () => {
  const genesis: Leaf = { ...leaf, kind: ENTRY_KINDS["key-event"], index: 0n, previous: filled(0) };
  checkLeafLink(genesis);
  checkLeafLink(leaf);
  assert.throws(() => checkLeafLink({ ...genesis, kind: ENTRY_KINDS.fact }), link);
  assert.throws(() => checkLeafLink({ ...genesis, previous: fromHex("01".repeat(32)) }), link);
  assert.throws(() => checkLeafLink({ ...leaf, previous: filled(0) }), link);
});

test("names the kinds and knows which belong to a scope", () => {
  const scoped: EntryKind[] = [];
  for (const [name, kind] of Object.entries(ENTRY_KINDS)) {
    assert.equal(entryKindName(kind), name);
    assert.equal(asEntryKind(kind), kind);
    if (isScopedKind(kind)) scoped.push(kind);
  }
  assert.deepEqual(scoped, [1, 2, 3, 9, 10]);
  for (const kind of [0, 11, 1.5, -1]) assert.throws(() => asEntryKind(kind), malformed);
});
