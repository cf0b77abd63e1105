import assert from "node:assert/strict";
import { test } from "node:test";
import { StartFailed, startService } from "../../support/service.ts";
import { temporaryFolder } from "../../support/test-store.ts";

test("a second process on the same store is refused with exit code 7", async (t) => {
  const folder = temporaryFolder(t);
  const first = await startService(folder);
  await assert.rejects(startService(folder), (error) => {
    assert.ok(error instanceof StartFailed);
    assert.equal(error.exitCode, 7);
    assert.match(error.log, /STORE_LOCKED/);
    return true;
  });
  assert.equal(await first.stop(), 0);
  const again = await startService(folder);
  assert.equal(await again.stop(), 0);
});

test("the lock of a killed process does not outlive it", async (t) => {
  const folder = temporaryFolder(t);
  const first = await startService(folder);
  await first.kill();
  const again = await startService(folder);
  assert.equal(await again.stop(), 0);
});
