// Writes the table of the largest saved run between the two marks in the README.
//   node --conditions=source --import tsx test/bench/readme-table.ts
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { root } from "../support/root.ts";
import { describeMachine, type MachineReport } from "./machine.ts";
import type { Result } from "./result.ts";
import { formatTable } from "./table.ts";

/** A saved run: JSON knows no NaN, so that what is not there is null. */
interface Saved {
  facts: number;
  date: string;
  machine: MachineReport;
  results: (Omit<Result, "floor" | "ratio"> & { floor: number | null; ratio: number | null })[];
}

const RESULTS = join(root, "test/bench/results");
const README = join(root, "README.md");
const MARKED = /(<!-- bench -->\n).*?(<!-- \/bench -->\n)/s;

/** The README with the newest table in it. */
export function withTable(readme: string): string {
  if (!MARKED.test(readme)) throw new Error("the README has no marks for the bench table");
  return readme.replace(MARKED, (_, start: string, end: string) => `${start}${section()}${end}`);
}

function section(): string {
  const { facts, date, machine, results } = largest();
  const table = formatTable(
    results.map((one) => ({
      ...one,
      floor: one.floor ?? Number.NaN,
      ratio: one.ratio ?? Number.NaN,
    })),
  );
  return [
    `${facts.toLocaleString("en-US")} facts, ${date}: ${describeMachine(machine)}.`,
    "",
    table,
    "",
  ].join("\n");
}

function largest(): Saved {
  const runs = readdirSync(RESULTS)
    .filter((name) => /^facts-\d+\.json$/.test(name))
    .map((name) => JSON.parse(readFileSync(join(RESULTS, name), "utf8")) as Saved);
  const [first, ...rest] = runs;
  if (first === undefined) throw new Error(`no results in ${RESULTS}: npm run bench makes them`);
  return rest.reduce((best, run) => (run.facts > best.facts ? run : best), first);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(README, withTable(readFileSync(README, "utf8")));
}
