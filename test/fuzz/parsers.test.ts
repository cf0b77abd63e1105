// Some thousands of inputs for every parser, the same ones each time; parsers.slow.test.ts makes a
// million of each, and `npm run fuzz` as many as one likes.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { TargetResult } from "./run-target.ts";
import { fuzz } from "./supervise.ts";
import { targetNames } from "./targets.ts";

const SEED = 20261122;

describe("every parser refuses mutated inputs, or accepts what is true", async () => {
  const byName = new Map<string, TargetResult>();
  const running = fuzz({
    names: targetNames,
    seed: SEED,
    from: 0,
    onResult: (result) => byName.set(result.target, result),
  });
  for (const name of targetNames) {
    test(name, async () => {
      await running;
      const result = byName.get(name);
      assert.ok(result, "another parser ended the run");
      assert.deepEqual(result.failures, []);
      assert.ok(result.inputs >= 1000, `only ${result.inputs} inputs`);
      // A run in which everything is refused at the door would show nothing.
      assert.ok(result.accepted > 0, "no input was accepted");
      assert.ok(result.accepted < result.inputs, "no input was refused");
    });
  }
});
