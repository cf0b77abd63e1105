// Which test files there are, and in which suites and modes each runs.
import { readdirSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

const CIPHERS = ["aegis256", "sqlcipher", "chacha20", "none"];

// The first row whose folder holds the file names its suite. Suites with `ciphers` run once in
// each mode, told by STRONGROOM_TEST_CIPHER.
const SUITES = [
  { folder: "packages/protocol", name: "protocol" },
  { folder: "packages/store", name: "store", ciphers: true },
  { folder: "packages/runtime", name: "runtime" },
  { folder: "packages/client", name: "client" },
  { folder: "packages/cli", name: "cli" },
  { folder: "services/storage", name: "storage" },
  { folder: "services/attestor", name: "attestor" },
  { folder: "services/witness", name: "witness" },
  { folder: "test/conformance", name: "conformance" },
  { folder: "test/integration", name: "integration", ciphers: true },
  { folder: "test/fault/store", name: "fault store", ciphers: true },
  { folder: "test/fault", name: "fault" },
  { folder: "test/e2e", name: "e2e" },
  { folder: "test/simulation", name: "simulation" },
  { folder: "test/fuzz", name: "fuzz" },
  { folder: "test/mutations", name: "mutations" },
  { folder: "test/soak", name: "soak" },
  { folder: "test", name: "house" },
];
const ROOTS = ["packages", "services", "test"];
const LEFT_OUT = new Set(["node_modules", "dist", "fixtures", "gen"]);

/** Every (suite, mode, file) to run, and the slow files that were left out as skips. */
export function findJobs({ filters, slow }) {
  const files = ROOTS.flatMap((folder) => testFiles(join(root, folder))).sort();
  const isSlow = (file) => file.endsWith(".slow.test.ts");
  const jobs = files
    .filter((file) => slow || !isSlow(file))
    .flatMap((file) => jobsOf(file))
    .filter((job) => matches(job, filters));
  const leftOut = slow ? [] : files.filter(isSlow).flatMap((file) => skippedSlow(file, filters));
  return { jobs, leftOut };
}

function jobsOf(file) {
  const suite = suiteOf(file);
  if (!suite.ciphers) return [{ suite: suite.name, file }];
  return CIPHERS.map((cipher) => ({ suite: `${suite.name} ${cipher}`, file, cipher }));
}

function suiteOf(file) {
  const suite = SUITES.find(({ folder }) => file.startsWith(`${folder}/`));
  if (suite === undefined) throw new Error(`no suite holds ${file}: add its folder to suites.mjs`);
  return suite;
}

function matches(job, filters) {
  return filters.length === 0 || filters.some((word) => `${job.suite} ${job.file}`.includes(word));
}

function skippedSlow(file, filters) {
  const job = { suite: suiteOf(file).name, file };
  if (!matches(job, filters)) return [];
  return [{ ...job, name: "*", reason: "slow: SLOW=1 runs it" }];
}

function testFiles(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return LEFT_OUT.has(entry.name) ? [] : testFiles(path);
    return entry.name.endsWith(".test.ts") ? [relative(root, path)] : [];
  });
}
