// What a client remembers between runs: which log it talks to, the newest note it has proven,
// and a verdict that only a policy file lifts. One JSON file, 0600, replaced atomically.
import { randomBytes } from "node:crypto";
import { mkdir, open, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { parseCheckpoint, parseNote, parseVkey } from "@strongroom/protocol";
import { ClientError } from "./errors.ts";

export type VerdictCode = "ROLLBACK_DETECTED" | "FORK_DETECTED";

export interface Verdict {
  readonly code: VerdictCode;
  readonly detectedAt: string;
  readonly message: string;
  /** Paths of the two signed notes. */
  readonly evidence: readonly string[];
}

export interface TrustState {
  readonly version: 1;
  readonly origin: string;
  /** C2SP verifier key lines. */
  readonly logKeys: readonly string[];
  readonly pinnedBy: "first-use" | "policy";
  /** The newest signed note that is proven to extend every earlier one; absent at first. */
  readonly note?: string;
  readonly verdict?: Verdict;
  /** Verdicts that a policy file has settled, oldest first. */
  readonly settled?: readonly Verdict[];
}

const STATE_BYTES_MAX = 256 * 1024;

/** The state in the file, or undefined if there is no file. */
export async function readState(path: string): Promise<TrustState | undefined> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return undefined;
    throw new ClientError("STATE_FILE_INVALID", `read the state file ${path}`, { cause });
  }
  try {
    if (text.length > STATE_BYTES_MAX) throw new Error("too long");
    return checkState(JSON.parse(text));
  } catch (cause) {
    const hint = "it holds the pinned key of the log: restore it, or pin the key again by policy";
    throw new ClientError("STATE_FILE_INVALID", `parse the state file ${path}: ${hint}`, { cause });
  }
}

/** Replaces the file, unless another process has recorded a verdict or a newer note meanwhile. */
export async function writeState(path: string, state: TrustState): Promise<TrustState> {
  const winner = merge(await readState(path).catch(() => undefined), state);
  await replaceFile(path, `${JSON.stringify(winner, null, 2)}\n`);
  return winner;
}

/** Writes the whole file durably under a temporary name and renames it into place; mode 0600. */
export async function replaceFile(path: string, content: string | Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const temporary = `${path}.${process.pid}.${randomBytes(4).toString("hex")}.tmp`;
  try {
    await writeFile(temporary, content, { mode: 0o600, flag: "wx", flush: true });
    await rename(temporary, path);
  } catch (cause) {
    await rm(temporary, { force: true });
    throw cause;
  }
  const folder = await open(dirname(path), "r");
  await folder.sync().finally(() => folder.close());
}

export function sizeOfNote(note: string): bigint {
  return parseCheckpoint(parseNote(new TextEncoder().encode(note)).text).size;
}

function merge(onDisk: TrustState | undefined, ours: TrustState): TrustState {
  if (onDisk === undefined || onDisk.origin !== ours.origin) return ours;
  const lifted = ours.settled?.some((old) => old.detectedAt === onDisk.verdict?.detectedAt);
  const verdict = ours.verdict ?? (lifted ? undefined : onDisk.verdict);
  const newer =
    onDisk.note !== undefined &&
    (ours.note === undefined || sizeOfNote(onDisk.note) > sizeOfNote(ours.note));
  const note = newer ? onDisk.note : ours.note;
  return {
    ...ours,
    ...(note === undefined ? {} : { note }),
    ...(verdict === undefined ? {} : { verdict }),
  };
}

function checkState(value: unknown): TrustState {
  const state = value as TrustState;
  if (typeof state !== "object" || state === null || state.version !== 1)
    throw new Error("version");
  if (typeof state.origin !== "string" || !Array.isArray(state.logKeys)) throw new Error("origin");
  if (state.logKeys.length === 0) throw new Error("no keys");
  for (const line of state.logKeys) parseVkey(line);
  if (state.note !== undefined) sizeOfNote(state.note);
  if (state.verdict !== undefined && typeof state.verdict.code !== "string")
    throw new Error("verdict");
  return state;
}
