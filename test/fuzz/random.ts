// Numbers that look random and are the same on every machine: each input of a run has its own
// generator, from (seed, number of the input), so that any one can be made again alone.
export class Random {
  #a = 0;
  #b = 0;
  #c = 0;
  #counter = 1;

  /** Starts the sequence of one input over. */
  reset(seed: number, number: number): void {
    this.#a = seed | 0;
    this.#b = number | 0;
    this.#c = (seed / 0x100000000) ^ 0x9e3779b9;
    this.#counter = 1;
    for (let i = 0; i < 12; i++) this.uint32();
  }

  /** sfc32. */
  uint32(): number {
    const sum = (((this.#a + this.#b) | 0) + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  /** An integer from 0 up to, not with, `limit`; 0 if there is none. */
  below(limit: number): number {
    return limit <= 1 ? 0 : Math.floor((this.uint32() / 0x100000000) * limit);
  }

  pick<Item>(items: readonly Item[]): Item {
    return items[this.below(items.length)] as Item;
  }

  /** True once in `times`. */
  once(times: number): boolean {
    return this.below(times) === 0;
  }
}
