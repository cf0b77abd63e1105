// Runs the command line as a user does, and reads the vectors that tests share.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

// What this file itself is: the source, or what was built of it.
const isSource = import.meta.url.endsWith(".ts");
const main = fileURLToPath(new URL(isSource ? "../main.ts" : "../main.js", import.meta.url));
const sourceFlags = ["--conditions=source", "--import", import.meta.resolve("tsx")];
export const cliCommand = isSource ? [...sourceFlags, main] : [main];

export function runCli(args: readonly string[], env: Record<string, string> = {}): Promise<Ran> {
  const child = spawn(process.execPath, [...cliCommand, ...args], {
    env: { ...process.env, ...env },
  });
  const out: string[] = [];
  const err: string[] = [];
  child.stdout.setEncoding("utf8").on("data", (text: string) => out.push(text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => err.push(text));
  child.stdin.end();
  return new Promise((resolve) => {
    child.on("close", (code) => resolve({ code, stdout: out.join(""), stderr: err.join("") }));
  });
}

export function readVectors<T>(name: string): T {
  const path = new URL(`../../../../test/vectors/${name}.json`, import.meta.url);
  return JSON.parse(readFileSync(path, "utf8")) as T;
}
