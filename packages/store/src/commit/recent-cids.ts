// Exact content ids of entries that the index may not hold yet. Two generations: when the newer is
// full, the older is indexed by then (commits wait for an index that is too far behind) and goes.
const GENERATION = 32_768;
const SLOTS = GENERATION * 2;
const CID_BYTES = 32;

class Generation {
  readonly #cids = new Uint8Array(GENERATION * CID_BYTES);
  readonly #indexes = new Float64Array(GENERATION);
  readonly #slots = new Int32Array(SLOTS).fill(-1);
  count = 0;
  newest = -1;

  add(cids: Uint8Array, offset: number, index: number): void {
    const ordinal = this.count++;
    this.#cids.set(cids.subarray(offset, offset + CID_BYTES), ordinal * CID_BYTES);
    this.#indexes[ordinal] = index;
    this.newest = index;
    let slot = slotOf(cids, offset);
    while (this.#slots[slot] !== -1) slot = (slot + 1) % SLOTS;
    this.#slots[slot] = ordinal;
  }

  find(cids: Uint8Array, offset: number): number | undefined {
    for (let slot = slotOf(cids, offset); ; slot = (slot + 1) % SLOTS) {
      const ordinal = this.#slots[slot] ?? -1;
      if (ordinal === -1) return undefined;
      if (this.#isAt(ordinal, cids, offset)) return this.#indexes[ordinal];
    }
  }

  #isAt(ordinal: number, cids: Uint8Array, offset: number): boolean {
    const at = ordinal * CID_BYTES;
    for (let i = 0; i < CID_BYTES; i++) {
      if (this.#cids[at + i] !== cids[offset + i]) return false;
    }
    return true;
  }
}

export class RecentCids {
  #newer = new Generation();
  #older = new Generation();

  /** `indexed` is the index's cursor: what lies below it can be found there. */
  add(cids: Uint8Array, offset: number, entry: { index: number; indexed: number }): void {
    if (this.#newer.count === GENERATION) {
      if (this.#older.newest >= entry.indexed) throw new Error("recent cids outran the index");
      this.#older = this.#newer;
      this.#newer = new Generation();
    }
    this.#newer.add(cids, offset, entry.index);
  }

  find(cids: Uint8Array, offset: number): number | undefined {
    return this.#newer.find(cids, offset) ?? this.#older.find(cids, offset);
  }
}

// Bytes 4–7: the filter's fingerprint is made of the first four.
function slotOf(cids: Uint8Array, offset: number): number {
  const word =
    ((cids[offset + 4] ?? 0) << 16) | ((cids[offset + 5] ?? 0) << 8) | (cids[offset + 6] ?? 0);
  return word % SLOTS;
}
