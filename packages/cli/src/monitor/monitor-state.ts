// What a monitor remembers between runs: where it stands in each transparency log, what it found
// there under our key, and a log's verdict, which stands until the file is moved away.
import { readFile } from "node:fs/promises";
import { replaceFile } from "@strongroom/client";
import { CliError } from "../errors.ts";

/** An entry under our key. */
export interface FoundEntry {
  /** Of the log, decimal. */
  readonly logIndex: string;
  /** Of what it attests, SHA-256 in hex; absent for kinds of entries that we never make. */
  readonly digest?: string;
  /** Version 1: its id. */
  readonly uuid?: string;
}

export interface LogState {
  /** The newest checkpoint that was proven to extend those before it. */
  readonly checkpoint: string;
  /** Version 2: entries below were looked at. */
  readonly nextIndex: string;
  /** Those whose digest is of a note of ours: the newest by tree size, and their ids (version 1). */
  readonly attestedSize: string;
  readonly seen: readonly string[];
  /** Those whose digest is no note of ours. */
  readonly foreign: readonly FoundEntry[];
  /** Both checkpoints of a log that contradicted itself. */
  readonly verdict?: { readonly code: string; readonly notes: readonly string[] };
}

export interface MonitorState {
  readonly version: 1;
  /** By address. */
  readonly logs: Readonly<Record<string, LogState>>;
}

/** Empty the first time. Throws STATE_FILE_INVALID as a refusal of ours. */
export async function readMonitorState(path: string): Promise<MonitorState> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (cause) {
    const isMissing = cause instanceof Error && "code" in cause && cause.code === "ENOENT";
    if (isMissing) return { version: 1, logs: {} };
    throw new CliError("FILE_UNREADABLE", `read ${path}`, { cause });
  }
  try {
    const state = JSON.parse(text) as MonitorState;
    if (state.version === 1 && typeof state.logs === "object") return state;
  } catch {
    // Said below.
  }
  throw new CliError("FILE_UNREADABLE", `read ${path}: not a monitor's state`);
}

export async function writeMonitorState(path: string, state: MonitorState): Promise<void> {
  await replaceFile(path, `${JSON.stringify(state, null, 1)}\n`);
}
