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
  ["lint, format, walls", () => program(root, "biome", ["ci", "--error-on-warnings", "."])],
  ["dead code", () => program(root, "knip", [])],
  ["protos: lint, breaking", () => checkProtos(root)],
  ["protos: generated code", () => checkGeneratedCode(root)],
  ["lock file", () => checkLockFile()],
  ["licences", () => checkLicences(root)],
  ["file sizes", () => checkFileSizes(root)],
  ["known vulnerabilities", () => ({ skipped: "the advisory service needs a network" })],
];

// The lock file must work with any registry: no address of one, and a digest for every package.
function checkLockFile() {
  const { packages } = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8"));
  return Object.entries(packages).flatMap(([path, entry]) => {
    if (!path.includes("node_modules/") || entry.link) return [];
    const named = /^https?:/.test(entry.resolved ?? "") ? [`${path} names a registry`] : [];
    return entry.integrity === undefined && !entry.inBundle
      ? [...named, `${path} has no digest`]
      : named;
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
