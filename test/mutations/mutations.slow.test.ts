// Takes each protection away in turn and shows that the test it names then fails.
import assert from "node:assert/strict";
import { test } from "node:test";
import { readMutations } from "./mutation.ts";
import { runAll } from "./run-all.ts";

test("every mutation is noticed by the test that it names", async (t) => {
  const mutations = readMutations();
  const results = await runAll(mutations, ({ name, verdict, ms }, done) => {
    t.diagnostic(`${done} of ${mutations.length}: ${name} ${verdict} after ${ms} ms`);
  });
  const lived = results.filter(({ verdict }) => verdict !== "killed");
  assert.deepEqual(lived, []);
});
