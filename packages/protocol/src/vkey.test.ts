import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { fromHex, toHex } from "./bytes.ts";
import { readVectors } from "./testing/vectors.ts";
import {
  cosignatureVerifier,
  ed25519Signer,
  ed25519Verifier,
  formatVkey,
  isKeyName,
  parseVkey,
} from "./vkey.ts";

interface VkeyVector {
  why: string;
  vkey: string;
  name: string;
  key_id: string;
  type: number;
  public_key: string;
}

const vectors = readVectors<{
  vkeys_valid: VkeyVector[];
  vkeys_invalid: { why: string; vkey: string; code: string }[];
}>("notes");
const malformed = { name: "MalformedError", code: "MALFORMED_VKEY" };
const seed = new Uint8Array(32).fill(7);

for (const vector of vectors.vkeys_valid) {
  test(`parses a verifier key: ${vector.why}`, () => {
    const parsed = parseVkey(vector.vkey);
    assert.equal(parsed.name, vector.name);
    assert.equal(parsed.keyId, Number.parseInt(vector.key_id, 16));
    assert.equal(parsed.type, vector.type);
    assert.equal(toHex(parsed.publicKey), vector.public_key);
    assert.equal(formatVkey(parsed), vector.vkey);
  });
}

for (const vector of vectors.vkeys_invalid) {
  test(`refuses a verifier key: ${vector.why}`, () => {
    assert.throws(() => parseVkey(vector.vkey), malformed);
  });
}

test("parses the log key of the held-out vectors back to its own text", () => {
  const log = readVectors<{ vkey: string; origin: string; log_seed: string }>("log_small");
  assert.equal(parseVkey(log.vkey).name, log.origin);
  const signer = ed25519Signer(log.origin, fromHex(log.log_seed));
  assert.equal(signer.keyId, parseVkey(log.vkey).keyId);
});

test("never accepts a verifier key with one character changed", () => {
  const { vkey } = vectors.vkeys_valid[2] ?? assert.fail();
  const index = fc.nat(vkey.length - 1);
  fc.assert(
    fc.property(index, fc.string({ minLength: 1, maxLength: 1 }), (at, character) => {
      fc.pre(vkey[at] !== character);
      const changed = vkey.slice(0, at) + character + vkey.slice(at + 1);
      assert.throws(() => parseVkey(changed), malformed);
    }),
  );
});

test("gives a witness key another id than a log key of the same name", () => {
  const publicKey = new Uint8Array(32).fill(9);
  const log = ed25519Verifier("a.example", publicKey);
  assert.notEqual(cosignatureVerifier("a.example", publicKey).keyId, log.keyId);
});

test("refuses illegal names and lengths when making keys", () => {
  for (const name of ["", "a b", "a+b", "a\u00a0b", "a\nb", "\ud800"]) {
    assert.equal(isKeyName(name), false);
    assert.throws(() => ed25519Verifier(name, new Uint8Array(32)), malformed);
    assert.throws(() => ed25519Signer(name, seed), malformed);
  }
  assert.throws(() => ed25519Verifier("a", new Uint8Array(31)), malformed);
});

test("refuses a verifier key of absurd length without decoding it", () => {
  assert.throws(() => parseVkey(`a+00000000+${"A".repeat(1 << 20)}`), malformed);
});
