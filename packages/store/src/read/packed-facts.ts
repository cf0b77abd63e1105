// Facts on their way from a reader thread: one buffer, moved and not copied, and one flat list of
// numbers. The receiver's facts are views of that buffer.
import type { FactState, StoredFact, VerifyMode } from "../types.ts";

const HASH_BYTES = 32;
const STRIDE = 6;
const STATES = ["active", "retracted", "redacted", "erased"] as const satisfies FactState[];

export interface PackedStoredFacts {
  /** Per fact: cid ‖ authors ‖ bytes. */
  buffer: Uint8Array;
  /** Per fact: index, time, state, index of what ended it or −1, authors, bytes. */
  numbers: Float64Array;
  verified: VerifyMode;
}

export function packFacts(facts: readonly StoredFact[], verified: VerifyMode): PackedStoredFacts {
  let length = 0;
  for (const fact of facts) length += HASH_BYTES * (1 + fact.authors.length) + fact.bytes.length;
  const buffer = new Uint8Array(length);
  const numbers = new Float64Array(facts.length * STRIDE);
  let at = 0;
  facts.forEach((fact, i) => {
    const row = [
      fact.index,
      fact.appendedAtMs,
      STATES.indexOf(fact.state),
      fact.endedByIndex ?? -1,
      fact.authors.length,
      fact.bytes.length,
    ];
    numbers.set(row, i * STRIDE);
    for (const part of [fact.cid, ...fact.authors, fact.bytes]) {
      buffer.set(part, at);
      at += part.length;
    }
  });
  return { buffer, numbers, verified };
}

export function unpackFacts(packed: PackedStoredFacts): StoredFact[] {
  const { buffer, numbers, verified } = packed;
  const facts: StoredFact[] = [];
  let at = 0;
  const take = (length: number): Uint8Array => {
    at += length;
    return buffer.subarray(at - length, at);
  };
  for (let i = 0; i < numbers.length; i += STRIDE) {
    const [index = 0, appendedAtMs = 0, state = 0, endedBy = -1, authors = 0, length = 0] =
      numbers.subarray(i, i + STRIDE);
    const cid = take(HASH_BYTES);
    const keys = Array.from({ length: authors }, () => take(HASH_BYTES));
    facts.push({
      bytes: take(length),
      cid,
      index,
      appendedAtMs,
      state: STATES[state] ?? "active",
      ...(endedBy >= 0 ? { endedByIndex: endedBy } : {}),
      authors: keys,
      verified,
    });
  }
  return facts;
}

export function transferOf(packed: PackedStoredFacts): ArrayBuffer[] {
  return [packed.buffer.buffer, packed.numbers.buffer] as ArrayBuffer[];
}
