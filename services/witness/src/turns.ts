// One at a time for each log, and not too many waiting: what is checked is still true when it is
// signed, and a flood for one log does not fill the memory.

export class Turns {
  readonly #last = new Map<string, Promise<unknown>>();
  readonly #waiting = new Map<string, number>();
  readonly #waitingMax: number;

  constructor(waitingMax: number) {
    this.#waitingMax = waitingMax;
  }

  /** Undefined without having run, if too many wait already. */
  async take<T>(name: string, run: () => Promise<T>): Promise<T | undefined> {
    const waiting = this.#waiting.get(name) ?? 0;
    if (waiting >= this.#waitingMax) return undefined;
    this.#waiting.set(name, waiting + 1);
    const turn = (this.#last.get(name) ?? Promise.resolve()).then(run, run);
    this.#last.set(name, turn);
    try {
      return await turn;
    } finally {
      const left = (this.#waiting.get(name) ?? 1) - 1;
      if (left > 0) this.#waiting.set(name, left);
      else {
        this.#waiting.delete(name);
        this.#last.delete(name);
      }
    }
  }
}
