import assert from "node:assert/strict";
import { test } from "node:test";
import { ed25519 as noble } from "@noble/curves/ed25519.js";
import { sha512 } from "@noble/hashes/sha2.js";
import fc from "fast-check";
import { concatBytes, fromHex, toHex, utf8 } from "./bytes.ts";
import * as nobleBackend from "./crypto/noble.ts";
import * as nodeBackend from "./crypto/node.ts";
import { ed25519, strictEd25519 } from "./ed25519.ts";

const { Point } = noble;
type Point = InstanceType<typeof Point>;

const backends = { node: strictEd25519(nodeBackend), noble: strictEd25519(nobleBackend) };
const L = Point.Fn.ORDER;
const P = Point.Fp.ORDER;
const message = utf8("fact");
const secret = 0x1234567890abcdefn;
// A point of order 8, and with it all eight points of small order.
const torsion = Point.fromBytes(
  fromHex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
);
const small = Array.from({ length: 8 }, (_, i) => torsion.multiplyUnsafe(BigInt(i)));
const honestKey = Point.BASE.multiply(secret);

test("agrees with RFC 8032 test 2", () => {
  const seed = fromHex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb");
  const key = fromHex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
  const signature =
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da" +
    "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00";
  for (const backend of Object.values(backends)) {
    assert.deepEqual(backend.publicKey(seed), key);
    assert.equal(toHex(backend.sign(seed, Uint8Array.of(0x72))), signature);
    assert.equal(toHex(backend.signer(seed)(Uint8Array.of(0x72))), signature);
    assert.ok(backend.verify(key, Uint8Array.of(0x72), fromHex(signature)));
  }
});

test("the backends derive, sign and judge alike, and one changed bit is refused", () => {
  const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 });
  fc.assert(
    fc.property(bytes32, fc.uint8Array(), fc.nat({ max: 511 }), (seed, data, bit) => {
      const key = backends.node.publicKey(seed);
      const signature = backends.node.sign(seed, data);
      assert.deepEqual(backends.noble.publicKey(seed), key);
      assert.deepEqual(backends.noble.sign(seed, data), signature);
      assertVerdict(true, key, data, signature);
      const changed = Uint8Array.from(signature);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      assertVerdict(false, key, data, changed);
    }),
    { numRuns: 30 },
  );
});

test("refuses every key of small order, however it is spelled", () => {
  for (const key of small) {
    for (const spelling of spellings(key)) {
      // The equation holds with R = [S]B − [k]A for some R of small order; try all of them.
      for (const r of small) assertVerdict(false, spelling, message, signatureOf(r, 0n));
    }
  }
});

test("takes a key of mixed order where the equation holds without the cofactor", () => {
  const key = honestKey.add(torsion);
  const { accepted, refused } = mixedOrderSignatures(key, Point.BASE.multiply(99n), 99n);
  assertVerdict(true, key.toBytes(), accepted.message, accepted.signature);
  assertVerdict(false, key.toBytes(), refused.message, refused.signature);
});

test("takes an R of small order where the equation holds, and refuses it where not", () => {
  for (const r of small) {
    const challenge = challengeOf(r.toBytes(), honestKey.toBytes(), message);
    const signature = signatureOf(r, (challenge * secret) % L);
    assertVerdict(r.equals(Point.ZERO), honestKey.toBytes(), message, signature);
  }
});

test("refuses an R that is not canonical, even where it names the right point", () => {
  // y = 1 and y = p + 1 are both the neutral element.
  const r = littleEndian(P + 1n);
  const challenge = challengeOf(r, honestKey.toBytes(), message);
  const signature = concatBytes(r, littleEndian((challenge * secret) % L));
  assertVerdict(false, honestKey.toBytes(), message, signature);
});

test("refuses a key that is not canonical", () => {
  for (let y = P; y < 2n ** 255n; y++) {
    for (const key of [littleEndian(y), littleEndian(y + 2n ** 255n)]) {
      assertVerdict(false, key, message, signatureOf(Point.ZERO, 0n));
    }
  }
});

test("refuses a key that is not on the curve", () => {
  assertVerdict(false, littleEndian(2n), message, signatureOf(Point.ZERO, 0n));
});

test("refuses S of L or more", () => {
  const seed = new Uint8Array(32).fill(7);
  const key = ed25519.publicKey(seed);
  const signature = ed25519.sign(seed, message);
  const s = bigintOf(signature.subarray(32));
  for (let multiple = 1n; s + multiple * L < 2n ** 256n; multiple++) {
    const malleable = concatBytes(signature.subarray(0, 32), littleEndian(s + multiple * L));
    assertVerdict(false, key, message, malleable);
  }
  assertVerdict(false, key, message, concatBytes(signature.subarray(0, 32), littleEndian(L)));
});

test("refuses keys, signatures and seeds of other lengths", () => {
  const seed = new Uint8Array(32).fill(7);
  const key = ed25519.publicKey(seed);
  const signature = ed25519.sign(seed, message);
  assertVerdict(false, key.subarray(1), message, signature);
  assertVerdict(false, key, message, signature.subarray(1));
  assertVerdict(false, key, message, concatBytes(signature, Uint8Array.of(0)));
  assert.throws(() => ed25519.sign(seed.subarray(1), message), RangeError);
  assert.throws(() => ed25519.publicKey(new Uint8Array(64)), RangeError);
});

test("both backends hash alike", () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.uint8Array(), (key, data) => {
      assert.deepEqual(nodeBackend.sha256(data), nobleBackend.sha256(data));
      assert.deepEqual(nodeBackend.hmacSha256(key, data), nobleBackend.hmacSha256(key, data));
    }),
  );
});

function assertVerdict(
  verdict: boolean,
  publicKey: Uint8Array,
  data: Uint8Array,
  signature: Uint8Array,
): void {
  for (const [name, backend] of Object.entries(backends)) {
    assert.equal(
      backend.verify(publicKey, data, signature),
      verdict,
      `${name} ${toHex(publicKey)}`,
    );
  }
}

// Without the cofactor [k]A carries a torsion part unless k is a multiple of 8: looks for a message
// where it vanishes, and for one where it does not (which the cofactored equation would take).
function mixedOrderSignatures(key: Point, r: Point, nonce: bigint) {
  const found: { accepted?: Signed; refused?: Signed } = {};
  for (let i = 0; !(found.accepted && found.refused); i++) {
    const data = utf8(`message ${i}`);
    const challenge = challengeOf(r.toBytes(), key.toBytes(), data);
    const signed = { message: data, signature: signatureOf(r, (nonce + challenge * secret) % L) };
    if (challenge % 8n === 0n) found.accepted = signed;
    else found.refused = signed;
  }
  return { accepted: found.accepted, refused: found.refused };
}

interface Signed {
  message: Uint8Array;
  signature: Uint8Array;
}

function spellings(point: Point): Uint8Array[] {
  const { x, y } = point.toAffine();
  const signs = x === 0n ? [0n, 1n] : [x & 1n];
  const ys = y + P < 2n ** 255n ? [y, y + P] : [y];
  return signs.flatMap((sign) => ys.map((value) => littleEndian(value + (sign << 255n))));
}

function signatureOf(r: Point, s: bigint): Uint8Array {
  return concatBytes(r.toBytes(), littleEndian(s));
}

function challengeOf(r: Uint8Array, key: Uint8Array, data: Uint8Array): bigint {
  return bigintOf(sha512(concatBytes(r, key, data))) % L;
}

function littleEndian(value: bigint): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_, i) => Number((value >> BigInt(8 * i)) & 0xffn));
}

function bigintOf(bytes: Uint8Array): bigint {
  return bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
}
