// npm run bench [-- case …] [--facts N]: every number beside a floor measured in the same run.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { root } from "../support/root.ts";
import { Bench, type Result } from "./bench.ts";
import { bulk, ciphers, worstCommit } from "./cases/append.ts";
import { grpcBulk, unary } from "./cases/grpc.ts";
import { get, pagesAtAnyDepth, query } from "./cases/read.ts";
import { floors, mixed, open, verify } from "./cases/whole.ts";
import { MachineWatch } from "./machine.ts";
import { timedWindows } from "./measure.ts";
import { formatTable, isMet } from "./table.ts";

// In this order: bulk fills the big store that the later cases read.
const CASES = {
  floors,
  bulk,
  "worst-commit": worstCommit,
  get,
  query,
  pages: pagesAtAnyDepth,
  verify,
  mixed,
  open,
  ciphers,
  "grpc-bulk": grpcBulk,
  unary,
};
const FACTS_DEFAULT = 200_000;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    facts: { type: "string", default: String(FACTS_DEFAULT) },
    // Where to write what was timed when: for npm run profile.
    windows: { type: "string" },
  },
});
const facts = Number(values.facts);
if (!Number.isSafeInteger(facts) || facts < 20_000) throw new Error("--facts takes 20000 or more");
for (const name of positionals) {
  if (!Object.hasOwn(CASES, name)) {
    throw new Error(`no case ${name}: there are ${Object.keys(CASES).join(", ")}`);
  }
}

const watch = new MachineWatch();
const bench = new Bench(facts);
const results: Result[] = [];
try {
  for (const [name, run] of Object.entries(CASES)) {
    if (positionals.length > 0 && !positionals.includes(name)) continue;
    console.error(`bench: ${name}`);
    results.push(...(await run(bench)));
  }
} finally {
  await bench.close();
}
if (values.windows !== undefined) writeFileSync(values.windows, JSON.stringify(timedWindows()));
const machine = watch.report();
console.log(formatTable(results));
console.log(
  `\n${machine.cores} cores, ${machine.cpu}, ${machine.memoryGiB} GiB, node ${machine.node}, ` +
    `load ${machine.load.map((value) => value.toFixed(1)).join(" → ")}, ` +
    `steal ${(machine.steal * 100).toFixed(1)} %`,
);
const missed = results.filter((result) => !isMet(result)).length;
console.log(
  `${results.length - missed} of ${results.length} within their targets or reported only`,
);
if (positionals.length === 0) save();

// One file per size: a later run of the same size replaces it.
function save(): void {
  const folder = join(root, "test/bench/results");
  mkdirSync(folder, { recursive: true });
  const report = { facts, date: new Date().toISOString().slice(0, 10), machine, results };
  writeFileSync(`${folder}/facts-${facts}.json`, `${JSON.stringify(report, null, 2)}\n`);
}
