// A transparency log that is followed, and what one look at it gives.
import { utf8, VerificationError } from "@strongroom/protocol";
import {
  type AttestationTrust,
  type LogCheckpoint,
  parseLogCheckpoint,
} from "@strongroom/protocol/attestation";
import type { LogReader } from "./log-reader.ts";
import type { FoundEntry, LogState } from "./monitor-state.ts";

export interface FollowedLog {
  readonly version: 1 | 2;
  readonly reader: LogReader;
  readonly trust: AttestationTrust;
  /** Version 2: where a first look begins. */
  readonly fromIndex: bigint;
}

export interface Progress {
  readonly checkpoint: string;
  readonly nextIndex: bigint;
  /** Entries under our key that were not seen before. */
  readonly found: readonly FoundEntry[];
}

/** What follows the last checkpoint: the tree that a log showed before is a prefix of the new. */
export type ProveGrowth = (before: LogCheckpoint, now: LogCheckpoint) => Promise<void>;

/**
 * A log never shrinks, is of one name for ever, and extends what it showed before. Throws
 * CONSISTENCY_MISMATCH with the new note as evidence.
 */
export async function checkGrowth(
  last: LogState | undefined,
  checkpoint: string,
  prove: ProveGrowth,
): Promise<void> {
  if (last === undefined) return;
  const [before, now] = [parseLogCheckpoint(last.checkpoint), parseLogCheckpoint(checkpoint)];
  const isSame = before.origin === now.origin;
  if (!isSame) throw contradiction(`the transparency log is now ${now.origin}`, checkpoint);
  if (now.size < before.size) {
    throw contradiction(`the transparency log shrank to ${now.size}`, checkpoint);
  }
  try {
    await prove(before, now);
  } catch (cause) {
    if (!(cause instanceof VerificationError)) throw cause;
    throw contradiction("the transparency log does not extend what it showed", checkpoint, cause);
  }
}

function contradiction(message: string, checkpoint: string, cause?: unknown): VerificationError {
  const evidence = [utf8(checkpoint)];
  return new VerificationError("CONSISTENCY_MISMATCH", message, { cause, evidence });
}
