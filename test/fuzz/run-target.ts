// The loop: makes one input after the other from (seed, number), checks it, and keeps what was
// wrong in the fewest bytes.

import { minimise } from "./minimise.ts";
import { byteMutators } from "./mutate/bytes.ts";
import { Draft } from "./mutate/draft.ts";
import type { Protocols } from "./protocols.ts";
import { Random } from "./random.ts";
import { Finding, refusalOf, type Target } from "./target.ts";

export interface RunOptions {
  readonly seed: number;
  /** Number of the first input. */
  readonly from: number;
  readonly inputs: number;
  /** Ends the run early, whatever is left. */
  readonly secondsMax?: number;
}

export interface Failure {
  readonly target: string;
  readonly seed: number;
  readonly input: number;
  /** The valid input that was mutated. */
  readonly origin: number;
  readonly why: string;
  readonly hex: string;
  readonly base64: string;
}

export interface TargetResult {
  readonly target: string;
  readonly inputs: number;
  readonly accepted: number;
  /** Refusals by code. */
  readonly refused: Readonly<Record<string, number>>;
  /** Inputs that the plain JavaScript backend judged as well. */
  readonly comparedBackends: number;
  readonly ms: number;
  readonly failures: readonly Failure[];
}

const FAILURES_MAX = 3;
const MUTATIONS_MAX = 4;
const GUARD_BYTES = 8;
const CLOCK_EVERY = 256;

export class TargetRun {
  readonly #target: Target;
  readonly #protocols: Protocols;
  readonly #random = new Random();
  readonly #draft = new Draft();
  #space = new Uint8Array(1 << 18).fill(0x41);
  #comparedBackends = 0;

  constructor(target: Target, protocols: Protocols) {
    this.#target = target;
    this.#protocols = protocols;
  }

  /** `tick` is told the number of each input before it is checked. */
  async run(options: RunOptions, tick: (input: number) => void): Promise<TargetResult> {
    const startedAt = performance.now();
    const refused: Record<string, number> = {};
    const failures: Failure[] = [];
    let accepted = 0;
    let done = 0;
    await this.#checkSeeds(failures, options.seed);
    for (; done < options.inputs && failures.length < FAILURES_MAX; done++) {
      const number = options.from + done;
      tick(number);
      const { origin, input } = this.make(options.seed, number);
      try {
        const pending = this.verdict(input, origin, number);
        const verdict = typeof pending === "string" ? pending : await pending;
        if (verdict.startsWith("accepted")) accepted++;
        else refused[verdict] = (refused[verdict] ?? 0) + 1;
      } catch (error) {
        failures.push(await this.#failure({ error, seed: options.seed, number, origin, input }));
      }
      if (done % CLOCK_EVERY === 0 && isOver(startedAt, options.secondsMax)) break;
    }
    return {
      target: this.#target.name,
      inputs: done,
      accepted,
      refused,
      comparedBackends: this.#comparedBackends,
      ms: Math.round(performance.now() - startedAt),
      failures,
    };
  }

  /** The input of that number. It lies inside other bytes, at an odd place. */
  make(seed: number, number: number): { origin: number; input: Uint8Array } {
    const { seeds, mutators } = this.#target;
    const random = this.#random;
    random.reset(seed, number);
    const origin = random.below(seeds.length);
    this.#draft.load(seeds[origin] ?? new Uint8Array());
    const mutations = 1 + Math.min(random.below(MUTATIONS_MAX), random.below(MUTATIONS_MAX));
    for (let i = 0; i < mutations; i++) {
      const isBlunt = mutators.length === 0 || random.once(3);
      random.pick(isBlunt ? byteMutators : mutators)(this.#draft, random, seeds);
    }
    return { origin, input: this.#place(this.#draft.bytes, number) };
  }

  /** What the parser says, and, where it does cryptography, that both backends say the same. */
  verdict(input: Uint8Array, origin: number, number: number): string | Promise<string> {
    const { nobleOnceIn } = this.#target;
    const verdict = this.#check(input, origin, this.#protocols.node);
    if (nobleOnceIn === undefined || typeof verdict !== "string") return verdict;
    if (number % nobleOnceIn !== 0) return verdict;
    this.#comparedBackends++;
    const other = this.#check(input, origin, this.#protocols.noble);
    if (verdict !== other) throw new Finding(`backends differ: ${verdict}, and ${String(other)}`);
    return verdict;
  }

  #check(input: Uint8Array, origin: number, protocol: Protocols["node"]): string | Promise<string> {
    const { codes } = this.#target;
    try {
      const outcome = this.#target.check(input, { origin, protocol });
      if (typeof outcome === "string") return outcome;
      return outcome.catch((error: unknown) => refusalOf(error, codes));
    } catch (error) {
      return refusalOf(error, codes);
    }
  }

  async #checkSeeds(failures: Failure[], seed: number): Promise<void> {
    for (const [origin, valid] of this.#target.seeds.entries()) {
      const input = this.#place(valid, origin);
      try {
        const verdict = await this.verdict(input, origin, 0);
        if (!verdict.startsWith("accepted")) throw new Finding(`refuses a valid input: ${verdict}`);
      } catch (error) {
        failures.push(await this.#failure({ error, seed, number: -1, origin, input }));
      }
    }
  }

  async #failure(found: {
    error: unknown;
    seed: number;
    number: number;
    origin: number;
    input: Uint8Array;
  }): Promise<Failure> {
    const { error, seed, number, origin } = found;
    if (!(error instanceof Finding)) throw error;
    const valid = this.#target.seeds[origin] ?? new Uint8Array();
    const isStillWrong = async (bytes: Uint8Array): Promise<boolean> => {
      try {
        await this.verdict(this.#place(bytes, 1), origin, 0);
        return false;
      } catch (again) {
        return again instanceof Finding && kindOf(again.message) === kindOf(error.message);
      }
    };
    const least = number < 0 ? valid : await minimise(found.input.slice(), valid, isStillWrong);
    const bytes = Buffer.from(least);
    const texts = { hex: bytes.toString("hex"), base64: bytes.toString("base64") };
    return { target: this.#target.name, seed, input: number, origin, why: error.message, ...texts };
  }

  #place(bytes: Uint8Array, number: number): Uint8Array {
    const needed = bytes.length + 2 * GUARD_BYTES;
    if (this.#space.length < needed) this.#space = new Uint8Array(2 * needed).fill(0x41);
    const at = GUARD_BYTES - (number & 7);
    this.#space.set(bytes, at);
    return this.#space.subarray(at, at + bytes.length);
  }
}

function kindOf(message: string): string {
  return message.split(":", 1)[0] ?? "";
}

function isOver(startedAt: number, secondsMax: number | undefined): boolean {
  return secondsMax !== undefined && performance.now() - startedAt > secondsMax * 1000;
}
