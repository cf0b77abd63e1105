import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  concatBytes,
  equalBytes,
  fromBase64,
  fromHex,
  text,
  toBase64,
  toHex,
  utf8,
} from "./bytes.ts";
import { MalformedError } from "./errors.ts";

const malformed = { name: "MalformedError", code: "MALFORMED_ENCODING" };

test("hex and base64 agree with Node's and come back as the same bytes", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      assert.equal(toHex(bytes), Buffer.from(bytes).toString("hex"));
      assert.equal(toBase64(bytes), Buffer.from(bytes).toString("base64"));
      assert.deepEqual(fromHex(toHex(bytes)), bytes);
      assert.deepEqual(fromBase64(toBase64(bytes)), bytes);
    }),
  );
});

test("refuses hex that toHex would not write", () => {
  for (const hex of ["0", "0A", "0g", "é0", " 00", "0x00"]) {
    assert.throws(() => fromHex(hex), malformed, hex);
  }
});

test("refuses base64 that toBase64 would not write", () => {
  for (const base64 of [
    "A",
    "AA",
    "AAA",
    "AB==",
    "AAB=",
    "A===",
    "====",
    "A=AA",
    "AA-_",
    "AAA\n",
    " AAA=",
  ]) {
    assert.throws(() => fromBase64(base64), malformed, base64);
  }
});

test("carries the code of the format that the text is part of", () => {
  assert.throws(() => fromHex("zz", "MALFORMED_CID"), { code: "MALFORMED_CID" });
  assert.throws(() => fromBase64("z", "MALFORMED_NOTE"), { code: "MALFORMED_NOTE" });
  assert.ok(new MalformedError("MALFORMED_CID", "x") instanceof Error);
});

test("keeps a leading U+FEFF and refuses bytes that are not UTF-8", () => {
  assert.equal(text(utf8("\ufeffa")), "\ufeffa");
  assert.throws(() => text(Uint8Array.of(0xc3)), TypeError);
  assert.equal(text(Uint8Array.of(0xc3), false), "\ufffd");
});

test("joins and compares bytes", () => {
  const joined = concatBytes(Uint8Array.of(1), new Uint8Array(0), Uint8Array.of(2, 3));
  assert.deepEqual(joined, Uint8Array.of(1, 2, 3));
  assert.ok(equalBytes(joined, Uint8Array.of(1, 2, 3)));
  assert.ok(!equalBytes(joined, Uint8Array.of(1, 2)));
  assert.ok(!equalBytes(joined, Uint8Array.of(1, 2, 4)));
});
