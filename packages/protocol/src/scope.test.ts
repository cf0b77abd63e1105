import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { utf8 } from "./bytes.ts";
import {
  isScope,
  isScopeBytes,
  isScopePattern,
  matchesScope,
  parseScope,
  parseScopePattern,
  scopeAncestors,
} from "./scope.ts";

const legal = ["a", "0", "a-", "a..", "a.b/c-d/e_f", "team/a", "x".repeat(128), "a/b/c/d/e/f"];
const illegal = [
  "",
  "/",
  "a/",
  "/a",
  "a//b",
  ".",
  "..",
  "a/.",
  "../a",
  "-a",
  "_a",
  "A",
  "a b",
  "a:b",
];
const odd = ["a\n", "a\0", "é", "*", "a/*", "x".repeat(129), "ａ", "a/b/"];

test("takes legal scopes and refuses all others", () => {
  for (const scope of legal) assert.equal(parseScope(scope), scope);
  for (const scope of [...illegal, ...odd]) {
    assert.throws(() => parseScope(scope), { code: "MALFORMED_SCOPE" }, scope);
  }
});

test("judges bytes as it judges text, and as the grammar does", () => {
  const alphabet = fc.constantFrom(..."ab0./-_A* é");
  const grammar = /^[a-z0-9][a-z0-9_.-]*(?:\/[a-z0-9][a-z0-9_.-]*)*$/;
  fc.assert(
    fc.property(fc.string({ unit: alphabet, maxLength: 12 }), (scope) => {
      const bytes = utf8(`??${scope}!`);
      assert.equal(isScope(scope), grammar.test(scope));
      assert.equal(isScopeBytes(bytes, 2, bytes.length - 1), isScope(scope));
    }),
  );
});

test("takes an exact scope, a scope and /*, or *, as a pattern, and nothing else", () => {
  for (const pattern of [...legal, "*", "a/*", "a/b/*"]) {
    assert.equal(parseScopePattern(pattern), pattern);
  }
  for (const pattern of [...illegal, "**", "/*", "a/**", "a*", "a/*/b", "*/a", "a/*/*", "a//*"]) {
    assert.ok(!isScopePattern(pattern), pattern);
    assert.throws(() => parseScopePattern(pattern), { code: "MALFORMED_SCOPE" }, pattern);
  }
});

test("matches below a pattern by whole segments, and not the scope itself", () => {
  assert.ok(matchesScope("*", "a/b"));
  assert.ok(matchesScope("a", "a"));
  assert.ok(!matchesScope("a", "a/b"));
  assert.ok(matchesScope("a/*", "a/b"));
  assert.ok(matchesScope("a/*", "a/b/c"));
  assert.ok(!matchesScope("a/*", "a"));
  assert.ok(!matchesScope("a/*", "ab"));
  assert.ok(!matchesScope("a/*", "ab/c"));
});

test("names the scopes above, nearest first", () => {
  assert.deepEqual(scopeAncestors("a/b/c"), ["a/b", "a"]);
  assert.deepEqual(scopeAncestors("a"), []);
});
