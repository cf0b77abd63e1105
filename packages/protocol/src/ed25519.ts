// Ed25519 under one rule for every implementation (formats.md §1): cofactorless, R compared as
// bytes; refused are encodings of A that are not canonical, keys of small order, and S ≥ L. The
// libraries differ on exactly these, so they are checked here and not left to them.
import * as crypto from "#crypto";
import { fromHex } from "./bytes.ts";
import type { CryptoBackend } from "./crypto/backend.ts";

export interface Ed25519 {
  publicKey(seed: Uint8Array): Uint8Array;
  sign(seed: Uint8Array, message: Uint8Array): Uint8Array;
  /** The same for many messages: loads the key once and keeps it. */
  signer(seed: Uint8Array): (message: Uint8Array) => Uint8Array;
  /** Whether the signature holds. Lengths other than 32 and 64 bytes do not. */
  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean;
}

// y of the points of order 1, 2, 4 and 8, little-endian, sign bit clear. A key with one of them
// is refused whatever its sign bit: that covers all eight points and the two spellings of x = 0
// with the sign bit set.
const SMALL_ORDER_Y = [
  "0100000000000000000000000000000000000000000000000000000000000000",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "0000000000000000000000000000000000000000000000000000000000000000",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
].map((hex) => fromHex(hex));
const P = fromHex("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f");
const L = fromHex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");

export const ed25519: Ed25519 = strictEd25519(crypto);

/** Wraps a backend in the rule above. */
export function strictEd25519(backend: CryptoBackend): Ed25519 {
  return {
    publicKey: (seed) => backend.derivePublicKey(checkSeed(seed)),
    sign: (seed, message) => backend.createSigner(checkSeed(seed))(message),
    signer: (seed) => backend.createSigner(checkSeed(seed)),
    verify: (publicKey, message, signature) =>
      publicKey.length === 32 &&
      signature.length === 64 &&
      isStrictPublicKey(publicKey) &&
      isLess(signature.subarray(32), L) &&
      backend.verifyEquation(publicKey, message, signature),
  };
}

function isStrictPublicKey(publicKey: Uint8Array): boolean {
  const y = Uint8Array.from(publicKey);
  y[31] = (y[31] ?? 0) & 0x7f;
  return isLess(y, P) && !SMALL_ORDER_Y.some((small) => small.every((byte, i) => byte === y[i]));
}

// Little-endian a < b, both 32 bytes.
function isLess(a: Uint8Array, b: Uint8Array): boolean {
  for (let i = 31; i >= 0; i--) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}

function checkSeed(seed: Uint8Array): Uint8Array {
  if (seed.length !== 32) throw new RangeError("ed25519 seed is not 32 bytes");
  return seed;
}
