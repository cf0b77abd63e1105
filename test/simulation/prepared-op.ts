// One operation of a program on its way: what it asks for, how it is started, and how its answer
// is held against the log once everything that ran beside it has ended.
import type { Policy, Receipt } from "@strongroom/protocol";
import type { LogCopy } from "./log-copy.ts";
import type { Asked, Model } from "./model.ts";
import type { StoreHost, StoreLink, StorePlan } from "./store-host.ts";

/** An answer, or the code of a refusal. */
export type Outcome<T> = { value: T; error?: undefined } | { value?: undefined; error: string };

/** What ran side by side, when all of it has ended and the log was read. */
export interface Group {
  startSize: number;
  endSize: number;
  /** Appends may be refused as UNAVAILABLE. */
  isRebuilding: boolean;
}

export interface PreparedOp {
  asked: readonly Asked[];
  start(): Promise<unknown>;
  /** Throws an AssertionError. */
  check(outcome: Outcome<never>, group: Group): void;
}

/** What operations share in one run of a program. */
export interface RunState {
  plan: StorePlan;
  host: Pick<StoreHost, "hasTornAnchor">;
  link: StoreLink;
  log: LogCopy;
  model: Model;
  policy: Policy;
  /** Times of facts are relative to it. */
  baseMs: number;
  bulks: number;
  /** Signed notes that left the store, by size. */
  notes: Map<number, Uint8Array>;
  receipts: Receipt[];
  /** Tokens that must be good, by id. */
  tokens: Map<string, string>;
  /** Tokens that must not be good any more. */
  revoked: string[];
  /** Receipts verified, pages compared and so on. */
  counts: Map<string, number>;
}

export function count(state: RunState, what: string, by = 1): void {
  state.counts.set(what, (state.counts.get(what) ?? 0) + by);
}
