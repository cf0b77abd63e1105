import assert from "node:assert/strict";
import { test } from "node:test";
import { startService } from "../support/service.ts";
import { temporaryFolder } from "../support/test-store.ts";
import { stopAndCheck } from "./check-load.ts";
import { checkFlat, runLong } from "./long-run.ts";

const SECONDS = 75;

test("memory, descriptors and WALs stay flat under half load, and all is there at the end", async (t) => {
  const service = await startService(temporaryFolder(t));
  t.after(() => service.kill());
  const run = await runLong(service, SECONDS);
  assert.ok(run.result.facts.size > 0 && run.result.reads > 0);
  assert.ok(run.result.verifications > 1 && run.result.rebuilds > 1);
  checkFlat(run);
  await stopAndCheck(service, run.result);
});
