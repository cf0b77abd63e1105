// Says at once that a content id is new. One 32-bit fingerprint per fact in an open-addressed
// table, so that a look-up costs the same at any size; at 5,000,000 facts one look-up in about 800
// is a false hit, which the caller resolves. The journal keeps the fingerprints in segments of
// 65,536 entries, so that open reads them instead of hashing every body.
const SEGMENT_ENTRIES = 65_536;
const START_SLOTS = 1 << 17;
const LOAD_MAX = 0.6;

export class CidFilter {
  #slots = new Uint32Array(START_SLOTS);
  #shift = 32 - Math.log2(START_SLOTS);
  #count = 0;
  #segment: number;
  #pending: number[] = [];
  #ended: { segment: number; fingerprints: Uint8Array }[] = [];

  /** Starts at the segment that holds entry `size`. */
  constructor(size: number) {
    this.#segment = segmentOf(size);
  }

  static segments(size: number): number {
    return segmentOf(size);
  }

  static segmentStart(segment: number): number {
    return segment * SEGMENT_ENTRIES;
  }

  /** Adds the fingerprints of a stored segment. */
  load(fingerprints: Uint8Array): void {
    const view = new DataView(fingerprints.buffer, fingerprints.byteOffset, fingerprints.length);
    for (let at = 0; at + 4 <= fingerprints.length; at += 4) this.#insert(view.getUint32(at));
  }

  /** Adds a segment that the journal lacks; the next commit stores it. */
  restore(segment: number, fingerprints: Uint8Array): void {
    this.load(fingerprints);
    this.#ended.push({ segment, fingerprints });
  }

  /** Adds the fact at `index`; indexes never decrease. */
  add(cid: Uint8Array, offset: number, index: number): void {
    this.#endSegments(segmentOf(index));
    const fingerprint = fingerprintAt(cid, offset);
    this.#pending.push(fingerprint);
    this.#insert(fingerprint);
  }

  mayContain(cid: Uint8Array, offset: number): boolean {
    const fingerprint = fingerprintAt(cid, offset);
    const mask = this.#slots.length - 1;
    for (let slot = fingerprint >>> this.#shift; ; slot = (slot + 1) & mask) {
      const found = this.#slots[slot];
      if (found === 0) return false;
      if (found === fingerprint) return true;
    }
  }

  /** Segments that ended before entry `size`; each is handed out once. */
  takeSegments(size: number): { segment: number; fingerprints: Uint8Array }[] {
    this.#endSegments(segmentOf(size));
    const taken = this.#ended;
    this.#ended = [];
    return taken;
  }

  #endSegments(next: number): void {
    while (this.#segment < next) {
      this.#ended.push({ segment: this.#segment++, fingerprints: encode(this.#pending) });
      this.#pending = [];
    }
  }

  #insert(fingerprint: number): void {
    if (this.#count + 1 > this.#slots.length * LOAD_MAX) this.#grow();
    const mask = this.#slots.length - 1;
    let slot = fingerprint >>> this.#shift;
    while (this.#slots[slot] !== 0) {
      if (this.#slots[slot] === fingerprint) return;
      slot = (slot + 1) & mask;
    }
    this.#slots[slot] = fingerprint;
    this.#count++;
  }

  #grow(): void {
    const old = this.#slots;
    this.#slots = new Uint32Array(old.length * 2);
    this.#shift--;
    this.#count = 0;
    for (const fingerprint of old) if (fingerprint !== 0) this.#insert(fingerprint);
  }
}

function segmentOf(size: number): number {
  return Math.floor(size / SEGMENT_ENTRIES);
}

/** The head of the content id; 0 marks a free slot, so it becomes 1. */
function fingerprintAt(cid: Uint8Array, offset: number): number {
  const value =
    ((cid[offset] ?? 0) * 0x1000000 +
      ((cid[offset + 1] ?? 0) << 16) +
      ((cid[offset + 2] ?? 0) << 8) +
      (cid[offset + 3] ?? 0)) >>>
    0;
  return value === 0 ? 1 : value;
}

function encode(fingerprints: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(fingerprints.length * 4);
  const view = new DataView(bytes.buffer);
  for (const [i, fingerprint] of fingerprints.entries()) view.setUint32(i * 4, fingerprint);
  return bytes;
}
