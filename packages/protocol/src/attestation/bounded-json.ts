// JSON from outside, bounded before it is parsed: JSON.parse recurses, and what it returns is many
// times larger than its text.
import { text } from "../bytes.ts";
import { type MalformedCode, MalformedError } from "../errors.ts";

const DEPTH_MAX = 16;

export interface JsonLimits {
  /** What the bytes are called in messages. */
  readonly what: string;
  readonly code: MalformedCode;
  readonly bytesMax: number;
}

/** Throws LIMIT_EXCEEDED above the size or 16 levels, else `code`. The value is not checked. */
export function parseBoundedJson(bytes: Uint8Array, limits: JsonLimits): unknown {
  const { what, code, bytesMax } = limits;
  if (bytes.length > bytesMax) {
    throw new MalformedError("LIMIT_EXCEEDED", `${what} is over ${bytesMax / 1024} KiB`);
  }
  if (depthOf(bytes) > DEPTH_MAX) {
    throw new MalformedError("LIMIT_EXCEEDED", `${what} is nested too deeply`);
  }
  try {
    return JSON.parse(text(bytes));
  } catch {
    // Not passed on as cause: the message of JSON.parse quotes what it read.
    throw new MalformedError(code, `${what} is not JSON in UTF-8`);
  }
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPENING = new Set([0x5b, 0x7b]);
const CLOSING = new Set([0x5d, 0x7d]);

function depthOf(bytes: Uint8Array): number {
  let depth = 0;
  let deepest = 0;
  let isInString = false;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] ?? 0;
    if (isInString) {
      if (byte === BACKSLASH) at++;
      else if (byte === QUOTE) isInString = false;
    } else if (byte === QUOTE) isInString = true;
    else if (OPENING.has(byte)) deepest = Math.max(deepest, ++depth);
    else if (CLOSING.has(byte)) depth--;
  }
  return deepest;
}
