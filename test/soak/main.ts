// `npm run soak -- [--seconds 1800] [--cipher c]`: one service under half load for so long. Samples
// go to stderr, one a line; the last line, on stdout, is JSON: early and late medians, and verdict.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { startService } from "../support/service.ts";
import { stopAndCheck } from "./check-load.ts";
import { checkFlat, runLong } from "./long-run.ts";

const { values } = parseArgs({
  options: { seconds: { type: "string", default: "1800" }, cipher: { type: "string" } },
});
const folder = mkdtempSync(join(tmpdir(), "strongroom-soak-"));
const service = await startService(folder, {
  ...(values.cipher ? { cipher: values.cipher as "none" } : {}),
});
try {
  const run = await runLong(service, Number(values.seconds));
  const every = Math.max(1, Math.floor(run.samples.length / 60));
  run.samples.forEach((sample, i) => {
    if (i % every === 0) console.error(JSON.stringify(sample));
  });
  const { early, late } = run;
  checkFlat(run);
  const entries = await stopAndCheck(service, run.result);
  console.log(JSON.stringify({ verdict: "flat", entries, early, late }));
} finally {
  await service.kill();
  rmSync(folder, { recursive: true, force: true });
}
