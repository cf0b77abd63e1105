// `strongroom dev` in a folder of its own, on free ports, as a user would start it.
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { cliCommand } from "./run-cli.ts";

export interface RunningDev {
  /** What it printed when it was ready. */
  readonly ready: Readonly<Record<string, unknown>>;
  /** Stops it as Ctrl-C does; resolves to its exit code. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
  readonly exited: Promise<number | null>;
}

export async function runDev(data: string): Promise<RunningDev> {
  const listen = ["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"];
  const child = spawn(process.execPath, [...cliCommand, "dev", "--json", ...listen], {
    env: { ...process.env, STRONGROOM_DATA: data },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = new Promise<number | null>((resolve) => child.on("exit", resolve));
  const ready = await Promise.race([firstLine(child), exited]);
  if (typeof ready !== "string") throw new Error(`dev ended with ${ready}`);
  const stop = (signal: NodeJS.Signals = "SIGINT") => {
    child.kill(signal);
    return exited;
  };
  return { ready: JSON.parse(ready) as Record<string, unknown>, exited, stop };
}

async function firstLine(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error("dev has no stdout");
  for await (const line of createInterface({ input: child.stdout })) return line;
  return new Promise(() => {});
}
