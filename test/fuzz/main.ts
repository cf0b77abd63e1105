// npm run fuzz -- [target…] [--inputs N] [--seed N] [--from N] [--seconds S] [--json FILE]
// Targets are matched by the beginning of their names; none means all. Two threads at a time.
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import type { Failure, TargetResult } from "./run-target.ts";
import { fuzz } from "./supervise.ts";
import { targetNames } from "./targets.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    inputs: { type: "string", default: "1000000" },
    seed: { type: "string" },
    from: { type: "string", default: "0" },
    seconds: { type: "string" },
    threads: { type: "string", default: "2" },
    json: { type: "string" },
  },
});
const seed = Number(values.seed ?? Date.now() % 0x7fffffff);
const options = {
  seed,
  from: Number(values.from),
  inputs: Number(values.inputs),
  ...(values.seconds === undefined ? {} : { secondsMax: Number(values.seconds) }),
};
const names = targetNames.filter(
  (name) => positionals.length === 0 || positionals.some((word) => name.startsWith(word)),
);
if (names.length === 0) throw new Error(`no such target; there are: ${targetNames.join(" ")}`);

console.log(`seed ${seed}, ${options.inputs} inputs from ${options.from} each`);
const startedAt = Date.now();
const results: TargetResult[] = [];
const queue = [...names];
await Promise.all(Array.from({ length: Number(values.threads) }, takeTargets));

async function takeTargets(): Promise<void> {
  for (let name = queue.shift(); name !== undefined; name = queue.shift()) {
    let shownAt = Date.now();
    await fuzz({
      ...options,
      names: [name],
      onResult: report,
      onProgress: (_, input) => {
        if (Date.now() - shownAt < 30_000) return;
        shownAt = Date.now();
        console.log(`  … ${name}: ${input - options.from} of ${options.inputs}`);
      },
    });
  }
}

function report(result: TargetResult): void {
  results.push(result);
  const rate = Math.round(result.inputs / Math.max(1, result.ms / 1000));
  const verdict = result.failures.length === 0 ? "ok  " : "FAIL";
  const accepted = `${result.accepted} accepted, ${result.comparedBackends} by both backends`;
  const speed = `${(result.ms / 1000).toFixed(1)} s, ${rate} /s`;
  console.log(
    `${verdict} ${result.target.padEnd(24)} ${result.inputs} inputs, ${accepted}, ${speed}`,
  );
  for (const failure of result.failures) console.log(describe(failure));
}

function describe(failure: Failure): string {
  const { target, seed: of, input, origin, why, hex, base64 } = failure;
  const again = `npm run fuzz -- ${target} --seed ${of} --from ${input} --inputs 1`;
  return [
    `  ${why}`,
    `  again: ${again}   (from valid input ${origin})`,
    `  least input, hex: ${hex}`,
    `  base64: ${base64}`,
  ].join("\n");
}

const failed = results.filter(({ failures }) => failures.length > 0).length;
const total = results.reduce((sum, { inputs }) => sum + inputs, 0);
const summary = { seed, inputs: total, failed, seconds: (Date.now() - startedAt) / 1000, results };
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(summary, null, 2)}\n`);
const { results: _, ...short } = summary;
console.log(JSON.stringify({ ...short, targets: results.length }));
process.exitCode = failed === 0 ? 0 : 1;
