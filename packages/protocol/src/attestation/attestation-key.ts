// The attestor's own key: ECDSA P-256 with SHA-256, which both versions of Rekor and the stock
// tools take. It signs checkpoint notes and, under a prefix that no note can have, the links of
// checkpoint files.
import { createPublicKey, type KeyObject, sign } from "node:crypto";
import { sha256 } from "#crypto";
import { equalBytes, toBase64, toHex } from "../bytes.ts";
import { MalformedError } from "../errors.ts";

const CURVE = "prime256v1";

export interface AttestationKey {
  /** Lower-case hex of SHA-256 over the SPKI. */
  readonly id: string;
  /** The same hash as a bundle names it: base64. */
  readonly hint: string;
  /** DER. */
  readonly spki: Uint8Array;
  readonly publicKey: KeyObject;
}

/** Throws MALFORMED_ATTESTATION_KEY unless it is the one DER encoding of a P-256 public key. */
export function loadAttestationKey(spki: Uint8Array): AttestationKey {
  const publicKey = decode(spki);
  if (publicKey.asymmetricKeyDetails?.namedCurve !== CURVE) {
    throw malformed("attestation key is not of curve P-256");
  }
  // Another encoding of the same key would have another id.
  if (!equalBytes(spki, publicKey.export({ format: "der", type: "spki" }))) {
    throw malformed("attestation key is not in its only DER encoding");
  }
  const digest = sha256(spki);
  return { id: toHex(digest), hint: toBase64(digest), spki, publicKey };
}

/** Lower-case hex of SHA-256 over the SPKI. */
export function attestationKeyId(spki: Uint8Array): string {
  return toHex(sha256(spki));
}

/**
 * ECDSA P-256/SHA-256 over the note as first stored, DER. Not deterministic: sign once, store the
 * request, send those bytes again. Throws MALFORMED_ATTESTATION_KEY for a key of another kind.
 */
export function signNoteForRekor(note: Uint8Array, privateKey: KeyObject): Uint8Array {
  if (privateKey.asymmetricKeyDetails?.namedCurve !== CURVE) {
    throw malformed("attestation key is not of curve P-256");
  }
  return new Uint8Array(sign("sha256", note, privateKey));
}

function decode(spki: Uint8Array): KeyObject {
  try {
    return createPublicKey({ key: spki as Buffer, format: "der", type: "spki" });
  } catch (cause) {
    throw new MalformedError("MALFORMED_ATTESTATION_KEY", "attestation key is not a public key", {
      cause,
    });
  }
}

function malformed(message: string): MalformedError {
  return new MalformedError("MALFORMED_ATTESTATION_KEY", message);
}
