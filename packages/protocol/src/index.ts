// Formats and proofs of Strongroom: everything synchronous, pure and without I/O.
export { hmacSha256, sha256 } from "#crypto";
export {
  concatBytes,
  equalBytes,
  fromBase64,
  fromHex,
  text,
  toBase64,
  toHex,
  utf8,
} from "./bytes.ts";
export { asCid, type Cid, formatCid, hashFact, parseCid } from "./cid.ts";
export { type Ed25519, ed25519 } from "./ed25519.ts";
export {
  type MalformedCode,
  MalformedError,
  malformedCodes,
  type VerificationCode,
  VerificationError,
  type VerificationErrorOptions,
  verificationCodes,
} from "./errors.ts";
