// node test/mutations/run-one.mjs FILE [CIPHER]: runs one test file in one mode as the runner does,
// without compiling, and prints what failed as one line of JSON.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runJob, stopAll } from "../support/run-job.mjs";
import { findJobs } from "../support/suites.mjs";

const [file, cipher = "aegis256"] = process.argv.slice(2);
const { jobs } = findJobs({ filters: [file], slow: false });
const job = jobs.find((one) => one.file === file && (one.cipher ?? cipher) === cipher);
if (job === undefined) throw new Error(`no test file ${file}`);
process.once("SIGTERM", () => {
  stopAll();
  process.exit(1);
});
const scratch = mkdtempSync(join(tmpdir(), "strongroom-one-"));
try {
  const { failures } = await runJob(job, { scratch, slow: false });
  console.log(JSON.stringify(failures.map(({ name, error }) => ({ name, error }))));
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
