import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { toHex } from "@strongroom/protocol";
import { appendUntilGone } from "../../support/acknowledged.ts";
import { checkStore } from "../../support/check-store.ts";
import { startService } from "../../support/service.ts";
import { temporaryFolder } from "../../support/test-store.ts";

const KILLS = 3;

for (const [signal, name] of [
  ["SIGKILL", "killed"],
  ["SIGTERM", "told to end"],
] as const) {
  test(`a service ${name} during appends loses nothing that it acknowledged`, async (t) => {
    const folder = temporaryFolder(t);
    const acknowledged = new Set<string>();
    for (let round = 0; round < KILLS; round++) {
      const service = await startService(folder);
      const appending = await appendUntilGone(service, round * 100_000);
      while (appending.cids.size < 50) await sleep(10);
      await sleep(50 * round);
      if (signal === "SIGKILL") await service.kill();
      else assert.equal(await service.stop(), 0, service.log());
      await appending.done;
      for (const cid of appending.cids) acknowledged.add(cid);
      const afterCrash = signal === "SIGKILL";
      const found = checkStore(service.storePath, service.rawKey, { afterCrash });
      const cids = new Set(found.cids.map(toHex));
      assert.equal(cids.size, found.cids.length, "no fact twice");
      for (const cid of acknowledged) assert.ok(cids.has(cid), "an acknowledged fact is there");
    }
    const last = await startService(folder);
    assert.equal(await last.stop(), 0, last.log());
    checkStore(last.storePath, last.rawKey);
  });
}
