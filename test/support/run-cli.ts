// The command line as a user runs it, and what it said.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { root } from "./root.ts";

export interface Ran {
  exitCode: number | null;
  stdout: string;
  stderr: string;
  /** `error.code` of the document on stdout. */
  errorCode: string | undefined;
}

export interface Running {
  pid: number;
  ended: Promise<Ran>;
}

const MAIN = join(root, "packages/cli/dist/main.js");

/** Starts `strongroom <args> --json` with nothing in its environment but what is given. */
export function startCli(args: readonly string[], env: Record<string, string> = {}): Running {
  const { PATH, TMPDIR } = process.env;
  const child = spawn(process.execPath, [MAIN, ...args, "--json"], {
    env: { PATH, TMPDIR, HOME: TMPDIR, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk) => {
    stdout += chunk;
  });
  child.stderr.on("data", (chunk) => {
    stderr += chunk;
  });
  const ended = new Promise<Ran>((resolve) => {
    child.once("close", (exitCode) => {
      resolve({ exitCode, stdout, stderr, errorCode: errorCodeIn(stdout, stderr) });
    });
  });
  return { pid: child.pid ?? 0, ended };
}

export function runCli(args: readonly string[], env: Record<string, string> = {}): Promise<Ran> {
  return startCli(args, env).ended;
}

function errorCodeIn(stdout: string, stderr: string): string | undefined {
  const lastLine = stdout.trimEnd().split("\n").at(-1) ?? "";
  try {
    return JSON.parse(lastLine).error.code;
  } catch {
    return /\(([A-Z_]+)\)\s*$/.exec(stderr)?.[1];
  }
}
