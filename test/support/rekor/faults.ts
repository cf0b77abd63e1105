// Faults on demand. Each is asked for once, for the next so many requests, or until cleared.
export type Fault =
  /** Answers after a while. */
  | { readonly kind: "slow"; readonly ms: number }
  /** Any status without looking at the request, such as 429 with `retry-after`, 400 or 503. */
  | {
      readonly kind: "status";
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string;
    }
  /** The shard takes nothing new: 405. */
  | { readonly kind: "frozen" }
  /** Version 2 asks for patience: 503 in its own words. */
  | { readonly kind: "pushback" }
  /** Breaks the connection before it has looked at the request. */
  | { readonly kind: "refuse" }
  /** Takes the entry, then breaks the connection. */
  | { readonly kind: "reset" }
  /** An inclusion proof that does not hold. */
  | { readonly kind: "wrong-proof" }
  /** A checkpoint (and promise) by another key of the same name. */
  | { readonly kind: "wrong-log-key" }
  /** A checkpoint from before the entry. On reads: the first one ever published. */
  | { readonly kind: "stale-checkpoint" }
  /** Everything about somebody else's entry. */
  | { readonly kind: "other-entry" }
  /** Another index for the entry than the proof's. */
  | { readonly kind: "wrong-index" }
  /** A time that nobody signed. */
  | { readonly kind: "unsigned-time" }
  /** An answer that is no answer. */
  | { readonly kind: "garbage" }
  /** Tiles (version 2) or the entry (version 1) that a duplicate needs: 404. */
  | { readonly kind: "missing" };

export interface FaultOptions {
  /** Which requests: those that submit (default), or those that read. */
  readonly on?: "submit" | "read";
  /** How many of them; default: all until cleared. */
  readonly times?: number;
}

interface Planned {
  readonly fault: Fault;
  readonly on: "submit" | "read";
  left: number;
}

/** In the order in which they were asked for; one fault a request. */
export class FaultPlan {
  #planned: Planned[] = [];

  add(fault: Fault, { on = "submit", times = Number.POSITIVE_INFINITY }: FaultOptions = {}): void {
    this.#planned.push({ fault, on, left: times });
  }

  clear(): void {
    this.#planned = [];
  }

  take(on: "submit" | "read"): Fault | undefined {
    const next = this.#planned.find((planned) => planned.on === on);
    if (next === undefined) return undefined;
    next.left--;
    if (next.left <= 0) this.#planned = this.#planned.filter((planned) => planned !== next);
    return next.fault;
  }
}
