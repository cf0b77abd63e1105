// A watch that stays open for as long as the store does, and goes on where it ended: it must tell
// every fact and retraction once and in order, across restarts and kills.
import assert from "node:assert/strict";
import type { WatchEvent } from "@strongroom/store";
import type { RunState } from "./prepared-op.ts";
import { checkEvents, untilCaughtUp } from "./read-ops.ts";
import { errorCode, type StoreLink } from "./store-host.ts";

export class LiveWatch {
  readonly #state: RunState;
  readonly #from: number;
  readonly #events: WatchEvent[] = [];
  readonly #abort = new AbortController();
  readonly #done: Promise<string>;
  #next: number;

  constructor(state: RunState, link: StoreLink, from: number) {
    this.#state = state;
    this.#from = from;
    this.#next = from;
    this.#done = this.#follow(link);
  }

  /** Ends it once it has told the whole log of `size`; returns where to go on. */
  async end(size: number): Promise<number> {
    await untilCaughtUp(() => this.#next, size);
    this.#abort.abort();
    assert.equal(await this.#done, "CANCELLED");
    checkEvents(this.#state, this.#events, {
      filter: {},
      range: { from: this.#from, until: this.#next },
    });
    return this.#next;
  }

  /** The store was killed: what it told last may never have arrived. */
  async abandon(): Promise<void> {
    this.#abort.abort();
    await this.#done;
  }

  async #follow(link: StoreLink): Promise<string> {
    try {
      const options = { fromIndex: this.#from, signal: this.#abort.signal };
      for await (const event of link.watch(options)) {
        this.#events.push(event);
        this.#next = event.nextIndex;
      }
      return "ended";
    } catch (reason) {
      return errorCode(reason);
    }
  }
}
