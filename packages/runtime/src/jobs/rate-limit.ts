// At most so many beginnings in any window, by a monotonic clock.
import type { RateOptions } from "./job-driver.ts";

export class RateLimit {
  readonly #rate: RateOptions | undefined;
  /** When the last `count` beginnings were, oldest first. */
  #beganAtMs: number[] = [];

  constructor(rate: RateOptions | undefined) {
    this.#rate = rate;
  }

  /** How many may begin now. */
  get allowed(): number {
    if (this.#rate === undefined) return Number.POSITIVE_INFINITY;
    const since = performance.now() - this.#rate.perMs;
    this.#beganAtMs = this.#beganAtMs.filter((atMs) => atMs > since);
    return this.#rate.count - this.#beganAtMs.length;
  }

  /** Until the next one may, ms. */
  get waitMs(): number {
    const [oldest] = this.#beganAtMs;
    if (this.#rate === undefined || this.allowed > 0 || oldest === undefined) return 0;
    return Math.max(1, oldest + this.#rate.perMs - performance.now());
  }

  began(count: number): void {
    if (this.#rate === undefined) return;
    for (let n = 0; n < count; n++) this.#beganAtMs.push(performance.now());
  }
}
