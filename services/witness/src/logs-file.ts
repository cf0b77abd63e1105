// The logs that this witness knows: `log <vkey> [url]` lines, as in a C2SP tlog-policy. A log may
// have several keys, one line each, while it changes them.
import { readFile } from "node:fs/promises";
import { ED25519_TYPE, type NoteVerifier, parseVkey } from "@strongroom/protocol";
import { errnoOf } from "./durable-file.ts";
import { WitnessError } from "./errors.ts";

/** Keys by origin, which is the name of the key. */
export type KnownLogs = ReadonlyMap<string, readonly NoteVerifier[]>;

const LOGS_MAX = 10_000;

/** Throws WITNESS_LOGS_INVALID, with the number of the line. An empty file names none. */
export async function readLogs(path: string): Promise<KnownLogs> {
  const content = await readFile(path, "utf8").catch((cause: unknown) => {
    throw new WitnessError("WITNESS_LOGS_INVALID", `read ${path}: ${errnoOf(cause)}`, { cause });
  });
  return parseLogs(content, path);
}

export function parseLogs(content: string, path: string): KnownLogs {
  const logs = new Map<string, NoteVerifier[]>();
  const lines = content.split("\n");
  if (lines.length > LOGS_MAX) throw invalid(path, lines.length, "too many lines");
  for (const [at, line] of lines.entries()) {
    const [keyword = "", vkey = "", , ...more] = line.split(/[ \t\r]+/).filter(Boolean);
    if (keyword === "" || keyword.startsWith("#")) continue;
    if (keyword !== "log" || more.length > 0) throw invalid(path, at + 1, "want: log <vkey> [url]");
    const verifier = parseLogKey(vkey, path, at + 1);
    logs.set(verifier.name, [...(logs.get(verifier.name) ?? []), verifier]);
  }
  return logs;
}

function parseLogKey(vkey: string, path: string, line: number): NoteVerifier {
  let verifier: NoteVerifier;
  try {
    verifier = parseVkey(vkey);
  } catch (cause) {
    throw invalid(path, line, "not a verifier key", cause);
  }
  if (verifier.type !== ED25519_TYPE) throw invalid(path, line, "key is not of type Ed25519");
  return verifier;
}

function invalid(path: string, line: number, why: string, cause?: unknown): WitnessError {
  const message = `read ${path}: line ${line}: ${why}`;
  return new WitnessError("WITNESS_LOGS_INVALID", message, { cause });
}
