// npm run bench:peers [-- postgres tessera stigmem] [--facts N]: the same work on other products, in
// turns with ours, on the same disk. What cannot be started here is skipped with its reason.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { root } from "../../support/root.ts";
import { Bench } from "../bench.ts";
import { killAll } from "../child-process.ts";
import { describeMachine, MachineWatch } from "../machine.ts";
import type { Result } from "../result.ts";
import { formatTable } from "../table.ts";
import { againstPostgres } from "./against-postgres.ts";
import { againstStigmem } from "./against-stigmem.ts";
import { againstTessera } from "./against-tessera.ts";
import { PeerSkipped } from "./place.ts";

const PEERS = { postgres: againstPostgres, tessera: againstTessera, stigmem: againstStigmem };
const FACTS_DEFAULT = 1_000_000;
const INTERRUPTED = 130;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { facts: { type: "string", default: String(FACTS_DEFAULT) } },
});
const facts = Number(values.facts);
if (!Number.isSafeInteger(facts) || facts < 20_000) throw new Error("--facts takes 20000 or more");
for (const name of positionals) {
  if (!Object.hasOwn(PEERS, name))
    throw new Error(`no peer ${name}: ${Object.keys(PEERS).join(", ")}`);
}

const watch = new MachineWatch();
const bench = new Bench(facts);
const results: Result[] = [];
const skipped: Record<string, string> = {};
// Also when a case throws: nothing that was started outlives this process.
process.once("exit", killAll);
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, interrupt);
try {
  for (const [name, run] of Object.entries(PEERS)) {
    if (positionals.length === 0 || positionals.includes(name)) await runPeer(name, run);
  }
} finally {
  await bench.close();
}
const machine = watch.report();
console.log(formatTable(results));
console.log(`\n${facts.toLocaleString("en-US")} facts; ${describeMachine(machine)}`);
for (const [name, reason] of Object.entries(skipped)) console.log(`skipped ${name}: ${reason}`);
if (positionals.length === 0) save();

async function runPeer(name: string, run: (of: Bench) => Promise<Result[]>): Promise<void> {
  try {
    results.push(...(await run(bench)));
    process.stderr.write(`\r\x1b[Kbench: ${name} done\n`);
  } catch (reason) {
    const { message } = reason as Error;
    skipped[name] = message;
    process.stderr.write(`\r\x1b[Kbench: ${name} skipped: ${message}\n`);
    // Whatever else went wrong must not cost the other peers' numbers.
    if (!(reason instanceof PeerSkipped)) process.exitCode = 1;
  }
}

function save(): void {
  const folder = join(root, "test/bench/results");
  mkdirSync(folder, { recursive: true });
  const report = { facts, date: new Date().toISOString().slice(0, 10), machine, results, skipped };
  writeFileSync(join(folder, "peers.json"), `${JSON.stringify(report, null, 2)}\n`);
}

function interrupt(): void {
  killAll();
  bench.remove();
  process.exit(INTERRUPTED);
}
