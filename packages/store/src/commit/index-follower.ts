// The commit thread's view of the index: how far it has come, and whether a commit may be made.
// What the index cannot answer yet is remembered elsewhere, but only so much of it: commits wait
// for an index that is too far behind, and none is made while it is rebuilt.
import type { MessagePort } from "node:worker_threads";
import { StoreError } from "../errors.ts";
import type { IndexProgress, IndexWork } from "../index/index-work.ts";
import { fromWire } from "../threads/channel.ts";

const LAG_MAX = 20_000;

export class IndexFollower {
  readonly #port: MessagePort;
  readonly #onMoved: (indexed: number) => void;
  #indexed: number;
  #failure: StoreError | undefined;
  #isRebuilding = false;
  #isGivenUp = false;
  #wake: (() => void) | undefined;

  constructor(port: MessagePort, indexed: number, onMoved: (indexed: number) => void) {
    this.#port = port;
    this.#indexed = indexed;
    this.#onMoved = onMoved;
    port.on("message", (progress: IndexProgress) => this.#receive(progress));
    port.on("close", () => {
      this.#failure ??= new StoreError("INTERNAL", "the index thread has ended");
      this.#wake?.();
    });
  }

  /** Entries that the index holds. */
  get indexed(): number {
    return this.#indexed;
  }

  /** Hands over the terms of a commit, with its buffers. */
  post(work: IndexWork): void {
    const buffers = new Set<ArrayBuffer>();
    for (const part of work.parts) {
      if (part.type !== "facts") continue;
      for (const view of [part.facts.bytes, part.facts.spans, part.facts.cids, part.indexes]) {
        buffers.add(view.buffer as ArrayBuffer);
      }
    }
    this.#port.postMessage(work, [...buffers]);
  }

  /** Waits until the index is near enough to the log, has failed, or nobody waits any more. */
  async nearlyCaughtUp(size: () => number): Promise<void> {
    while (size() - this.#indexed > LAG_MAX && !this.#failure && !this.#isGivenUp) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Why no commit may be made now. */
  problem(size: number): StoreError | undefined {
    if (this.#isRebuilding) {
      return new StoreError("UNAVAILABLE", "append: the index is being rebuilt; try again later");
    }
    if (size - this.#indexed <= LAG_MAX) return undefined;
    const why = this.#failure?.message ?? "it is catching up";
    return new StoreError("UNAVAILABLE", `append: the index is too far behind: ${why}`);
  }

  pause(): void {
    this.#isRebuilding = true;
  }

  /** Takes up an index that was rebuilt to `indexed` entries. */
  resume(indexed: number): void {
    this.#isRebuilding = false;
    this.#indexed = indexed;
    this.#onMoved(indexed);
  }

  /** Nobody waits for the index any more. */
  giveUp(): void {
    this.#isGivenUp = true;
    this.#wake?.();
  }

  close(): void {
    this.#port.close();
  }

  #receive(progress: IndexProgress): void {
    this.#failure = progress.failed ? fromWire(progress.failed) : undefined;
    // While the index is rebuilt its cursor says nothing of what this thread may forget.
    if (progress.size !== undefined && !this.#isRebuilding) {
      this.#indexed = progress.size;
      this.#onMoved(progress.size);
    }
    this.#wake?.();
  }
}
