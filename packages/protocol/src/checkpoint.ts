// C2SP tlog-checkpoint: origin, size and root in a signed note. Ours have no extension lines, and
// notes that do are refused: nobody audits those lines.
import { fromBase64, toBase64 } from "./bytes.ts";
import { MalformedError, VerificationError } from "./errors.ts";
import { signNote, verifyNote } from "./note.ts";
import { isKeyName, type NoteSigner, type NoteVerifier } from "./vkey.ts";

const ROOT_BYTES = 32;
// Tree sizes stay below 2^63, so that they fit signed 64-bit integers everywhere.
const TREE_SIZE_LIMIT = 1n << 63n;

export interface Checkpoint {
  readonly origin: string;
  /** Number of leaves, below 2^63. */
  readonly size: bigint;
  /** 32 bytes. */
  readonly root: Uint8Array;
}

/** The note text. Throws MALFORMED_CHECKPOINT. */
export function formatCheckpoint(checkpoint: Checkpoint): string {
  const { origin, size, root } = checkpoint;
  if (!isKeyName(origin)) throw malformed("origin is not legal");
  if (size < 0n || size >= TREE_SIZE_LIMIT) throw malformed("size is out of range");
  if (root.length !== ROOT_BYTES) throw malformed("root is not 32 bytes");
  return `${origin}\n${size}\n${toBase64(root)}\n`;
}

/** Parses a note text; proves nothing. Throws MALFORMED_CHECKPOINT. */
export function parseCheckpoint(noteText: string): Checkpoint {
  const lines = noteText.split("\n");
  const [origin = "", size = "", root = ""] = lines;
  if (lines.pop() !== "" || lines.length < 3) throw malformed("checkpoint is not three lines");
  if (lines.length > 3) throw malformed("checkpoint has extension lines");
  // The origin is the key name of the log, hence the rule for key names.
  if (!isKeyName(origin)) throw malformed("origin is not legal");
  const rootBytes = fromBase64(root, "MALFORMED_CHECKPOINT");
  if (rootBytes.length !== ROOT_BYTES) throw malformed("root is not 32 bytes");
  return { origin, size: parseSize(size), root: rootBytes };
}

/** Decimal without leading zeroes, below 2^63. Throws MALFORMED_CHECKPOINT. */
function parseSize(digits: string): bigint {
  const size = parseDecimal(digits);
  if (size === undefined) throw malformed("size is not a decimal below 2^63");
  return size;
}

/** Decimal without leading zeroes or sign, below 2^63; undefined for anything else. */
export function parseDecimal(digits: string): bigint | undefined {
  if (!/^(0|[1-9][0-9]{0,18})$/.test(digits)) return undefined;
  const value = BigInt(digits);
  return value < TREE_SIZE_LIMIT ? value : undefined;
}

export function signCheckpoint(checkpoint: Checkpoint, signers: readonly NoteSigner[]): Uint8Array {
  return signNote(formatCheckpoint(checkpoint), signers);
}

/**
 * Verifies a checkpoint note under keys named like its origin; `verified` are those that signed.
 * Throws what verifyNote and parseCheckpoint throw, and ORIGIN_MISMATCH if the keys that signed
 * belong to another origin.
 */
export function verifyCheckpoint(
  noteBytes: Uint8Array,
  verifiers: readonly NoteVerifier[],
): Checkpoint & { verified: NoteVerifier[] } {
  const note = verifyNote(noteBytes, verifiers);
  const checkpoint = parseCheckpoint(note.text);
  const verified = note.verified.filter((verifier) => verifier.name === checkpoint.origin);
  if (verified.length === 0) {
    throw new VerificationError("ORIGIN_MISMATCH", "checkpoint is signed for another origin");
  }
  return { ...checkpoint, verified };
}

function malformed(message: string): MalformedError {
  return new MalformedError("MALFORMED_CHECKPOINT", message);
}
