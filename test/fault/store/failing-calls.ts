// Makes system calls of a running process on one file fail, as a broken or full disk would: strace
// attaches, injects, and lets go again when the disk is "back".
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";

export const noStrace =
  spawnSync("strace", ["-V"]).status === 0 ? false : "strace is not installed on this machine";

export interface Fault {
  /** The file on which calls fail. */
  path: string;
  /** Names of system calls, by comma. */
  calls: string;
  errno: "EIO" | "ENOSPC";
}

/** Runs `during` while the calls fail. */
export async function whileFailing<T>(
  pid: number,
  fault: Fault,
  during: () => Promise<T>,
): Promise<T> {
  const { path, calls, errno } = fault;
  const inject = ["-e", `trace=${calls}`, "-e", `inject=${calls}:error=${errno}`];
  const args = ["-f", "-o", "/dev/null", "-P", path, ...inject, "-p", String(pid)];
  const tracer = spawn("strace", args, { stdio: ["ignore", "ignore", "pipe"] });
  await attached(tracer);
  try {
    return await during();
  } finally {
    tracer.kill("SIGINT");
    if (tracer.exitCode === null && tracer.signalCode === null) await once(tracer, "exit");
  }
}

/** strace says so on stderr, for all threads at once. */
async function attached(tracer: ChildProcess): Promise<void> {
  let said = "";
  await new Promise<void>((resolve, reject) => {
    tracer.stderr?.on("data", (chunk) => {
      said += chunk;
      if (/attached/.test(said)) resolve();
    });
    tracer.once("exit", (code) => reject(new Error(`strace ended with code ${code}: ${said}`)));
  });
}
