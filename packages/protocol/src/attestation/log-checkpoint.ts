// Checkpoints of transparency logs. Unlike ours they may have extension lines, and version 1 of
// Rekor puts its tree's number after the name: `rekor.example - 2605736670972794746`.
import { fromBase64, utf8 } from "../bytes.ts";
import { parseDecimal } from "../checkpoint.ts";
import { MalformedError } from "../errors.ts";
import { type Note, parseNote } from "../note.ts";

const CHECKPOINT_CHARS_MAX = 16 * 1024;
const ROOT_BYTES = 32;
const TREE_NUMBER = / - [0-9]{1,20}$/;

export interface LogCheckpoint {
  /** The whole first line. */
  readonly origin: string;
  /** The origin without a tree's number: what keys and addresses of the log are named by. */
  readonly name: string;
  readonly size: bigint;
  /** 32 bytes. */
  readonly root: Uint8Array;
  readonly note: Note;
}

/** Proves nothing. Throws MALFORMED_CHECKPOINT, MALFORMED_NOTE, LIMIT_EXCEEDED. */
export function parseLogCheckpoint(envelope: string): LogCheckpoint {
  if (envelope.length > CHECKPOINT_CHARS_MAX) {
    throw new MalformedError("LIMIT_EXCEEDED", "checkpoint of the log is over 16 KiB");
  }
  // Readers differ on which of two blank lines ends the text: there must be one only.
  if (envelope.split("\n\n").length !== 2) throw malformed("has no single blank line");
  const note = parseNote(utf8(envelope));
  const [origin = "", digits = "", base64 = ""] = note.text.split("\n");
  const size = parseDecimal(digits);
  if (origin === "" || size === undefined) throw malformed("has no origin or size");
  const root = fromBase64(base64, "MALFORMED_CHECKPOINT");
  if (root.length !== ROOT_BYTES) throw malformed("has no root of 32 bytes");
  return { origin, name: origin.replace(TREE_NUMBER, ""), size, root, note };
}

function malformed(why: string): MalformedError {
  return new MalformedError("MALFORMED_CHECKPOINT", `checkpoint of the log ${why}`);
}
