// How far an open store has come: the newest signed head, how far the index is, whether writing has
// stopped. Its threads say so; everybody else asks here.
import { StoreError, type StoreErrorCode } from "./errors.ts";
import type { EventHub } from "./events.ts";
import type { StoreThreads } from "./open/open-store.ts";
import type { Integrity } from "./state/integrity.ts";
import type { Head } from "./types.ts";

export class StoreProgress {
  head: Head;
  /** Entries that the index holds. */
  indexed: number;
  /** Why nothing is appended any more. */
  stopped: StoreError | undefined;

  constructor(head: Head, indexed: number) {
    this.head = head;
    this.indexed = indexed;
  }

  /** Listens to the threads, and tells the store's listeners. */
  follow(
    { committer, indexer }: Pick<StoreThreads, "committer" | "indexer">,
    to: { events: EventHub; integrity: Integrity; isClosing(): boolean },
  ): void {
    const onStopped = (reason: StoreError): void => {
      this.stopped = reason;
      const { code, message } = reason;
      void to.integrity.raise({ code, message: `writing has stopped: ${message}` });
      to.events.emit("stopped", reason);
    };
    committer.on<Head>("head", (head) => {
      if (head.size < this.head.size) return;
      this.head = head;
      to.events.emit("head", head);
    });
    committer.on<{ code: StoreErrorCode; message: string }>("stopped", ({ code, message }) =>
      onStopped(new StoreError(code, message)),
    );
    committer.on("resumed", () => {
      this.stopped = undefined;
    });
    indexer.on<number>("indexed", (size) => {
      this.indexed = size;
    });
    for (const thread of [indexer, committer]) {
      thread.on<StoreError>("ended", (reason) => {
        if (!to.isClosing()) onStopped(reason);
      });
    }
  }
}
