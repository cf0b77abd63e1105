// What crypto/node.ts and crypto/noble.ts both are, so that tests can run the same cases on each.

export interface CryptoBackend {
  sha256(data: Uint8Array): Uint8Array;
  hmacSha256(key: Uint8Array, data: Uint8Array): Uint8Array;
  derivePublicKey(seed: Uint8Array): Uint8Array;
  createSigner(seed: Uint8Array): (message: Uint8Array) => Uint8Array;
  /** Only the equation; the encodings are checked by ed25519.ts. */
  verifyEquation(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean;
}
