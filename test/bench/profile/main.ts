// npm run profile -- <case> [--facts N] [--floor] [--keep FOLDER]: what each thread does while a case of the
// bench is timed, by our own step names and by function.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { extname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { Window } from "../measure.ts";
import { readThread, type ThreadTimes } from "./read-profile.ts";

const SAMPLE_US = 500;
const STEPS_SHOWN = 24;
const FUNCTIONS_SHOWN = 14;
/** Threads that were busy for less of the time than this are left out. */
const BUSY_MIN = 0.01;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    facts: { type: "string", default: "200000" },
    keep: { type: "string" },
    floor: { type: "boolean", default: false },
  },
});
const [name] = positionals;
if (name === undefined || positionals.length > 1) {
  throw new Error("usage: npm run profile -- <case> [--facts N] [--floor] [--keep FOLDER]");
}
const folder = values.keep ? resolve(values.keep) : mkdtempSync(join(tmpdir(), "profile-"));
try {
  await runCase(name, folder);
  print(folder);
} finally {
  if (values.keep === undefined) rmSync(folder, { recursive: true, force: true });
}

async function runCase(caseName: string, into: string): Promise<void> {
  mkdirSync(into, { recursive: true });
  const bench = fileURLToPath(new URL(`../main${extname(import.meta.url)}`, import.meta.url));
  const profiling = ["--cpu-prof", `--cpu-prof-dir=${into}`, `--cpu-prof-interval=${SAMPLE_US}`];
  const args = [caseName, "--facts", values.facts, "--windows", join(into, "windows.json")];
  const child = spawn(process.execPath, [...profiling, bench, ...args], { stdio: "inherit" });
  // The bench cleans up and ends; then so do we. A terminal's Ctrl-C reaches it by itself.
  process.on("SIGINT", () => undefined);
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  const [status] = await once(child, "exit");
  if (status !== 0) throw new Error(`the bench ended with ${status}`);
}

function print(from: string): void {
  const windows = JSON.parse(readFileSync(join(from, "windows.json"), "utf8")) as Window[];
  const files = readdirSync(from).filter((file) => file.endsWith(".cpuprofile"));
  for (const { row, side } of rowsOf(windows)) {
    const ofRow = windows.filter((window) => window.row === row && window.side === side);
    const units = sum(ofRow.map((window) => window.units));
    const ms = sum(ofRow.map((window) => window.endedAt - window.startedAt));
    const rate = Math.round((units * 1000) / ms).toLocaleString("en-US");
    const name = side === "ours" ? row : `${row}: ${side}`;
    console.log(`\n## ${name}: ${units} in ${Math.round(ms)} ms, ${rate}/s while profiled`);
    const threads = files.map((file) => readThread(join(from, file), ofRow));
    for (const thread of byProcess(threads)) printThread(thread, { units, ms });
  }
}

/** Floors only when asked for. */
function rowsOf(windows: readonly Window[]): Pick<Window, "row" | "side">[] {
  const found = new Map(windows.map((window) => [`${window.row} ${window.side}`, window]));
  return [...found.values()].filter(({ side }) => values.floor || side !== "floor");
}

/** Main threads before the others of their process. */
function byProcess(threads: ThreadTimes[]): ThreadTimes[] {
  const order = ["main", "service", "commit", "indexer", "reader", "state"];
  return threads.sort(
    (a, b) => a.pid.localeCompare(b.pid) || order.indexOf(a.name) - order.indexOf(b.name),
  );
}

function printThread(thread: ThreadTimes, timed: { units: number; ms: number }): void {
  const idle = thread.steps.get("idle") ?? 0;
  const busy = sum([...thread.steps.values()]) - idle;
  if (busy < timed.ms * BUSY_MIN) return;
  const perUnit = (ms: number) => ((ms * 1000) / timed.units).toFixed(2).padStart(8);
  const share = (ms: number) => `${((ms * 100) / timed.ms).toFixed(1).padStart(5)} %`;
  const line = (what: string, ms: number) =>
    console.log(`  ${perUnit(ms)} µs  ${share(ms)}  ${what}`);
  console.log(`\n${thread.name} (process ${thread.pid}), per unit and of the time:`);
  line("busy", busy);
  for (const [step, ms] of top(thread.steps, STEPS_SHOWN)) if (step !== "idle") line(step, ms);
  console.log("  by function");
  for (const [what, ms] of top(thread.functions, FUNCTIONS_SHOWN)) {
    if (what !== "(idle)") line(what, ms);
  }
}

function top(times: Map<string, number>, count: number): [string, number][] {
  return [...times].sort(([, a], [, b]) => b - a).slice(0, count);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
