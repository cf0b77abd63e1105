// What every case works with: one big store that grows through the run, and where files may lie.
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type NewFact, openStore, type Store } from "@strongroom/store";
import { root } from "../support/root.ts";
import { FactMaker, type MadeFact } from "./facts.ts";
import { type Slice, timed } from "./measure.ts";

export type Cipher = "aegis256" | "sqlcipher" | "chacha20" | "none";

/** One line of the table. */
export interface Result {
  case: string;
  what: string;
  unit: string;
  ours: number;
  floor: number;
  /** What the floor is. */
  against: string;
  ratio: number;
  /** Undefined where a number is only reported. */
  target?: { atLeast: number } | { atMost: number };
  note?: string;
}

export const BATCH = 2000;
const CONTEXT = { principal: "bench", requestId: "bench", peer: "bench" };

export class Bench {
  readonly facts: number;
  readonly folder: string;
  readonly key = new Uint8Array(32).fill(7);
  /** The last few thousand facts appended to the big store. */
  readonly recent: MadeFact[] = [];
  #store: Store | undefined;
  #maker = new FactMaker(1);

  constructor(facts: number) {
    this.facts = facts;
    // Not in /tmp: where that is memory, an fsync costs nothing.
    mkdirSync(join(root, "data"), { recursive: true });
    this.folder = mkdtempSync(join(root, "data/bench-"));
  }

  get bigPath(): string {
    return join(this.folder, "big");
  }

  /** The big store, open. Filled to `facts` unless `empty`. */
  async store(options: { empty?: boolean } = {}): Promise<Store> {
    this.#store ??= await openStore({ path: this.bigPath, key: this.key, cipher: "aegis256" });
    if (options.empty !== true) {
      while (this.#store.head().size < this.facts) await this.grow(10 * BATCH);
    }
    return this.#store;
  }

  /** Appends made-up facts to the big store, timed until the index has caught up. */
  async grow(count: number): Promise<Slice> {
    const store = await this.store({ empty: true });
    const made = this.make(count);
    return timed(count, async () => {
      await appendAll(store, made);
      await indexCaughtUp(store);
    });
  }

  make(count: number): MadeFact[] {
    const made = this.#maker.batch(count);
    this.recent.push(...made.slice(-1000));
    this.recent.splice(0, this.recent.length - 5000);
    return made;
  }

  async closeStore(): Promise<void> {
    await this.#store?.close();
    this.#store = undefined;
  }

  newStore(name: string, cipher: Cipher): Promise<Store> {
    const key = cipher === "none" ? "none://" : this.key;
    return openStore({ path: join(this.folder, name), key, cipher });
  }

  async close(): Promise<void> {
    await this.closeStore();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Batches of 2,000 with two in flight, as a bulk importer would. */
export async function appendAll(store: Store, made: readonly MadeFact[]): Promise<void> {
  let flying: Promise<unknown> = Promise.resolve();
  for (let at = 0; at < made.length; at += BATCH) {
    const batch: NewFact[] = made.slice(at, at + BATCH).map(({ bytes }) => ({ bytes }));
    const next = store.appendBatch(batch, CONTEXT);
    await flying;
    flying = next;
  }
  await flying;
}

export async function appendBatch(store: Store, made: readonly MadeFact[]): Promise<void> {
  await store.appendBatch(
    made.map(({ bytes }) => ({ bytes })),
    CONTEXT,
  );
}

export async function indexCaughtUp(store: Store): Promise<void> {
  while (store.status().indexLag > 0) await new Promise((resolve) => setTimeout(resolve, 1));
}
