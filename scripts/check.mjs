// `npm run check`: everything that can be said about the code without running it.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { checkFileSizes } from "./check/file-sizes.mjs";
import { checkLicences } from "./check/licences.mjs";
import { program } from "./check/program.mjs";
import { checkGeneratedCode, checkProtos } from "./check/protos.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));

// Each step returns the problems it found as lines of text, or { skipped: reason }.
const STEPS = [
  ["types", () => program(root, "tsc", ["-p", "tsconfig.check.json"])],
  [
    "lint, format, walls",
    () => program(root, "biome", ["check", "--colors=off", "--error-on-warnings", "."]),
  ],
  ["dead code", () => program(root, "knip", [])],
  ["protos: lint, breaking", () => checkProtos(root)],
  ["protos: generated code", () => checkGeneratedCode(root)],
  ["lock file", () => checkLockFile()],
  ["licences", () => checkLicences(root)],
  ["file sizes", () => checkFileSizes(root)],
  ["known vulnerabilities", () => ({ skipped: "the advisory service needs a network" })],
];

// The lock file must work with any registry and on any platform: no address, a digest for every
// package, and an entry for each platform's own package, without which `npm ci` refuses. (Those of
// other platforms were never fetched, so they may lack a digest.)
function checkLockFile() {
  const { packages } = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8"));
  return Object.entries(packages).flatMap(([path, entry]) => {
    const problems = Object.keys(entry.optionalDependencies ?? {})
      .filter((name) => !packages[`node_modules/${name}`])
      .filter((name) => !packages[`${path}/node_modules/${name}`])
      .map((name) => `${path} wants ${name}, which has no entry`);
    if (!path.includes("node_modules/") || entry.link) return problems;
    if (/^https?:/.test(entry.resolved ?? "")) problems.push(`${path} names a registry`);
    if (!entry.integrity && !entry.inBundle && !entry.os) problems.push(`${path} has no digest`);
    return problems;
  });
}

const only = process.argv.slice(2);
const rows = [];
for (const [name, step] of STEPS) {
  if (only.length > 0 && !only.some((word) => name.includes(word))) continue;
  const startedAt = Date.now();
  const outcome = await step();
  const problems = Array.isArray(outcome) ? outcome : [];
  for (const problem of problems) console.log(problem);
  const verdict = Array.isArray(outcome)
    ? problems.length === 0
      ? "ok"
      : "FAILED"
    : `skipped: ${outcome.skipped}`;
  rows.push({ name, verdict, seconds: (Date.now() - startedAt) / 1000 });
}
console.log();
for (const { name, verdict, seconds } of rows) {
  console.log(`${name.padEnd(26)}${seconds.toFixed(1).padStart(6)} s  ${verdict}`);
}
process.exitCode = rows.some(({ verdict }) => verdict === "FAILED") ? 1 : 0;
