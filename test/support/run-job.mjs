// Runs one test file in a process group and a temporary folder of its own, and says what it left.
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { root } from "./suites.mjs";

const FILE_TIMEOUT_MS = 300_000;
const SLOW_FILE_TIMEOUT_MS = 3_600_000;
const OUTPUT_CHARS_KEPT = 8_000;
// Children (and esbuild's service) may need a moment to notice that the test process has gone.
const LEFTOVER_GRACE_MS = 5_000;

const running = new Set();
let jobNumber = 0;

/** → { suite, file, ms, passed, failures: [{ name, error }], skips: [{ suite, file, name, reason }] } */
export async function runJob(job, { scratch, slow }) {
  const startedAt = Date.now();
  jobNumber += 1;
  const folder = join(scratch, String(jobNumber));
  const report = join(scratch, `${jobNumber}.report`);
  prepareTemporaryFolder(folder, scratch);
  const exit = await runFile(job, { folder, report, slow });
  const result = readReport(job, report, exit);
  const left = readdirSync(folder).filter((name) => !name.startsWith("tsx-"));
  if (left.length > 0) fail(result, "leaves no files behind", `left in TMPDIR: ${left.join(", ")}`);
  try {
    rmSync(folder, { recursive: true, force: true });
  } catch (error) {
    fail(result, "leaves a folder that can be removed", String(error));
  }
  return { ...result, ms: Date.now() - startedAt };
}

export function stopAll() {
  for (const pid of running) signalGroup(pid, "SIGKILL");
}

// All jobs share tsx's cache of compiled files; everything else in TMPDIR is the job's own.
function prepareTemporaryFolder(folder, scratch) {
  const cacheName = `tsx-${process.getuid?.() ?? "user"}`;
  const cache = join(scratch, cacheName);
  mkdirSync(cache, { recursive: true });
  mkdirSync(folder);
  symlinkSync(cache, join(folder, cacheName));
}

// Tests run as they were built: a store opens five threads, and from source each would start a
// compiler of its own. Those of test/ that look for files beside their source run from source.
const BUILT_TESTS = [
  "test/integration/",
  "test/fault/",
  "test/e2e/",
  "test/simulation/",
  "test/soak/",
  "test/fuzz/",
];

function program(file) {
  const built = file.replace(/\.ts$/, ".js");
  if (!file.startsWith("test/")) return [join(root, built.replace("/src/", "/dist/"))];
  if (BUILT_TESTS.some((folder) => file.startsWith(folder))) {
    return [join(root, built.replace(/^test\//, "test/dist/"))];
  }
  return ["--import", "tsx", join(root, file)];
}

async function runFile(job, { folder, report, slow }) {
  const reporter = ["--test-reporter", join(root, "test/support/reporter.mjs")];
  const destination = ["--test-reporter-destination", report];
  const child = spawn(process.execPath, [...reporter, ...destination, ...program(job.file)], {
    cwd: root,
    env: environment(job, folder),
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  running.add(child.pid);
  let output = "";
  const keep = (chunk) => {
    output = (output + chunk).slice(-OUTPUT_CHARS_KEPT);
  };
  child.stdout.on("data", keep);
  child.stderr.on("data", keep);
  let timedOut = false;
  const timer = setTimeout(
    () => {
      timedOut = true;
      signalGroup(child.pid, "SIGKILL");
    },
    slow ? SLOW_FILE_TIMEOUT_MS : FILE_TIMEOUT_MS,
  );
  const [code, signal] = await new Promise((resolve) =>
    child.once("exit", (...how) => resolve(how)),
  );
  clearTimeout(timer);
  const leftProcesses = await outlivesGrace(child.pid);
  if (leftProcesses) signalGroup(child.pid, "SIGKILL");
  running.delete(child.pid);
  return { code, signal, output, timedOut, leftProcesses };
}

// Nothing of the caller's settings, but a real Rekor if there is one to test against.
function environment(job, folder) {
  const isKept = (name) =>
    !name.startsWith("STRONGROOM_") || name.startsWith("STRONGROOM_TEST_REKOR");
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => isKept(name)));
  const python = join(root, ".setup/python");
  return {
    ...env,
    TMPDIR: folder,
    NODE_NO_WARNINGS: "1",
    ...(job.cipher !== undefined && { STRONGROOM_TEST_CIPHER: job.cipher }),
    ...(existsSync(python) && { STRONGROOM_TEST_PYTHONPATH: python }),
  };
}

function readReport(job, report, exit) {
  const result = { suite: job.suite, file: job.file, passed: 0, failures: [], skips: [] };
  const text = existsSync(report) ? readFileSync(report, "utf8") : "";
  rmSync(report, { force: true });
  for (const line of text.split("\n")) if (line !== "") count(result, JSON.parse(line));
  if (exit.timedOut) fail(result, "ends in time", exit.output);
  else if (exit.leftProcesses) fail(result, "leaves no process behind", exit.output);
  else if (exit.code !== 0 && result.failures.length === 0) {
    fail(result, `ends by itself (code ${exit.code}, signal ${exit.signal})`, exit.output);
  }
  if (result.passed + result.failures.length + result.skips.length === 0) {
    fail(result, "holds at least one test", exit.output);
  }
  return result;
}

// A parent of subtests is reported as failed too; only the subtest counts.
function count(result, line) {
  if (line.outcome === "failed") {
    if (line.failure !== "subtestsFailed") fail(result, line.name, line.error);
  } else if (line.kind === "suite" && line.outcome === "passed") {
    return;
  } else if (line.outcome === "passed") result.passed += 1;
  else {
    const { suite, file } = result;
    result.skips.push({ suite, file, name: line.name, reason: line.reason });
  }
}

function fail(result, name, error) {
  result.failures.push({ name, error });
}

async function outlivesGrace(pid) {
  for (let waitedMs = 0; waitedMs < LEFTOVER_GRACE_MS; waitedMs += 50) {
    if (!signalGroup(pid, 0)) return false;
    await sleep(50);
  }
  return signalGroup(pid, 0);
}

function signalGroup(pid, signal) {
  try {
    return process.kill(-pid, signal);
  } catch {
    return false;
  }
}
