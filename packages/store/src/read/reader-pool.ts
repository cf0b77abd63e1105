// The store's reader threads. A call goes to the thread with the least to do; each thread gets a
// few at a time, the rest wait in a bounded queue, and beyond that a call is refused.
import type { TrustedKey } from "../attest/registered-keys.ts";
import { StoreError } from "../errors.ts";
import type { ThreadClient, Transfer } from "../threads/channel.ts";
import { startThread } from "../threads/start-thread.ts";
import type { OpenReaderArgument, ReaderMethods } from "./reader-thread.ts";

export const READERS_DEFAULT = 2;
const IN_FLIGHT_MAX = 8;
const QUEUE_MAX = 4096;

export type ReaderMethod = Exclude<keyof ReaderMethods & string, "open" | "close" | "setKeys">;
export type ReaderArgument<K extends ReaderMethod> = Parameters<ReaderMethods[K]>[0];
type Returned<K extends ReaderMethod> = Awaited<ReturnType<ReaderMethods[K]>>;
export type ReaderAnswer<K extends ReaderMethod> =
  Returned<K> extends Transfer<infer Moved> ? Moved : Returned<K>;
type Thread = ThreadClient<ReaderMethods>;

interface Waiting {
  run(thread: Thread): void;
  reject(reason: unknown): void;
}

export class ReaderPool {
  readonly #threads: readonly Thread[];
  readonly #queue: Waiting[] = [];
  #closed = false;

  private constructor(threads: readonly Thread[]) {
    this.#threads = threads;
  }

  /** Starts the threads and opens the databases in each; keys stay the caller's to wipe. */
  static async open(
    argument: OpenReaderArgument,
    options: { threads?: number | undefined } = {},
  ): Promise<ReaderPool> {
    const count = Math.max(1, options.threads ?? READERS_DEFAULT);
    const threads = Array.from({ length: count }, () =>
      startThread<ReaderMethods>("read/reader-thread"),
    );
    const opened = await Promise.allSettled(threads.map((thread) => thread.call("open", argument)));
    const failed = opened.find((result) => result.status === "rejected");
    if (!failed) return new ReaderPool(threads);
    await Promise.all(threads.map((thread) => thread.terminate()));
    throw failed.reason;
  }

  /** Number of threads. */
  get size(): number {
    return this.#threads.length;
  }

  /** Throws OVERLOADED when too much is waiting, and what the method throws. */
  call<K extends ReaderMethod>(method: K, argument: ReaderArgument<K>): Promise<ReaderAnswer<K>> {
    if (this.#closed) return Promise.reject(closed());
    if (this.#queue.length >= QUEUE_MAX) {
      return Promise.reject(
        new StoreError("OVERLOADED", "read: too many reads are waiting; try again later"),
      );
    }
    return new Promise((resolve, reject) => {
      const run = (thread: Thread): void => {
        thread
          .call(method, argument as Parameters<ReaderMethods[K]>[0])
          .then((answer) => resolve(answer as ReaderAnswer<K>), reject)
          .finally(() => this.#dispatch());
      };
      this.#queue.push({ run, reject });
      this.#dispatch();
    });
  }

  /** Tells every thread the keys that outside records are checked with. */
  async setKeys(keys: readonly TrustedKey[]): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.call("setKeys", keys)));
  }

  /** Refuses what waits, lets what runs end, and ends the threads. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    for (const waiting of this.#queue.splice(0)) waiting.reject(closed());
    await Promise.allSettled(this.#threads.map((thread) => thread.call("close", undefined)));
    await Promise.all(this.#threads.map((thread) => thread.terminate()));
  }

  #dispatch(): void {
    while (this.#queue.length > 0) {
      const thread = this.#threads.reduce((a, b) => (b.pending < a.pending ? b : a));
      if (thread.pending >= IN_FLIGHT_MAX) return;
      this.#queue.shift()?.run(thread);
    }
  }
}

function closed(): StoreError {
  return new StoreError("STORE_CLOSED", "read: the store is closed");
}
