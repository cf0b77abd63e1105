// Runs rows of the tamper table against one store that is put back before each.
import assert from "node:assert/strict";
import { AT, HALF, OLDER_SIZE, SIZE, type TamperCase } from "./tamper-case.ts";
import { type Outcome, TamperedStore } from "./tampered-store.ts";

export class TamperRun {
  readonly store = new TamperedStore();
  #untouched: Outcome | undefined;

  /** `prepare` adds what only some cases need. */
  async start(prepare?: (store: TamperedStore) => Promise<void>): Promise<void> {
    const { store } = this;
    await store.fill(HALF);
    assert.deepEqual([store.olderSize, store.size], [OLDER_SIZE, SIZE]);
    await prepare?.(store);
    store.restore();
    this.#untouched = await store.examine(AT);
    // Its evidence of one attempt is there; nothing else is said of the untouched store.
    const { alarms, verify } = this.#untouched;
    assert.deepEqual([alarms, verify], [["FACT_MUTATION_ATTEMPTED"], ["MUTATION_ATTEMPTED 3"]]);
  }

  async check({ change, reads, found }: TamperCase): Promise<void> {
    this.store.restore();
    change(this.store);
    assert.deepEqual(await this.examine(reads), found);
  }

  /** What an examination says beyond what it says of the untouched store. */
  async examine(index = AT): Promise<Partial<Outcome>> {
    const outcome = await this.store.examine(index);
    const alarms = outcome.alarms.filter((alarm) => !this.#untouched?.alarms.includes(alarm));
    const verify = outcome.verify.filter((one) => !this.#untouched?.verify.includes(one));
    return {
      ...(outcome.open === undefined ? {} : { open: outcome.open }),
      ...(outcome.read === undefined ? {} : { read: outcome.read }),
      ...(alarms.length > 0 ? { alarms } : {}),
      ...(verify.length > 0 ? { verify } : {}),
    };
  }
}
