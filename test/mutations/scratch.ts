// A copy of the working tree in which code may be broken: files and what was built of them are
// copied, packages are hard links. Several can be used side by side.
import { type SpawnSyncReturns, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { root } from "../support/root.ts";

const LEFT_OUT = [".git", "node_modules", "data", ".setup"];

export interface Outcome {
  readonly code: number | null;
  readonly output: string;
}

export class Scratch {
  readonly path: string;

  constructor() {
    this.path = mkdtempSync(join(tmpdir(), "strongroom-mutation-"));
    const leftOut = LEFT_OUT.map((name) => `--exclude=./${name}`);
    // With tar, because it keeps times: what was built stays up to date.
    const pack = `tar -cf - ${leftOut.join(" ")} . | tar -xf - -C ${this.path}`;
    check(spawnSync("sh", ["-c", pack], { cwd: root, encoding: "utf8" }));
    check(spawnSync("cp", ["-al", "node_modules", this.path], { cwd: root, encoding: "utf8" }));
    if (existsSync(join(root, ".setup"))) {
      check(spawnSync("cp", ["-al", ".setup", this.path], { cwd: root, encoding: "utf8" }));
    }
  }

  apply(patch: string, reverse = false): Outcome {
    const way = reverse ? ["-R"] : [];
    return finished(
      spawnSync("git", ["apply", ...way, patch], {
        cwd: this.path,
        encoding: "utf8",
        // Not the repository that the temporary folder may lie in.
        env: { ...process.env, GIT_CEILING_DIRECTORIES: dirname(this.path) },
      }),
    );
  }

  /** Compiles workspaces, such as packages/store, and not what depends on them. */
  build(workspaces: readonly string[]): Promise<Outcome> {
    return this.#node(["node_modules/typescript/bin/tsc", "-b", ...workspaces]);
  }

  /** Runs one test file in one mode; the last line of its output is what failed, as JSON. */
  test(file: string, cipher: string): Promise<Outcome> {
    return this.#node(["test/mutations/run-one.mjs", file, cipher]);
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }

  async #node(args: readonly string[]): Promise<Outcome> {
    const child = spawn(process.execPath, args, {
      cwd: this.path,
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, NODE_OPTIONS: "" },
    });
    let output = "";
    const keep = (chunk: Buffer): void => {
      output += chunk.toString("utf8");
    };
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    const [code] = (await once(child, "close")) as [number | null];
    return { code, output };
  }
}

function check(result: SpawnSyncReturns<string>): void {
  if (result.status === 0) return;
  throw new Error(`copy the working tree: ${result.error?.message ?? result.stderr}`);
}

function finished({ status, stdout, stderr }: SpawnSyncReturns<string>): Outcome {
  return { code: status, output: stdout + stderr };
}
