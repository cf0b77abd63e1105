// A million inputs for every parser, from a seed that is printed. Two threads, as two cores.
import assert from "node:assert/strict";
import { test } from "node:test";
import { fuzz } from "./supervise.ts";
import { targetNames } from "./targets.ts";

const INPUTS = 1_000_000;
const seed = Date.now() % 0x7fffffff;

test("a million inputs for every parser", { concurrency: 2 }, async (t) => {
  t.diagnostic(`seed ${seed}`);
  await Promise.all(
    targetNames.map((name) =>
      t.test(name, async () => {
        const [result] = await fuzz({ names: [name], seed, from: 0, inputs: INPUTS });
        assert.deepEqual(result?.failures, [], `seed ${seed}`);
        assert.equal(result?.inputs, INPUTS);
      }),
    ),
  );
});
