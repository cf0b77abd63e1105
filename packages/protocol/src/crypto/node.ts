// Hashes and Ed25519 of Node. The only file of this package that may import node: modules.
import { createHmac, createPrivateKey, createPublicKey, hash, sign, verify } from "node:crypto";
import { fromHex } from "../bytes.ts";

// What DER puts in front of a raw key of 32 bytes (RFC 8410).
const SPKI_PREFIX_BYTES = 12;
const PKCS8_PREFIX = fromHex("302e020100300506032b657004220420");

// By way of a string of 32 characters: memory outside the heap, which a Buffer would need, costs
// twice as much as hashing a leaf.
export function sha256(data: Uint8Array): Uint8Array {
  const digest = hash("sha256", data, "binary");
  const out = new Uint8Array(32);
  for (let i = 0; i < 32; i++) out[i] = digest.charCodeAt(i);
  return out;
}

export function hmacSha256(key: Uint8Array, data: Uint8Array): Uint8Array {
  return plain(createHmac("sha256", key).update(data).digest());
}

export function derivePublicKey(seed: Uint8Array): Uint8Array {
  const spki = createPublicKey(privateKeyOf(seed)).export({ format: "der", type: "spki" });
  return Uint8Array.from(spki.subarray(SPKI_PREFIX_BYTES));
}

export function createSigner(seed: Uint8Array): (message: Uint8Array) => Uint8Array {
  const key = privateKeyOf(seed);
  return (message) => plain(sign(null, message, key));
}

/** OpenSSL checks [S]B − [k]A against R as bytes, without the cofactor; ed25519.ts does the rest. */
export function verifyEquation(
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  const { buffer, byteOffset, length } = publicKey;
  const x = Buffer.from(buffer, byteOffset, length).toString("base64url");
  try {
    // As a JWK, because OpenSSL takes as long to decode a DER key as to check a signature.
    const key = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
    return verify(null, message, key, signature);
  } catch {
    return false;
  }
}

function privateKeyOf(seed: Uint8Array) {
  const der = new Uint8Array(48);
  der.set(PKCS8_PREFIX);
  der.set(seed, PKCS8_PREFIX.length);
  const key = createPrivateKey({ key: der as Buffer, format: "der", type: "pkcs8" });
  der.fill(0);
  return key;
}

// A Buffer's slice() shares memory where Uint8Array's copies: hand out the latter only.
function plain(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
}
