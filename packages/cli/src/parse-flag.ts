// Flags as typed values; a wrong one is wrong usage and says which flag.
import { fromJson } from "@bufbuild/protobuf";
import { type Timestamp, TimestampSchema, timestampMs } from "@bufbuild/protobuf/wkt";
import { MalformedError, parseCid } from "@strongroom/protocol";
import { CliError } from "./errors.ts";

export function parseTime(flag: string, text: string): Timestamp {
  try {
    return fromJson(TimestampSchema, text);
  } catch (cause) {
    throw new CliError("USAGE", `${flag} takes a time such as 2026-01-31T12:00:00Z`, { cause });
  }
}

export function parseTimeMs(flag: string, text: string): number {
  return timestampMs(parseTime(flag, text));
}

export function parseCount(flag: string, text: string): bigint {
  if (!/^(0|[1-9][0-9]{0,18})$/.test(text)) throw new CliError("USAGE", `${flag} takes a number`);
  return BigInt(text);
}

/** A content id or an index. */
export function parseKey(text: string): { cid: Uint8Array } | { index: bigint } {
  return text.includes(":") ? { cid: parseCidText(text) } : { index: parseCount("index", text) };
}

export function parseCidText(text: string): Uint8Array {
  try {
    return parseCid(text);
  } catch (cause) {
    if (cause instanceof MalformedError) throw cause;
    throw new CliError("USAGE", "take a content id: sha256: and 64 lower-case hex digits", {
      cause,
    });
  }
}
