// What the cases share: one big store that grows through the run, the journal floor beside it, a
// small store to compare with, and where files may lie.
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Store } from "@strongroom/store";
import { root } from "../support/root.ts";
import { FactMaker, type MadeFact } from "./facts.ts";
import { JournalFloor } from "./floors/journal-floor.ts";
import { showProgress } from "./measure.ts";
import { appendIndexed, BATCH, openBenchStore, removeStore } from "./store-work.ts";

/** Loads other than the big store's stop here: each runs once to a million. */
const LOAD_MAX = 1_000_000;
const SLICE_MAX = 100_000;
const SMALL_MAX = 100_000;
const SAMPLES = 20_000;
const GENESIS = 1;

export class Bench {
  readonly facts: number;
  readonly folder: string;
  #store: Store | undefined;
  #small: Store | undefined;
  #floor: JournalFloor | undefined;
  #maker = new FactMaker(1);
  #samples: MadeFact[] = [];
  #made = 0;

  constructor(facts: number) {
    this.facts = facts;
    // Not in /tmp: where that is memory, an fsync costs nothing.
    mkdirSync(join(root, "data"), { recursive: true });
    this.folder = mkdtempSync(join(root, "data/bench-"));
  }

  get bigPath(): string {
    return join(this.folder, "big");
  }

  get smallPath(): string {
    return join(this.folder, "small");
  }

  get smallFacts(): number {
    return wholeBatches(Math.min(SMALL_MAX, this.facts / 2));
  }

  /** Facts between two changes of side. */
  get slice(): number {
    return wholeBatches(Math.min(SLICE_MAX, this.facts / 10));
  }

  /** Slices of a load that runs beside the big store's. */
  get loadSlices(): number {
    return Math.round(Math.min(LOAD_MAX, this.facts) / this.slice);
  }

  /** The big store, open and filled. */
  async store(): Promise<Store> {
    const store = this.#store ?? (await openBenchStore(this.bigPath));
    this.#store = store;
    while (store.head().size - GENESIS < this.facts) {
      showProgress("fill the store", store.head().size, this.facts);
      await appendIndexed(store, bytesOf(this.make(this.slice)));
    }
    return store;
  }

  async closeStore(): Promise<void> {
    await this.#store?.close();
    this.#store = undefined;
  }

  /** Entries that the big store must have by now. */
  get size(): number {
    return this.#made + GENESIS;
  }

  /** Facts for the big store: whoever makes them appends them. A spread of them is remembered. */
  make(count: number): MadeFact[] {
    const made = this.#maker.batch(count);
    const stride = Math.max(1, Math.floor(this.facts / SAMPLES));
    for (const fact of made) {
      if (this.#made++ % stride === 0) this.#samples.push({ ...fact, bytes: new Uint8Array() });
    }
    return made;
  }

  /** Facts from all over the big store, others for each `turn`. */
  samples(count: number, turn: number): MadeFact[] {
    // A stride that shares no factor with the number of samples spreads them.
    const at = (i: number) => ((turn * count + i) * 7919) % this.#samples.length;
    return Array.from({ length: count }, (_, i) => this.#samples[at(i)] as MadeFact);
  }

  /** A store of `smallFacts`, for what must not depend on size. */
  async small(): Promise<{ store: Store; facts: MadeFact[] }> {
    const facts = new FactMaker(2).batch(this.smallFacts);
    this.#small ??= await openBenchStore(this.smallPath);
    if (this.#small.head().size === GENESIS) await appendIndexed(this.#small, bytesOf(facts));
    return { store: this.#small, facts };
  }

  async removeSmall(): Promise<void> {
    if (this.#small) await removeStore(this.#small, this.smallPath);
    this.#small = undefined;
  }

  /** The floor's table beside the big store; filled like it unless `empty`. */
  floor(options: { empty?: boolean } = {}): JournalFloor {
    this.#floor ??= new JournalFloor(this.folder, "aegis256");
    const maker = new FactMaker(3);
    while (options.empty !== true && this.#floor.size < this.facts) {
      showProgress("fill the floor", this.#floor.size, this.facts);
      this.#floor.append(bytesOf(maker.batch(this.slice)));
    }
    return this.#floor;
  }

  async close(): Promise<void> {
    await this.#small?.close();
    await this.closeStore();
    this.#floor?.close();
    this.remove();
  }

  /** Everything on disk, whoever still has it open. */
  remove(): void {
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 10 });
  }
}

export function bytesOf(made: readonly MadeFact[]): Uint8Array[] {
  return made.map(({ bytes }) => bytes);
}

function wholeBatches(facts: number): number {
  return Math.max(1, Math.round(facts / BATCH)) * BATCH;
}
