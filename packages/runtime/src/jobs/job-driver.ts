// What wakes a sidecar's workers. The store is the truth: which work there is, when it is due and
// who has it. A driver only finds out that something is due, leases it and runs the handler; all
// that it knows may be lost at any time. Times are durations, so that no two clocks are compared.
import type { Logger } from "../logger.ts";

/** Work that is or will be due; its payload stays in the store. */
export interface DueWork {
  /** At most 64 of [A-Za-z0-9_-]. */
  readonly id: string;
  /** Number of the attempt that will be made, from 1. */
  readonly attempt: number;
  /** From now, ms; 0 or less if it is due. */
  readonly dueInMs: number;
}

/** The right to work on something until a time; every result names the token. */
export interface LeasedWork<T> {
  readonly id: string;
  readonly attempt: number;
  readonly token: Uint8Array;
  /** From the answer, ms. */
  readonly expiresInMs: number;
  readonly payload: T;
}

export interface LeaseAnswer<T> {
  /** Empty if nothing is due. */
  readonly leases: readonly LeasedWork<T>[];
  /** When the next one is due, ms from now; absent if none is known. */
  readonly nextDueInMs?: number;
}

/** The store as a driver sees it. Both methods throw when the store is away. */
export interface WorkSource<T> {
  /** Leases what is due, at most `limit`; with `ids` only those of them that are due. */
  lease(
    request: { readonly limit: number; readonly ids?: readonly string[] },
    signal: AbortSignal,
  ): Promise<LeaseAnswer<T>>;
  /** All open work first, soonest first, then each change. May end at any time. */
  watch(signal: AbortSignal): AsyncIterable<readonly DueWork[]>;
}

/**
 * Makes one attempt and reports its result to the store by itself. What it throws is counted and
 * logged, and the lease runs out. The signal aborts when the lease ends or the process stops.
 */
export type WorkHandler<T> = (work: LeasedWork<T>, signal: AbortSignal) => Promise<void>;

export interface JobOptions<T> {
  /** 1-64 of [a-z0-9._-]; the same in every process that shares the work. */
  readonly name: string;
  readonly source: WorkSource<T>;
  readonly handler: WorkHandler<T>;
  readonly logger: Logger;
  /** Attempts at once in this process. */
  readonly concurrency: number;
  /** At most so many attempts begin in any `perMs`; bullmq counts all processes together. */
  readonly rate?: RateOptions;
  /** How often the store is asked again whatever else was heard, ms; 30,000. */
  readonly sweepMs?: number;
}

export interface RateOptions {
  readonly count: number;
  readonly perMs: number;
}

export type JobState = "starting" | "working" | "away" | "stopping" | "stopped";

export interface JobStatus {
  readonly driver: "embedded" | "bullmq";
  readonly state: JobState;
  /** Who is away and why; empty otherwise. */
  readonly reason: string;
  /** Attempts that run now. */
  readonly running: number;
  /** Attempts that ended by themselves, that threw, and that outlived their lease. */
  readonly ended: { readonly returned: number; readonly threw: number; readonly expired: number };
  /** How often the store, or Redis, was found away. */
  readonly failures: { readonly store: number; readonly redis: number };
  /** bullmq: jobs in Redis, as last seen. */
  readonly queue?: { readonly waiting: number; readonly delayed: number; readonly active: number };
}

export interface JobDriver {
  /** Begins; resolves also while store or Redis is away. Throws REDIS_UNSUITABLE, JOBS_MISSING. */
  start(): Promise<void>;
  /** Takes nothing new, waits for attempts until the deadline, aborts the rest. */
  stop(deadlineMs: number): Promise<void>;
  status(): JobStatus;
}
