import assert from "node:assert/strict";
import { test } from "node:test";
import { startService } from "../support/service.ts";
import { temporaryFolder } from "../support/test-store.ts";
import { stopAndCheck } from "./check-load.ts";
import { runLoad } from "./load.ts";

test("64 writers, 16 readers, 8 watchers, a verifier and a reindexer at once", async (t) => {
  const service = await startService(temporaryFolder(t));
  t.after(() => service.kill());
  const result = await runLoad(service, {
    writers: 64,
    readers: 16,
    watchers: 8,
    operations: 40,
    reindexEveryMs: 400,
  });
  assert.ok(result.facts.size > 64 * 40, `${result.facts.size} facts`);
  assert.equal(result.reads, 16 * 40);
  assert.ok(result.verifications > 0 && result.rebuilds > 0);
  await stopAndCheck(service, result);
});
