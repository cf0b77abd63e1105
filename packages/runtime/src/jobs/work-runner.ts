// Runs attempts: each under its lease's time, counted, and none of them able to hold a place for
// ever by ignoring that its time is over.
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "../logger.ts";
import { pause } from "./backoff.ts";
import type { JobStatus, LeasedWork, WorkHandler } from "./job-driver.ts";

const LAST_WORDS_MS = 1_000;

export class WorkRunner<T> {
  readonly #handler: WorkHandler<T>;
  readonly #logger: Logger;
  readonly #running = new Map<Promise<void>, AbortController>();
  readonly #ended = { returned: 0, threw: 0, expired: 0 };

  constructor(options: { handler: WorkHandler<T>; logger: Logger }) {
    this.#handler = options.handler;
    this.#logger = options.logger;
  }

  get running(): number {
    return this.#running.size;
  }

  get ended(): JobStatus["ended"] {
    return { ...this.#ended };
  }

  /** Never rejects. */
  run(work: LeasedWork<T>): Promise<void> {
    const controller = new AbortController();
    const run = this.#attempt(work, controller).finally(() => this.#running.delete(run));
    this.#running.set(run, controller);
    return run;
  }

  /** Waits for what runs until the deadline, then aborts it. */
  async drain(deadlineMs: number): Promise<void> {
    const all = Promise.all(this.#running.keys());
    const late = new AbortController();
    await Promise.race([all, pause(deadlineMs, late.signal)]);
    late.abort();
    for (const controller of this.#running.values()) controller.abort(new Error("shut down"));
    await all;
  }

  async #attempt(work: LeasedWork<T>, controller: AbortController): Promise<void> {
    const { id, attempt, expiresInMs } = work;
    const { signal } = controller;
    const over = () => controller.abort(new Error("the lease has run out"));
    const timer = setTimeout(over, Math.max(1, expiresInMs));
    try {
      const outcome = await Promise.race([this.#call(work, signal), overtime(signal)]);
      this.#ended[outcome] += 1;
      if (outcome === "expired") this.#logger.warn({ id, attempt }, "attempt outlived its lease");
    } catch (error) {
      this.#ended.threw += 1;
      this.#logger.warn({ id, attempt, err: error }, "attempt failed; its lease runs out");
    } finally {
      clearTimeout(timer);
    }
  }

  async #call(work: LeasedWork<T>, signal: AbortSignal): Promise<"returned"> {
    await this.#handler(work, signal);
    return "returned";
  }
}

/** Settles some time after the signal, for a handler that does not listen to it. */
async function overtime(signal: AbortSignal): Promise<"expired"> {
  if (!signal.aborted) await once(signal, "abort");
  await sleep(LAST_WORDS_MS);
  return "expired";
}
