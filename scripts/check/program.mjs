// Runs a program of node_modules/.bin and turns its failure into problems.
import { spawnSync } from "node:child_process";
import { join } from "node:path";

const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;

export function program(root, name, args) {
  const bin = join(root, "node_modules/.bin");
  const { status, stdout, stderr, error } = spawnSync(join(bin, name), args, {
    cwd: root,
    encoding: "utf8",
    maxBuffer: OUTPUT_BYTES_MAX,
    // buf starts its plugins by name.
    env: { ...process.env, PATH: `${bin}:${process.env.PATH}` },
  });
  if (status === 0) return [];
  return [`${name} ${args.join(" ")}: ${error?.message ?? `exit code ${status}`}`, stdout, stderr];
}
