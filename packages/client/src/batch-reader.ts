// Cuts a source of facts into batches by count, bytes and waiting time. Nothing is read ahead.
import { MalformedError } from "@strongroom/protocol";
import { type ClientError, toClientError } from "./errors.ts";
import {
  type FactInput,
  type PreparedFact,
  type PrepareOptions,
  prepareFact,
} from "./prepare-fact.ts";

export interface BatchLimits {
  readonly facts: number;
  readonly bytes: number;
  /** A batch that is not full is sent after this long. */
  readonly lingerMs: number;
}

/** One item of the source: prepared, or refused before it was sent. */
export type Slot = { readonly fact: PreparedFact } | { readonly error: ClientError };

export interface Batch {
  /** 0-based position of the first slot in the source. */
  readonly position: number;
  readonly slots: readonly Slot[];
}

export type FactSource = Iterable<FactInput> | AsyncIterable<FactInput>;

/** Protobuf overhead of one fact of a batch, beyond its bytes; a signature adds about 104. */
const OVERHEAD_BYTES = 16;
const SIGNATURE_BYTES = 104;

export class BatchReader {
  readonly #iterator: Iterator<FactInput> | AsyncIterator<FactInput>;
  readonly #limits: BatchLimits;
  readonly #options: PrepareOptions;
  readonly #async: boolean;
  #pending: Promise<IteratorResult<FactInput>> | undefined;
  #held: { slot: Slot; bytes: number } | undefined;
  #position = 0;
  #ended = false;

  constructor(source: FactSource, limits: BatchLimits, options: PrepareOptions) {
    this.#async = Symbol.asyncIterator in source;
    this.#iterator =
      Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
    this.#limits = limits;
    this.#options = options;
  }

  /** The next batch, or undefined at the end of the source. */
  async next(): Promise<Batch | undefined> {
    const slots: Slot[] = [];
    let bytes = 0;
    let linger: Promise<"late"> | undefined;
    while (slots.length < this.#limits.facts) {
      const item = this.#held ?? (await this.#take(linger));
      if (item === "late" || item === undefined) break;
      this.#held = item;
      if (slots.length > 0 && bytes + item.bytes > this.#limits.bytes) break;
      this.#held = undefined;
      slots.push(item.slot);
      bytes += item.bytes;
      linger ??= this.#async ? late(this.#limits.lingerMs) : undefined;
    }
    if (slots.length === 0) return undefined;
    const position = this.#position;
    this.#position += slots.length;
    return { position, slots };
  }

  /** Lets the source clean up. */
  async close(): Promise<void> {
    this.#ended = true;
    // An async generator that is waiting for its own source would never answer: do not wait.
    const closing = Promise.resolve(this.#iterator.return?.());
    if (this.#pending === undefined) await closing;
    else closing.catch(() => {});
  }

  async #take(linger: Promise<"late"> | undefined) {
    if (this.#ended) return undefined;
    const result = this.#async ? await this.#takeAsync(linger) : this.#iterator.next();
    if (result === "late") return result;
    const { done, value } = result as IteratorResult<FactInput>;
    if (done) {
      this.#ended = true;
      return undefined;
    }
    return this.#prepare(value);
  }

  async #takeAsync(linger: Promise<"late"> | undefined) {
    this.#pending ??= Promise.resolve(this.#iterator.next());
    const pending = this.#pending;
    const result = await (linger === undefined ? pending : Promise.race([pending, linger]));
    if (result !== "late") this.#pending = undefined;
    return result;
  }

  #prepare(input: FactInput): { slot: Slot; bytes: number } {
    try {
      const fact = prepareFact(input, this.#options);
      const { length } = fact.message.authorSignatures;
      const bytes = fact.message.fact.length + OVERHEAD_BYTES + length * SIGNATURE_BYTES;
      return { slot: { fact }, bytes };
    } catch (cause) {
      if (!(cause instanceof MalformedError)) throw cause;
      return { slot: { error: toClientError(cause) }, bytes: 0 };
    }
  }
}

function late(afterMs: number): Promise<"late"> {
  return new Promise((resolve) => {
    setTimeout(resolve, afterMs, "late").unref();
  });
}
