// C2SP signed notes: text, blank line, signature lines. Parsing keeps lines of unknown keys;
// verifying ignores them. A known key that fails or signs twice spoils the whole note, so that
// nobody can hide a bad signature behind a good one.
import { concatBytes, equalBytes, fromBase64, text, toBase64, utf8 } from "./bytes.ts";
import { ed25519 } from "./ed25519.ts";
import { MalformedError, VerificationError } from "./errors.ts";
import { ED25519_TYPE, isKeyName, type NoteSigner, type NoteVerifier, uint32 } from "./vkey.ts";

/** C2SP asks for at least 16; more fail the note (formats.md §6). */
export const NOTE_SIGNATURES_MAX = 16;
const NOTE_BYTES_MAX = 1 << 20;
const LINE_START = "\u2014 ";
// The key id and at least one byte.
const SIGNATURE_BYTES_MIN = 5;

export interface NoteSignature {
  readonly name: string;
  /** uint32 */
  readonly keyId: number;
  /** What follows the key id. */
  readonly signature: Uint8Array;
  /** The whole line, with its newline. */
  readonly line: string;
}

export interface Note {
  /** With its final newline, without the blank line. */
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

/** Proves nothing. Throws MALFORMED_NOTE, or LIMIT_EXCEEDED above 16 lines or 1 MiB. */
export function parseNote(bytes: Uint8Array): Note {
  if (bytes.length > NOTE_BYTES_MAX) {
    throw new MalformedError("LIMIT_EXCEEDED", "note is over 1 MiB");
  }
  const note = decode(bytes);
  const split = note.lastIndexOf("\n\n");
  if (split < 0) throw malformed("note has no blank line");
  const lines = note.slice(split + 2).split("\n");
  if (lines.pop() !== "") throw malformed("note does not end in a newline");
  if (lines.length === 0) throw malformed("note has no signature");
  if (lines.length > NOTE_SIGNATURES_MAX) {
    throw new MalformedError("LIMIT_EXCEEDED", "note has more than 16 signatures");
  }
  return {
    text: note.slice(0, split + 1),
    signatures: lines.map((line) => parseSignatureLine(`${line}\n`)),
  };
}

/** One signature line with its newline. Throws MALFORMED_NOTE. */
export function parseSignatureLine(line: string): NoteSignature {
  const space = line.indexOf(" ", LINE_START.length);
  if (!line.startsWith(LINE_START) || space < 0 || line.indexOf("\n") !== line.length - 1) {
    throw malformed("signature line is not a dash, a name and a signature");
  }
  const name = line.slice(LINE_START.length, space);
  if (!isKeyName(name)) throw malformed("key name of a signature line is not legal");
  const bytes = fromBase64(line.slice(space + 1, -1), "MALFORMED_NOTE");
  if (bytes.length < SIGNATURE_BYTES_MIN) throw malformed("signature is too short");
  const keyId = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
  return { name, keyId, signature: bytes.slice(4), line };
}

export function formatSignatureLine(name: string, keyId: number, signature: Uint8Array): string {
  return `${LINE_START}${name} ${toBase64(concatBytes(uint32(keyId), signature))}\n`;
}

/** Signs text that ends in a newline; one line a signer. Throws MALFORMED_NOTE. */
export function signNote(noteText: string, signers: readonly NoteSigner[]): Uint8Array {
  checkText(noteText);
  if (signers.length === 0) throw malformed("note has no signature");
  const message = utf8(noteText);
  const lines = signers.map((signer) =>
    formatSignatureLine(signer.name, signer.keyId, signer.sign(message)),
  );
  return utf8(`${noteText}\n${lines.join("")}`);
}

/**
 * Returns the text and the verifiers (type 0x01) that signed it; at least one.
 * Throws what parseNote throws, SIGNATURE_INVALID if a known key fails or signs twice, and
 * UNTRUSTED_KEY if no known key signed.
 */
export function verifyNote(
  noteBytes: Uint8Array,
  verifiers: readonly NoteVerifier[],
): { text: string; verified: NoteVerifier[] } {
  const note = parseNote(noteBytes);
  const message = utf8(note.text);
  const known = verifiers.filter((verifier) => verifier.type === ED25519_TYPE);
  const verified = verifyKnown(note.signatures, known, (verifier, signature) =>
    ed25519.verify(verifier.publicKey, message, signature),
  );
  if (verified.length === 0) {
    throw new VerificationError("UNTRUSTED_KEY", "note is signed by no trusted key");
  }
  return { text: note.text, verified };
}

/** The verifiers that signed. Lines of unknown keys are skipped; a known key may not fail. */
export function verifyKnown(
  signatures: readonly NoteSignature[],
  verifiers: readonly NoteVerifier[],
  isValid: (verifier: NoteVerifier, signature: Uint8Array) => boolean,
): NoteVerifier[] {
  const verified: NoteVerifier[] = [];
  for (const signature of signatures) {
    const verifier = findVerifier(signature, verifiers);
    if (!verifier) continue;
    if (verified.includes(verifier)) throw invalid(`${verifier.name} signs twice`);
    if (!isValid(verifier, signature.signature)) {
      throw invalid(`signature of ${verifier.name} does not hold`);
    }
    verified.push(verifier);
  }
  return verified;
}

// A key id is 32 bits and can be made to collide: two trusted keys that answer to one line leave
// no way to say which of them signed.
function findVerifier(
  signature: NoteSignature,
  verifiers: readonly NoteVerifier[],
): NoteVerifier | undefined {
  const [found, ...others] = verifiers.filter(
    (verifier) => verifier.name === signature.name && verifier.keyId === signature.keyId,
  );
  if (found && others.some((other) => !equalBytes(other.publicKey, found.publicKey))) {
    throw invalid(`two trusted keys share the name ${found.name} and its key id`);
  }
  return found;
}

function decode(bytes: Uint8Array): string {
  let note: string;
  try {
    note = text(bytes);
  } catch (cause) {
    throw new MalformedError("MALFORMED_NOTE", "note is not UTF-8", { cause });
  }
  if (hasControl(note)) throw malformed("note has a control character");
  return note;
}

function checkText(noteText: string): void {
  if (!noteText.endsWith("\n")) throw malformed("note text does not end in a newline");
  if (/\p{Surrogate}/u.test(noteText) || hasControl(noteText)) {
    throw malformed("note text is not UTF-8 or has a control character");
  }
}

// Below U+0020 other than newline.
function hasControl(note: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: it looks for control characters
  return /[\u0000-\u0009\u000b-\u001f]/.test(note);
}

function malformed(message: string): MalformedError {
  return new MalformedError("MALFORMED_NOTE", message);
}

function invalid(message: string): VerificationError {
  return new VerificationError("SIGNATURE_INVALID", message);
}
