// One round over all logs: look at each, then at the store, then say what is wrong. In this order
// because the store keeps a note before it is attested: an entry seen first has its note there.
import type { Client } from "@strongroom/client";
import { VerificationError } from "@strongroom/protocol";
import { CliError } from "../errors.ts";
import { followLog } from "./follow-log.ts";
import type { FollowedLog, Progress } from "./followed-log.ts";
import type { LogState, MonitorState } from "./monitor-state.ts";
import type { OwnNotes } from "./own-notes.ts";

export type AlarmCode =
  /** Entries under our key over what is no note of ours: the key is stolen or misused. */
  | "ATTESTATION_FOREIGN"
  /** The log contradicts what it showed before. */
  | "CONSISTENCY_MISMATCH"
  /** A stored checkpoint has waited longer than allowed. */
  | "ATTESTATION_OVERDUE"
  /** No answer, or none that can be read. */
  | "TREE_UNAVAILABLE";

export interface LogReport {
  readonly log: string;
  readonly size: string;
  readonly attestedSize: string;
  readonly entriesFound: number;
  readonly foreign: LogState["foreign"];
  readonly waitingSeconds: number;
  readonly alarms: readonly { readonly code: AlarmCode; readonly message: string }[];
}

export interface Round {
  readonly state: MonitorState;
  readonly reports: readonly LogReport[];
}

export interface LookOptions {
  readonly logs: readonly FollowedLog[];
  readonly client: Client;
  readonly notes: OwnNotes;
  readonly maxAgeMs: number | undefined;
  /** Log indexes that an operator has looked into. */
  readonly settled: readonly string[];
  readonly nowMs: number;
}

export async function look(options: LookOptions, state: MonitorState): Promise<Round> {
  const seen = new Map<FollowedLog, Progress | Error>();
  for (const log of options.logs) {
    seen.set(log, await followLog(log, state.logs[log.reader.url]).catch(asError));
  }
  await options.client.head();
  await options.notes.refresh(options.client);
  const logs: Record<string, LogState> = { ...state.logs };
  const reports = [...seen].map(([log, progress]) => {
    const { url } = log.reader;
    const next = advance(logs[url], progress, options);
    if (next !== undefined) logs[url] = next;
    return report(url, { next, progress }, options);
  });
  return { state: { version: 1, logs }, reports };
}

// A log that contradicted itself is not followed any further: both notes are kept.
function advance(
  last: LogState | undefined,
  progress: Progress | Error,
  { notes, settled }: LookOptions,
): LogState | undefined {
  if (last?.verdict) return last;
  if (progress instanceof Error) {
    const [note] = progress instanceof VerificationError ? (progress.evidence ?? []) : [];
    if (last === undefined || note === undefined) return last;
    const notes = [last.checkpoint, new TextDecoder().decode(note)];
    return { ...last, verdict: { code: "CONSISTENCY_MISMATCH", notes } };
  }
  const own = progress.found.flatMap(({ digest }) => notes.get(digest) ?? []);
  const strangers = progress.found.filter(({ digest }) => notes.get(digest) === undefined);
  const sizes = [BigInt(last?.attestedSize ?? 0), ...own.map(({ size }) => size)];
  const foreign = [...(last?.foreign ?? []), ...strangers];
  return {
    ...last,
    checkpoint: progress.checkpoint,
    nextIndex: String(progress.nextIndex),
    attestedSize: String(sizes.reduce((a, b) => (b > a ? b : a))),
    seen: [...(last?.seen ?? []), ...progress.found.flatMap(({ uuid }) => uuid ?? [])],
    foreign: foreign.filter(({ logIndex }) => !settled.includes(logIndex)),
  };
}

function report(
  log: string,
  { next, progress }: { next: LogState | undefined; progress: Progress | Error },
  { notes, maxAgeMs, nowMs }: LookOptions,
): LogReport {
  const attestedSize = next?.attestedSize ?? "0";
  const sinceMs = notes.waitingSinceMs(BigInt(attestedSize));
  const waitingMs = sinceMs === undefined ? 0 : Math.max(0, nowMs - sinceMs);
  const foreign = next?.foreign ?? [];
  const alarms: LogReport["alarms"][number][] = [];
  if (foreign.length > 0) {
    const indexes = foreign.map(({ logIndex }) => logIndex).join(", ");
    const message = `entries under our key over no note of ours: ${indexes}`;
    alarms.push({ code: "ATTESTATION_FOREIGN", message });
  }
  if (next?.verdict) {
    const message = "the log contradicts what it showed before";
    alarms.push({ code: "CONSISTENCY_MISMATCH", message });
  }
  if (maxAgeMs !== undefined && waitingMs > maxAgeMs) {
    const message = `a checkpoint has waited ${Math.floor(waitingMs / 1000)} s`;
    alarms.push({ code: "ATTESTATION_OVERDUE", message });
  }
  if (progress instanceof Error && !next?.verdict) {
    const code =
      progress instanceof VerificationError ? "CONSISTENCY_MISMATCH" : "TREE_UNAVAILABLE";
    alarms.push({ code, message: progress.message });
  }
  return {
    log,
    size: next?.nextIndex ?? "0",
    attestedSize,
    entriesFound: progress instanceof Error ? 0 : progress.found.length,
    foreign,
    waitingSeconds: Math.floor(waitingMs / 1000),
    alarms,
  };
}

function asError(cause: unknown): Error {
  if (cause instanceof VerificationError || cause instanceof CliError) return cause;
  if (cause instanceof Error && cause.name === "MalformedError") return cause;
  throw cause;
}
