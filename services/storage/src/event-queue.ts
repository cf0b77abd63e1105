/**
 * Turns callbacks into one async iterable. It does not hold the producer back, so it is only for
 * producers whose number of events is bounded.
 */
export class EventQueue<T> implements AsyncIterable<T> {
  readonly #events: T[] = [];
  #ended = false;
  #failure: { error: unknown } | undefined;
  #wake = (): void => {};

  push(event: T): void {
    this.#events.push(event);
    this.#wake();
  }

  end(last?: T): void {
    if (last !== undefined) this.#events.push(last);
    this.#ended = true;
    this.#wake();
  }

  /** Thrown to the reader after the events before it. */
  fail(error: unknown): void {
    this.#failure = { error };
    this.end();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T> {
    while (true) {
      const event = this.#events.shift();
      if (event !== undefined) {
        yield event;
      } else if (this.#ended) {
        if (this.#failure) throw this.#failure.error;
        return;
      } else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }
}
