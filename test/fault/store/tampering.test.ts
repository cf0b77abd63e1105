import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { testCipher } from "../../support/test-store.ts";
import { AT, HALF, OLDER_SIZE, SIZE } from "./tamper-case.ts";
import { tamperCases } from "./tamper-table.ts";
import { type Outcome, TamperedStore } from "./tampered-store.ts";

const store = new TamperedStore();
let untouched: Outcome;

before(async () => {
  await store.fill(HALF);
  assert.deepEqual([store.olderSize, store.size], [OLDER_SIZE, SIZE]);
  store.restore();
  untouched = await store.examine(AT);
});
after(() => store.remove());

/** What an examination says beyond what it says of the untouched store. */
function beyond(outcome: Outcome): Partial<Outcome> {
  const alarms = outcome.alarms.filter((alarm) => !untouched.alarms.includes(alarm));
  const verify = outcome.verify.filter((one) => !untouched.verify.includes(one));
  return {
    ...(outcome.open === undefined ? {} : { open: outcome.open }),
    ...(outcome.read === undefined ? {} : { read: outcome.read }),
    ...(alarms.length > 0 ? { alarms } : {}),
    ...(verify.length > 0 ? { verify } : {}),
  };
}

describe(`a store changed by a hand that holds its key (${testCipher})`, () => {
  test("says of the untouched store that its evidence of an attempt is there, and no more", () => {
    assert.deepEqual(untouched, {
      alarms: ["FACT_MUTATION_ATTEMPTED"],
      verify: ["MUTATION_ATTEMPTED 3"],
    });
  });

  for (const { part, what, change, reads, found } of tamperCases) {
    test(`${part}: ${what}`, async () => {
      store.restore();
      change(store);
      assert.deepEqual(beyond(await store.examine(reads ?? AT)), found);
    });
  }
});
