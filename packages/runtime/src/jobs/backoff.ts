// Waiting that grows while something is away, and that differs from process to process, so that
// what comes back is not run over by everybody at once.
import { setTimeout as sleep } from "node:timers/promises";

export class Backoff {
  readonly #firstMs: number;
  readonly #maxMs: number;
  #failures = 0;

  constructor(options: { firstMs: number; maxMs: number }) {
    this.#firstMs = options.firstMs;
    this.#maxMs = options.maxMs;
  }

  /** Between half and all of first · 2^n, at most the maximum. */
  next(): number {
    const ceilingMs = Math.min(this.#maxMs, this.#firstMs * 2 ** Math.min(this.#failures, 20));
    this.#failures += 1;
    return ceilingMs / 2 + Math.random() * (ceilingMs / 2);
  }

  reset(): void {
    this.#failures = 0;
  }

  /** Waits for `next()`; returns at once when the signal aborts. */
  async wait(signal: AbortSignal): Promise<void> {
    await pause(this.next(), signal);
  }
}

/** Returns after the time or when the signal aborts. Timers do not follow the wall clock. */
export async function pause(delayMs: number, signal: AbortSignal): Promise<void> {
  await sleep(delayMs, undefined, { signal }).catch(() => {});
}
