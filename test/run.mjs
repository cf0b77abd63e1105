// `npm test`: finds every test file, runs it in each mode its suite asks for, two at a time, and
// ends with one plain line of totals. Plain Node, so that it runs before anything is compiled.
//   npm test -- store/src/keys    only files whose "suite path" contains one of the words
//   SLOW=1 npm test               also *.slow.test.ts
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runJob, stopAll } from "./support/run-job.mjs";
import { findJobs, root } from "./support/suites.mjs";
import { printFailures, printSummary, printTable } from "./support/summary.mjs";

const CONCURRENCY = Number(process.env.STRONGROOM_TEST_CONCURRENCY ?? 2);

async function main() {
  const startedAt = Date.now();
  compile();
  const slow = process.env.SLOW === "1";
  const { jobs, leftOut } = findJobs({ filters: process.argv.slice(2), slow });
  const scratch = mkdtempSync(join(tmpdir(), "strongroom-test-"));
  const results = [];
  try {
    await inParallel(jobs, async (job) => {
      const result = await runJob(job, { scratch, slow });
      results.push(result);
      printProgress(result, results.length, jobs.length);
    });
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  const skips = [...results.flatMap((result) => result.skips), ...leftOut];
  const refused = refusedSkips(skips);
  printFailures(results, refused);
  printTable(results, skips);
  const failed = printSummary({ results, skips, refused, startedAt });
  process.exitCode = failed > 0 || results.length === 0 ? 1 : 0;
}

// Incremental. What does not compile is not tested.
function compile() {
  console.log("compiling TypeScript");
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  const { status } = spawnSync(process.execPath, [tsc, "-b"], { cwd: root, stdio: "inherit" });
  if (status !== 0) process.exit(1);
}

async function inParallel(jobs, run) {
  const queue = [...jobs];
  const worker = async () => {
    for (let job = queue.shift(); job !== undefined; job = queue.shift()) await run(job);
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
}

function printProgress(result, done, total) {
  const verdict = result.failures.length === 0 ? "ok  " : "FAIL";
  const seconds = (result.ms / 1000).toFixed(1).padStart(6);
  console.log(`${verdict} ${seconds} s  [${done}/${total}] ${result.suite}  ${result.file}`);
}

// A skip counts as allowed only with the reason that test/allowed-skips.json gives for it.
function refusedSkips(skips) {
  const allowed = JSON.parse(readFileSync(join(root, "test/allowed-skips.json"), "utf8"));
  return skips.filter(
    (skip) =>
      !allowed.some(
        (entry) =>
          entry.file === skip.file &&
          (entry.test === "*" || entry.test === skip.name) &&
          entry.reason === skip.reason,
      ),
  );
}

for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, () => {
    stopAll();
    process.exit(130);
  });
}
await main();
