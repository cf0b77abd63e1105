// The body of add-checkpoint (C2SP tlog-witness): an old size line, proof lines, an empty line, a
// checkpoint. Strict, so that two parsers cannot read two requests in one.
import {
  type Checkpoint,
  fromBase64,
  parseCheckpoint,
  parseNote,
  text,
} from "@strongroom/protocol";

/** 16 signature lines of the largest kind that C2SP names, and 63 proof lines. */
export const REQUEST_BYTES_MAX = 64 * 1024;
const PROOF_LINES_MAX = 63;
const HASH_BYTES = 32;
const OLD_LINE = /^old (0|[1-9][0-9]{0,18})$/;

export interface AddCheckpoint {
  readonly oldSize: bigint;
  readonly proof: readonly Uint8Array[];
  /** The signed note as sent. */
  readonly note: Uint8Array;
  /** What it says; nothing of it is proven yet. */
  readonly checkpoint: Checkpoint;
}

export class MalformedRequest extends Error {
  override readonly name = "MalformedRequest";
}

/** Throws MalformedRequest. */
export function parseAddCheckpoint(body: Uint8Array): AddCheckpoint {
  try {
    return parseBody(body);
  } catch (cause) {
    if (cause instanceof MalformedRequest) throw cause;
    const why = cause instanceof Error ? cause.message : "malformed";
    throw new MalformedRequest(why, { cause });
  }
}

function parseBody(body: Uint8Array): AddCheckpoint {
  const request = text(body);
  const split = request.indexOf("\n\n");
  if (split < 0) throw new MalformedRequest("no empty line before the checkpoint");
  const [oldLine = "", ...proofLines] = request.slice(0, split).split("\n");
  const [, digits] = OLD_LINE.exec(oldLine) ?? [];
  if (digits === undefined) throw new MalformedRequest("first line is not old and a size");
  if (proofLines.length > PROOF_LINES_MAX) {
    throw new MalformedRequest("more than 63 proof lines");
  }
  const note = new TextEncoder().encode(request.slice(split + 2));
  const checkpoint = parseAnyCheckpoint(parseNote(note).text);
  return { oldSize: BigInt(digits), proof: proofLines.map(parseHash), note, checkpoint };
}

/** Other logs may have extension lines: they are cosigned, and nothing is said about them. */
export function parseAnyCheckpoint(noteText: string): Checkpoint {
  const lines = noteText.split("\n");
  const extensions = lines.slice(3, -1);
  if (extensions.includes("")) throw new MalformedRequest("empty extension line");
  return parseCheckpoint(`${lines.slice(0, 3).join("\n")}\n`);
}

function parseHash(line: string): Uint8Array {
  const hash = fromBase64(line, "MALFORMED_PROOF");
  if (hash.length !== HASH_BYTES) throw new MalformedRequest("proof line is not 32 bytes");
  return hash;
}
