// ECDSA over a digest that is already there. node:crypto always hashes what it verifies.
import { createPublicKey, type KeyObject } from "node:crypto";
import { p256 } from "@noble/curves/nist.js";

export interface SignedDigest {
  readonly key: KeyObject;
  readonly digest: Uint8Array;
  /** DER. */
  readonly signature: Uint8Array;
}

/** As the real one verifies: high S is as good as low S. */
export function isSignedDigest({ key, digest, signature }: SignedDigest): boolean {
  const { x = "", y = "" } = key.export({ format: "jwk" });
  const point = Buffer.concat([
    Uint8Array.of(4),
    Buffer.from(x, "base64url"),
    Buffer.from(y, "base64url"),
  ]);
  try {
    return p256.verify(signature, digest, point, { prehash: false, format: "der", lowS: false });
  } catch {
    return false;
  }
}

/** ECDSA P-256/SHA-256 with the nonce of RFC 6979: DER, the same each time. */
export function signP256(privateKey: KeyObject, message: Uint8Array): Buffer {
  const scalar = Buffer.from(privateKey.export({ format: "jwk" }).d ?? "", "base64url");
  return Buffer.from(p256.sign(message, scalar, { format: "der" }));
}

/** Undefined if the bytes are no public key. */
export function decodePublicKey(bytes: Buffer, format: "der" | "pem"): KeyObject | undefined {
  try {
    return format === "pem"
      ? createPublicKey(bytes)
      : createPublicKey({ key: bytes, format, type: "spki" });
  } catch {
    return undefined;
  }
}

export function isP256(key: KeyObject): boolean {
  return key.asymmetricKeyDetails?.namedCurve === "prime256v1";
}
