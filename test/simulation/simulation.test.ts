import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { describeFailure, type SimulateRequest, simulate } from "./simulate.ts";

const SEEDS = 48;
const PROCESS_SEEDS = 4;

async function runAll(request: SimulateRequest) {
  const failures: string[] = [];
  const total = await simulate({
    ...request,
    onResult: (result) => {
      if (result.failure) failures.push(describeFailure(result));
    },
  });
  assert.deepEqual(failures, []);
  assert.equal(total.seeds, request.seeds);
  return total;
}

describe("simulation", () => {
  test("random programs do and answer what the model says, in all ciphers", async () => {
    const { ciphers, counts } = await runAll({ from: 1_000_001, seeds: SEEDS, process: false });
    assert.equal(Object.keys(ciphers).length, 4);
    for (const what of ["kills", "restarts", "rebuilds", "pages", "receipts", "proofs", "events"]) {
      assert.ok((counts[what] ?? 0) > 5, `programs had ${what}`);
    }
  });

  test("so do stores in a process of their own, killed by SIGKILL", async () => {
    const { processes } = await runAll({ from: 2_000_001, seeds: PROCESS_SEEDS, process: true });
    assert.equal(processes, PROCESS_SEEDS);
  });
});
