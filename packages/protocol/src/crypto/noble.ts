// Hashes and Ed25519 in plain JavaScript, for browsers and other places without node:crypto.
import { ed25519 } from "@noble/curves/ed25519.js";
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 as nobleSha256, sha512 } from "@noble/hashes/sha2.js";

const { Point } = ed25519;

export function sha256(data: Uint8Array): Uint8Array {
  return nobleSha256(data);
}

export function hmacSha256(key: Uint8Array, data: Uint8Array): Uint8Array {
  return hmac(nobleSha256, key, data);
}

export function derivePublicKey(seed: Uint8Array): Uint8Array {
  return ed25519.getPublicKey(seed);
}

export function createSigner(seed: Uint8Array): (message: Uint8Array) => Uint8Array {
  const key = Uint8Array.from(seed);
  return (message) => ed25519.sign(message, key);
}

/**
 * Checks [S]B − [k]A against R as bytes, without the cofactor. noble's own verify multiplies by
 * the cofactor, and so accepts signatures that OpenSSL refuses: two verifiers of one receipt
 * would disagree. k is reduced modulo L first, as OpenSSL does, which matters for keys of mixed
 * order.
 */
export function verifyEquation(
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  const r = signature.subarray(0, 32);
  const s = littleEndian(signature.subarray(32, 64));
  if (s >= Point.Fn.ORDER) return false;
  const hash = sha512.create().update(r).update(publicKey).update(message).digest();
  const k = littleEndian(hash) % Point.Fn.ORDER;
  try {
    const a = Point.fromBytes(publicKey, false);
    const expected = Point.BASE.multiplyUnsafe(s).add(a.negate().multiplyUnsafe(k)).toBytes();
    return expected.every((byte, i) => byte === r[i]);
  } catch {
    return false;
  }
}

function littleEndian(bytes: Uint8Array): bigint {
  let value = 0n;
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i] ?? 0);
  return value;
}
