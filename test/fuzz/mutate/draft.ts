// The input while it is being mutated: one array, used again for every input.
const BYTES_MAX = 192 * 1024;

export class Draft {
  readonly #space = new Uint8Array(BYTES_MAX);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** What is there now; valid until the next change. */
  get bytes(): Uint8Array {
    return this.#space.subarray(0, this.#length);
  }

  load(bytes: Uint8Array): void {
    this.#length = Math.min(bytes.length, BYTES_MAX);
    this.#space.set(bytes.subarray(0, this.#length));
  }

  at(index: number): number {
    return index < this.#length ? (this.#space[index] ?? 0) : 0;
  }

  set(index: number, byte: number): void {
    if (index < this.#length) this.#space[index] = byte;
  }

  truncate(length: number): void {
    this.#length = Math.max(0, Math.min(length, this.#length));
  }

  /** Puts `insert` in the place of [from, to); what would not fit stays out. */
  replace(from: number, to: number, insert: ArrayLike<number>): void {
    const start = Math.min(from, this.#length);
    const end = Math.min(Math.max(to, start), this.#length);
    const grows = insert.length - (end - start);
    if (this.#length + grows > BYTES_MAX) return;
    // The insert may be a part of this very array.
    const copy = Uint8Array.from(insert);
    this.#space.copyWithin(start + copy.length, end, this.#length);
    this.#space.set(copy, start);
    this.#length += grows;
  }
}
