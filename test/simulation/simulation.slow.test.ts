import assert from "node:assert/strict";
import { test } from "node:test";
import { describeFailure, simulate } from "./simulate.ts";

const SEEDS = 3000;
/** The runner ends a slow file after an hour. */
const SECONDS = 3000;

test("thousands of random programs do and answer what the model says", async (t) => {
  const failures: string[] = [];
  const total = await simulate({
    from: 3_000_001,
    seeds: SEEDS,
    seconds: SECONDS,
    onResult: (result) => {
      if (result.failure) failures.push(describeFailure(result));
    },
  });
  t.diagnostic(JSON.stringify(total));
  assert.deepEqual(failures, []);
  assert.ok(total.seeds > 0);
});
