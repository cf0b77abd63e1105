// data/run.json: where the running instance is and, for the development token, how to call it.
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { replaceFile } from "@strongroom/client";
import { type RunFile, readRunFile } from "../settings.ts";

export async function writeRunFile(data: string, run: RunFile): Promise<void> {
  await replaceFile(join(data, "run.json"), `${JSON.stringify(run, null, 2)}\n`);
}

export async function removeRunFile(data: string): Promise<void> {
  await rm(join(data, "run.json"), { force: true });
}

/** The instance that data/run.json speaks of, if its process is alive. */
export async function runningInstance(data: string): Promise<RunFile | undefined> {
  const run = await readRunFile(data);
  if (run === undefined) return undefined;
  try {
    process.kill(run.pid, 0);
    return run;
  } catch (cause) {
    const alive = cause instanceof Error && "code" in cause && cause.code === "EPERM";
    return alive ? run : undefined;
  }
}
