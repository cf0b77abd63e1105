import { test } from "node:test";
import { startService } from "../support/service.ts";
import { temporaryFolder } from "../support/test-store.ts";
import { stopAndCheck } from "./check-load.ts";
import { runLoad } from "./load.ts";
import { checkFlat, runLong } from "./long-run.ts";

const HALF_HOUR_S = 1800;
const CROWD_S = 180;

test("half an hour at half speed: memory, descriptors and WALs stay flat", async (t) => {
  const service = await startService(temporaryFolder(t));
  t.after(() => service.kill());
  const run = await runLong(service, HALF_HOUR_S);
  t.diagnostic(JSON.stringify({ early: run.early, late: run.late }));
  checkFlat(run);
  await stopAndCheck(service, run.result);
});

test("64 writers, 16 readers, 8 watchers, a verifier and a reindexer for minutes", async (t) => {
  const service = await startService(temporaryFolder(t));
  t.after(() => service.kill());
  const until = performance.now() + CROWD_S * 1000;
  const result = await runLoad(service, {
    writers: 64,
    readers: 16,
    watchers: 8,
    over: () => performance.now() > until,
    reindexEveryMs: 5_000,
  });
  await stopAndCheck(service, result);
});
