// npm run bench [-- case …] [--facts N]: every number beside a floor measured in the same run.
import { mkdirSync, writeFileSync } from "node:fs";
import { loadavg } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { root } from "../support/root.ts";
import { Bench } from "./bench.ts";
import { attest } from "./cases/attest.ts";
import { attestation } from "./cases/attestation.ts";
import { bulk } from "./cases/bulk.ts";
import { ciphers } from "./cases/ciphers.ts";
import { flat } from "./cases/flat.ts";
import { floors } from "./cases/floors.ts";
import { get } from "./cases/get.ts";
import { grpcBulk } from "./cases/grpc-bulk.ts";
import { mixed } from "./cases/mixed.ts";
import { open } from "./cases/open.ts";
import { pages } from "./cases/pages.ts";
import { query } from "./cases/query.ts";
import { unary } from "./cases/unary.ts";
import { verify } from "./cases/verify.ts";
import { killAll } from "./child-process.ts";
import { describeMachine, type MachineReport, MachineWatch } from "./machine.ts";
import { timedWindows } from "./measure.ts";
import type { Result } from "./result.ts";
import { formatTable, isMet } from "./table.ts";

// In this order: bulk fills the big store that the later cases read, mixed and flat let it grow.
const CASES = {
  floors,
  bulk,
  get,
  query,
  pages,
  verify,
  open,
  mixed,
  flat,
  "grpc-bulk": grpcBulk,
  unary,
  attest,
  ciphers,
  attestation,
};
const FACTS_DEFAULT = 1_000_000;
const FACTS_MIN = 20_000;
const INTERRUPTED = 130;

/** What the machine did during one case. */
interface CaseReport extends Pick<MachineReport, "load" | "steal"> {
  case: string;
  seconds: number;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    facts: { type: "string", default: String(FACTS_DEFAULT) },
    // Where to write what was timed when: for npm run profile.
    windows: { type: "string" },
  },
});
const facts = Number(values.facts);
if (!Number.isSafeInteger(facts) || facts < FACTS_MIN) {
  throw new Error(`--facts takes ${FACTS_MIN} or more`);
}
for (const name of positionals) {
  if (!Object.hasOwn(CASES, name)) {
    throw new Error(`no case ${name}: there are ${Object.keys(CASES).join(", ")}`);
  }
}

const watch = new MachineWatch();
const bench = new Bench(facts);
const results: Result[] = [];
const cases: CaseReport[] = [];
// Also when a case throws: nothing that was started outlives this process.
process.once("exit", killAll);
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, interrupt);
try {
  for (const [name, run] of Object.entries(CASES)) {
    if (positionals.length === 0 || positionals.includes(name)) await runCase(name, run);
  }
} finally {
  await bench.close();
}
if (values.windows !== undefined) writeFileSync(values.windows, JSON.stringify(timedWindows()));
print(watch.report());
if (positionals.length === 0) save(watch.report());

async function runCase(name: string, run: (bench: Bench) => Promise<Result[]>): Promise<void> {
  const startedAt = Date.now();
  const during = new MachineWatch();
  const found = await run(bench);
  const seconds = Math.round((Date.now() - startedAt) / 1000);
  const { load, steal } = during.report();
  results.push(...found);
  cases.push({ case: name, seconds, load, steal });
  const [one = 0] = loadavg();
  process.stderr.write(`\r\x1b[Kbench: ${name} took ${seconds} s, load ${one.toFixed(1)}\n`);
}

function print(machine: MachineReport): void {
  console.log(formatTable(results));
  console.log(`\n${facts.toLocaleString("en-US")} facts; ${describeMachine(machine)}`);
  const missed = results.filter((result) => !isMet(result)).length;
  const targets = results.filter(({ target }) => target !== undefined).length;
  console.log(`${targets - missed} of ${targets} targets met`);
}

// One file per size: a later run of the same size replaces it.
function save(machine: MachineReport): void {
  const folder = join(root, "test/bench/results");
  mkdirSync(folder, { recursive: true });
  const report = { facts, date: new Date().toISOString().slice(0, 10), machine, cases, results };
  writeFileSync(`${folder}/facts-${facts}.json`, `${JSON.stringify(report, null, 2)}\n`);
}

function interrupt(): void {
  killAll();
  bench.remove();
  process.exit(INTERRUPTED);
}
