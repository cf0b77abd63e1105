// Watches the log from an index onward: every fact and retraction that matches, once and in order,
// however fast either side is. Nothing is buffered beyond one chunk: the next is read when the
// consumer asks.
import { StoreError } from "../errors.ts";
import type { Head, StoredFact, WatchEvent, WatchOptions } from "../types.ts";
import type { EventsAnswer, RetractionSeen } from "./log-scan.ts";

export interface WatchSource {
  head(): Head;
  onHead(listener: () => void): () => void;
  scan(from: number, head: Head): Promise<EventsAnswer>;
}

export async function* watchLog(
  source: WatchSource,
  options: WatchOptions,
): AsyncGenerator<WatchEvent, void, undefined> {
  const start = source.head().size;
  const end = options.untilHead === true ? start : Number.POSITIVE_INFINITY;
  const signal = options.signal;
  const growth = new Growth(source, signal);
  let next = firstIndex(options, start);
  try {
    for (;;) {
      let head = source.head();
      while (next < Math.min(head.size, end)) {
        throwIfAborted(signal);
        const answer = await source.scan(next, boundedHead(head, end));
        throwIfAborted(signal);
        yield* inOrder(answer);
        next = answer.next;
        head = source.head();
        yield { type: "progress", treeSize: head.size, nextIndex: next };
      }
      if (next >= end) return;
      await growth.beyond(Math.max(next, head.size));
      throwIfAborted(signal);
    }
  } finally {
    growth.close();
  }
}

/** Waits until the signed head is above a size. */
class Growth {
  readonly #source: WatchSource;
  readonly #signal: AbortSignal | undefined;
  readonly #unsubscribe: () => void;
  #wake: (() => void) | undefined;
  readonly #onEvent = (): void => this.#wake?.();

  constructor(source: WatchSource, signal: AbortSignal | undefined) {
    this.#source = source;
    this.#signal = signal;
    this.#unsubscribe = source.onHead(this.#onEvent);
    signal?.addEventListener("abort", this.#onEvent);
  }

  async beyond(size: number): Promise<void> {
    while (this.#source.head().size <= size && this.#signal?.aborted !== true) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    this.#wake = undefined;
  }

  close(): void {
    this.#unsubscribe();
    this.#signal?.removeEventListener("abort", this.#onEvent);
  }
}

function firstIndex(options: WatchOptions, size: number): number {
  const from = options.fromEnd === true ? size : (options.fromIndex ?? 0);
  if (Number.isSafeInteger(from) && from >= 0) return from;
  throw new StoreError("INVALID_ARGUMENT", "watch the log: indexes are integers from 0");
}

function boundedHead(head: Head, end: number): Head {
  return head.size <= end ? head : { ...head, size: end };
}

function* inOrder(answer: EventsAnswer): Generator<WatchEvent, void, undefined> {
  const { facts, retractions } = answer;
  let retracted = 0;
  for (const fact of facts) {
    for (let seen = retractions[retracted]; seen && seen.index < fact.index; ) {
      yield retractionEvent(seen);
      seen = retractions[++retracted];
    }
    yield factEvent(fact);
  }
  for (const seen of retractions.slice(retracted)) yield retractionEvent(seen);
}

function factEvent(fact: StoredFact): WatchEvent {
  return { type: "fact", fact, nextIndex: fact.index + 1 };
}

function retractionEvent(seen: RetractionSeen): WatchEvent {
  return { type: "retraction", ...seen, nextIndex: seen.index + 1 };
}

function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true)
    throw new StoreError("CANCELLED", "watch the log: it was cancelled");
}
