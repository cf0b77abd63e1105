// Exponential backoff with full jitter, bounded by attempts and by the caller's deadline.
import { setTimeout as sleep } from "node:timers/promises";
import { ClientError, toClientError } from "./errors.ts";

export interface RetryOptions {
  /** Milliseconds since the epoch after which nothing is tried any more. */
  readonly deadlineMs: number;
  readonly signal?: AbortSignal | undefined;
  readonly attemptsMax?: number;
}

const FIRST_DELAY_MS = 50;
const DELAY_MS_MAX = 2_000;

/** Runs `attempt` until it succeeds, fails for good, or time or attempts run out. */
export async function withRetry<T>(attempt: () => Promise<T>, options: RetryOptions): Promise<T> {
  const attemptsMax = options.attemptsMax ?? 6;
  for (let tried = 1; ; tried++) {
    try {
      return await attempt();
    } catch (cause) {
      const error = toClientError(cause);
      const delayMs = backoffMs(tried);
      const lastChance = tried >= attemptsMax || Date.now() + delayMs >= options.deadlineMs;
      if (!error.retryable || lastChance) throw error;
      await pause(delayMs, options.signal);
    }
  }
}

/** Delay before attempt number `tried` + 1: between half and all of 50 ms · 2^(tried−1), ≤ 2 s. */
export function backoffMs(tried: number): number {
  const ceiling = Math.min(DELAY_MS_MAX, FIRST_DELAY_MS * 2 ** Math.min(tried - 1, 10));
  return ceiling / 2 + Math.random() * (ceiling / 2);
}

export async function pause(delayMs: number, signal?: AbortSignal): Promise<void> {
  try {
    await sleep(delayMs, undefined, signal === undefined ? {} : { signal });
  } catch (cause) {
    throw new ClientError("CANCELLED", "cancelled by the caller", { kind: "unavailable", cause });
  }
}
