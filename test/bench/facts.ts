// Made-up facts of about 300 bytes with random entities, one per five facts: the worst case for an
// index. Made before the clock starts, from a seed, so that every run appends the same bytes.
import { encodeFact, hashFact } from "@strongroom/protocol";

const WORDS = "amber birch cedar delta ember fjord grove haven inlet jetty knoll ledge".split(" ");
const RELATIONS = ["owner", "state", "note", "limit", "region"];
export const COMMON_SCOPE = "team/ops";

export interface MadeFact {
  bytes: Uint8Array;
  cid: Uint8Array;
  entity: string;
}

/** Fact number `n` of a run; five facts in a row share an entity. */
export class FactMaker {
  #state: number;
  #entity = "";
  #made = 0;

  constructor(seed = 1) {
    this.#state = seed;
  }

  next(): MadeFact {
    if (this.#made % RELATIONS.length === 0)
      this.#entity = `service/${this.#word()}-${this.#hex(16)}`;
    const relation = RELATIONS[this.#made % RELATIONS.length] ?? "note";
    const scope = this.#random() < 0.5 ? COMMON_SCOPE : `team/t${Math.floor(this.#random() * 200)}`;
    this.#made += 1;
    const bytes = encodeFact({
      scope,
      entity: this.#entity,
      relation,
      value: { case: "text", value: this.#sentence() },
      source: `runbook/${this.#word()}`,
      nonce: this.#bytes(16),
    });
    return { bytes, cid: hashFact(bytes), entity: this.#entity };
  }

  batch(count: number): MadeFact[] {
    return Array.from({ length: count }, () => this.next());
  }

  #sentence(): string {
    return Array.from({ length: 28 }, () => this.#word()).join(" ");
  }

  #word(): string {
    return WORDS[Math.floor(this.#random() * WORDS.length)] ?? "amber";
  }

  #hex(digits: number): string {
    return Buffer.from(this.#bytes(digits / 2)).toString("hex");
  }

  #bytes(count: number): Uint8Array {
    return Uint8Array.from({ length: count }, () => Math.floor(this.#random() * 256));
  }

  // mulberry32: small, seeded, good enough to spread entities.
  #random(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }
}
