// C2SP signed-note verifier keys: `name+hex(key id)+base64(type ‖ public key)`. The key id binds
// name, type and key, so a vkey with any part swapped does not parse.
import { sha256 } from "#crypto";
import { concatBytes, equalBytes, fromBase64, toBase64, toHex, utf8 } from "./bytes.ts";
import { ed25519 } from "./ed25519.ts";
import { MalformedError } from "./errors.ts";

/** Signature types of C2SP signed-note that this package verifies. */
export const ED25519_TYPE = 0x01;
export const COSIGNATURE_TYPE = 0x04;
// Its key id hashes the SPKI alone (C2SP signed-note, type 0x02).
const ECDSA_TYPE = 0x02;
const ED25519_KEY_BYTES = 32;
const VKEY_CHARS_MAX = 16_384;

/** A public key that may sign notes. Keys of types not named above parse but never verify. */
export interface NoteVerifier {
  readonly name: string;
  /** uint32 */
  readonly keyId: number;
  readonly type: number;
  readonly publicKey: Uint8Array;
}

/** Makes signature lines of type 0x01: `sign` returns the bytes that follow the key id. */
export interface NoteSigner {
  readonly name: string;
  /** uint32 */
  readonly keyId: number;
  sign(text: Uint8Array): Uint8Array;
}

/** Parses one vkey without a newline. Throws MALFORMED_VKEY. */
export function parseVkey(line: string): NoteVerifier {
  if (line.length > VKEY_CHARS_MAX) throw malformed("verifier key is too long");
  // The base64 part may hold further `+`.
  const first = line.indexOf("+");
  const second = line.indexOf("+", first + 1);
  if (first < 0 || second < 0) throw malformed("verifier key is not name+id+key");
  const name = line.slice(0, first);
  const id = line.slice(first + 1, second);
  if (!isKeyName(name)) throw malformed("name of the verifier key is not legal");
  if (!/^[0-9a-f]{8}$/.test(id)) throw malformed("key id is not 8 lower-case hex digits");
  const typed = fromBase64(line.slice(second + 1), "MALFORMED_VKEY");
  const type = typed[0];
  if (type === undefined || typed.length < 2) throw malformed("verifier key is empty");
  const publicKey = typed.slice(1);
  checkKeyLength(type, publicKey);
  const keyId = noteKeyId(name, type, publicKey);
  if (toHex(uint32(keyId)) !== id) throw malformed("key id does not match name and key");
  return { name, keyId, type, publicKey };
}

export function formatVkey(verifier: NoteVerifier): string {
  const typed = concatBytes(Uint8Array.of(verifier.type), verifier.publicKey);
  return `${verifier.name}+${toHex(uint32(verifier.keyId))}+${toBase64(typed)}`;
}

/** A log or snapshot key, type 0x01. Throws MALFORMED_VKEY on an illegal name or length. */
export function ed25519Verifier(name: string, publicKey: Uint8Array): NoteVerifier {
  return verifierOf(name, ED25519_TYPE, publicKey);
}

/** A witness key, type 0x04. Throws MALFORMED_VKEY on an illegal name or length. */
export function cosignatureVerifier(name: string, publicKey: Uint8Array): NoteVerifier {
  return verifierOf(name, COSIGNATURE_TYPE, publicKey);
}

/** Signs with the 32-byte seed, which it keeps a loaded form of. Throws MALFORMED_VKEY. */
export function ed25519Signer(name: string, seed: Uint8Array): NoteSigner {
  const { keyId } = ed25519Verifier(name, ed25519.publicKey(seed));
  return { name, keyId, sign: ed25519.signer(seed) };
}

/** Whether C2SP allows the name: not empty, no Unicode space, no `+`, no control character. */
export function isKeyName(name: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: it refuses control characters
  return /^[^\p{White_Space}\p{Surrogate}+\u0000-\u001f\u007f]+$/u.test(name);
}

/** Whether two verifiers answer to the same signature lines. */
export function isSameKey(a: NoteVerifier, b: NoteVerifier): boolean {
  return a.name === b.name && a.keyId === b.keyId && equalBytes(a.publicKey, b.publicKey);
}

export function uint32(value: number): Uint8Array {
  const out = new Uint8Array(4);
  new DataView(out.buffer).setUint32(0, value);
  return out;
}

function verifierOf(name: string, type: number, publicKey: Uint8Array): NoteVerifier {
  if (!isKeyName(name)) throw malformed("name of the verifier key is not legal");
  checkKeyLength(type, publicKey);
  return { name, keyId: noteKeyId(name, type, publicKey), type, publicKey };
}

function checkKeyLength(type: number, publicKey: Uint8Array): void {
  const isEd25519 = type === ED25519_TYPE || type === COSIGNATURE_TYPE;
  if (isEd25519 && publicKey.length !== ED25519_KEY_BYTES) {
    throw malformed("Ed25519 key is not 32 bytes");
  }
}

function noteKeyId(name: string, type: number, publicKey: Uint8Array): number {
  const hash =
    type === ECDSA_TYPE
      ? sha256(publicKey)
      : sha256(concatBytes(utf8(`${name}\n`), Uint8Array.of(type), publicKey));
  return new DataView(hash.buffer, hash.byteOffset).getUint32(0);
}

function malformed(message: string): MalformedError {
  return new MalformedError("MALFORMED_VKEY", message);
}
