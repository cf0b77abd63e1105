// C2SP cosignature/v1 (signature type 0x04): a witness states that at a time it saw this tree head
// and that it extends all it saw before.
import { concatBytes, text, utf8 } from "./bytes.ts";
import { ed25519 } from "./ed25519.ts";
import { MalformedError, VerificationError } from "./errors.ts";
import { formatSignatureLine, type NoteSignature, parseSignatureLine } from "./note.ts";
import { COSIGNATURE_TYPE, cosignatureVerifier, type NoteVerifier } from "./vkey.ts";

const TIME_BYTES = 8;
const COSIGNATURE_BYTES = TIME_BYTES + 64;
const TIME_LIMIT = 1n << 63n;

export interface CosignatureKey {
  name: string;
  /** 32 bytes. */
  seed: Uint8Array;
}

/** A whole signature line, with its newline. Throws MALFORMED_COSIGNATURE on a time ≥ 2^63. */
export function signCosignature(noteText: string, key: CosignatureKey, timeUnixS: bigint): string {
  if (timeUnixS < 0n || timeUnixS >= TIME_LIMIT) throw malformed("time is out of range");
  const { keyId } = cosignatureVerifier(key.name, ed25519.publicKey(key.seed));
  const time = new Uint8Array(TIME_BYTES);
  new DataView(time.buffer).setBigUint64(0, timeUnixS);
  const signature = ed25519.sign(key.seed, signedMessage(noteText, timeUnixS));
  return formatSignatureLine(key.name, keyId, concatBytes(time, signature));
}

/** One signature line with its newline. Throws MALFORMED_COSIGNATURE. */
export function parseCosignatureLine(line: Uint8Array | string): NoteSignature {
  try {
    return parseSignatureLine(typeof line === "string" ? line : text(line));
  } catch (cause) {
    throw new MalformedError("MALFORMED_COSIGNATURE", "not a signature line", { cause });
  }
}

/**
 * Verifies one witness's line over the note text.
 * Throws MALFORMED_COSIGNATURE, UNTRUSTED_KEY if the line names another key, SIGNATURE_INVALID.
 */
export function verifyCosignature(
  noteText: string,
  line: Uint8Array | string,
  verifier: NoteVerifier,
): { timeUnixS: bigint } {
  const signature = parseCosignatureLine(line);
  if (signature.name !== verifier.name || signature.keyId !== verifier.keyId) {
    throw new VerificationError("UNTRUSTED_KEY", "cosignature is by another key");
  }
  const timeUnixS = cosignedTime(noteText, signature.signature, verifier);
  if (timeUnixS === undefined) {
    throw new VerificationError("SIGNATURE_INVALID", "cosignature does not hold");
  }
  return { timeUnixS };
}

/** The signed time in seconds, or undefined if the signature does not hold. */
export function cosignedTime(
  noteText: string,
  signature: Uint8Array,
  verifier: NoteVerifier,
): bigint | undefined {
  if (verifier.type !== COSIGNATURE_TYPE || signature.length !== COSIGNATURE_BYTES) {
    return undefined;
  }
  const timeUnixS = new DataView(signature.buffer, signature.byteOffset).getBigUint64(0);
  if (timeUnixS >= TIME_LIMIT) return undefined;
  const message = signedMessage(noteText, timeUnixS);
  const holds = ed25519.verify(verifier.publicKey, message, signature.subarray(TIME_BYTES));
  return holds ? timeUnixS : undefined;
}

function signedMessage(noteText: string, timeUnixS: bigint): Uint8Array {
  return utf8(`cosignature/v1\ntime ${timeUnixS}\n${noteText}`);
}

function malformed(message: string): MalformedError {
  return new MalformedError("MALFORMED_COSIGNATURE", message);
}
