// npm run mutations -- [name…] [--json FILE]
// Names are matched by their beginning; none means all. Two at a time.
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { readMutations } from "./mutation.ts";
import { runAll } from "./run-all.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: "string" } },
});
const mutations = readMutations().filter(
  ({ name }) => positionals.length === 0 || positionals.some((word) => name.startsWith(word)),
);
if (mutations.length === 0) throw new Error("no such mutation");
const results = await runAll(mutations, (result, done) => {
  const { verdict, name, ms, details } = result;
  const seconds = (ms / 1000).toFixed(1).padStart(6);
  console.log(`${verdict.padEnd(10)} ${seconds} s  [${done}/${mutations.length}] ${name}`);
  if (verdict !== "killed") console.log(`${result.guarantee}\n${details}\n`);
});
const lived = results.filter(({ verdict }) => verdict !== "killed");
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(results, null, 2)}\n`);
console.log(`${results.length - lived.length} killed, ${lived.length} not`);
process.exitCode = lived.length === 0 ? 0 : 1;
