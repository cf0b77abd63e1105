import assert from "node:assert/strict";
import { test } from "node:test";
import { canonicalJson } from "./jcs.ts";

test("sorts members by UTF-16 code units, as RFC 8785 §3.2.3 shows", () => {
  const input = {
    "€": "Euro Sign",
    "\r": "Carriage Return",
    "\ufb33": "Hebrew Letter Dalet With Dagesh",
    "1": "One",
    "\u{1f600}": "Emoji: Grinning Face",
    "\u0080": "Control",
    ö: "Latin Small Letter O With Diaeresis",
  };
  const values = Object.values(JSON.parse(canonicalJson(input)) as Record<string, string>);
  // JSON.parse moves integer-like names to the front, where "1" would stand second.
  assert.deepEqual(values, [
    "One",
    "Carriage Return",
    "Control",
    "Latin Small Letter O With Diaeresis",
    "Euro Sign",
    "Emoji: Grinning Face",
    "Hebrew Letter Dalet With Dagesh",
  ]);
  assert.ok(canonicalJson(input).startsWith('{"\\r":"Carriage Return","1":"One","\u0080"'));
});

test("escapes strings as RFC 8785 §3.2.2 does and writes no white space", () => {
  const value = { string: '€$\u000f\nA\'B"\\\\"/', literals: [null, true, false], n: -1 };
  const expected =
    '{"literals":[null,true,false],"n":-1,"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}';
  assert.equal(canonicalJson(value), expected);
});

test("refuses numbers and strings that it does not cover", () => {
  for (const value of [0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) {
    assert.throws(() => canonicalJson(value), TypeError);
  }
  assert.throws(() => canonicalJson("\ud800"), TypeError);
});

test("gives one text whatever the order of members, and reads back to the same value", () => {
  const object = { b: [1, { d: "x", c: -0 }], a: null, "a b": true, "": "empty" };
  const reversed = Object.fromEntries(Object.entries(object).reverse());
  const text = canonicalJson(object);
  assert.equal(text, '{"":"empty","a":null,"a b":true,"b":[1,{"c":0,"d":"x"}]}');
  assert.equal(canonicalJson(reversed as typeof object), text);
  assert.equal(canonicalJson(JSON.parse(text)), text);
});
