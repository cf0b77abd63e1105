// When a failed attempt is made again, and when it is given up. Pure: the clock and the dice come
// from the caller.
import type { FailureClass } from "./attestation-types.ts";

export interface RetrySettings {
  /** First wait; doubled with each failure in a row. */
  initialMs: number;
  /** Longest wait that the store chooses by itself. */
  capMs: number;
}

export const RETRY_DEFAULTS: RetrySettings = { initialMs: 60_000, capMs: 3_600_000 };

/** Longest wait that a target may ask for. */
export const RETRY_AFTER_MAX_MS = 86_400_000;
const JITTER = 0.2;
const SERVER_ERRORS_MAX = 5;
const CONFLICTS_MAX = 5;

export interface FailedSoFar {
  failure: FailureClass;
  retryAfterMs: number | undefined;
  /** Failures of the target in a row before this one. */
  streak: number;
  /** Server errors and conflicts of this attestation, with this one. */
  serverErrors: number;
  conflicts: number;
}

export interface Verdict {
  isParked: boolean;
  /** How long this target is left alone; 0 only for a conflict, which says what to do next. */
  waitMs: number;
}

/** `random` is in [0, 1). */
export function judgeFailure(
  failed: FailedSoFar,
  settings: RetrySettings,
  random: number,
): Verdict {
  const { failure, serverErrors, conflicts, retryAfterMs, streak } = failed;
  const isParked =
    failure === "permanent" ||
    failure === "frozen" ||
    failure === "invalid-answer" ||
    (failure === "server-error" && serverErrors >= SERVER_ERRORS_MAX);
  if (failure === "conflict" && conflicts <= CONFLICTS_MAX) return { isParked, waitMs: 0 };
  if (retryAfterMs !== undefined) return { isParked, waitMs: boundWait(retryAfterMs, settings) };
  return { isParked, waitMs: backoffMs(streak, settings, random) };
}

/** Exponential from `initialMs` up to `capMs`, ±20 %. */
export function backoffMs(streak: number, settings: RetrySettings, random: number): number {
  const doubled = settings.initialMs * 2 ** Math.min(streak, 32);
  const spread = 1 + JITTER * (2 * random - 1);
  return Math.round(Math.min(doubled, settings.capMs) * spread);
}

function boundWait(retryAfterMs: number, settings: RetrySettings): number {
  return Math.min(Math.max(retryAfterMs, settings.initialMs), RETRY_AFTER_MAX_MS);
}
