// The wire: its lint, its compatibility with the committed baseline, and its generated code.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { program } from "./program.mjs";

const BASELINE = "proto/baseline.binpb";

export function checkProtos(root) {
  return [
    ...program(root, "buf", ["lint"]),
    ...program(root, "buf", ["breaking", "--against", BASELINE]),
  ];
}

/** Generates again into a temporary folder and compares with proto/gen, file by file. */
export function checkGeneratedCode(root) {
  const folder = mkdtempSync(join(tmpdir(), "strongroom-generated-"));
  try {
    const template = readFileSync(join(root, "buf.gen.yaml"), "utf8");
    const config = join(folder, "buf.gen.yaml");
    const out = join(folder, "gen");
    writeFileSync(config, template.replace(/^(\s*out:).*$/gm, `$1 ${out}`));
    const problems = program(root, "buf", ["generate", "--template", config]);
    return problems.length > 0 ? problems : differences(join(root, "proto/gen"), out);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function differences(committed, generated) {
  const names = new Set([...filesIn(committed), ...filesIn(generated)]);
  return [...names]
    .filter((name) => contents(committed, name) !== contents(generated, name))
    .map((name) => `proto/gen/${name} is not what the .proto files generate: npm run generate`);
}

function filesIn(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)));
}

function contents(folder, name) {
  try {
    return readFileSync(join(folder, name), "utf8");
  } catch {
    return undefined;
  }
}
