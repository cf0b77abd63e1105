// Runs targets in a thread with a bounded heap and watches it: an input that does not come back, a
// thread that dies and memory that grows are findings like any other.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import type { Failure, TargetResult } from "./run-target.ts";

export interface FuzzJob {
  readonly names: readonly string[];
  readonly seed: number;
  readonly from: number;
  /** Of each target; absent: what the target says for every change. */
  readonly inputs?: number;
  readonly secondsMax?: number;
  /** [number of the target, number of the input] */
  readonly progress: Int32Array;
  /** For targets that need files; removed afterwards. */
  readonly folder: string;
}

export type FuzzOptions = Omit<FuzzJob, "progress" | "folder"> & {
  readonly onProgress?: (name: string, input: number) => void;
  readonly onResult?: (result: TargetResult) => void;
  /** How long an input may take; default a minute. */
  readonly stallMs?: number;
};

// An input is at most 192 KiB: the slowest honest one takes milliseconds.
const STALL_MS = 60_000;
const LOOK_EVERY_MS = 1000;
const HEAP_MIB_MAX = 512;
const RESIDENT_BYTES_MAX = 2 * 1024 ** 3;

/** One result for each target up to the first that hung or died, which is the last. */
export async function fuzz(options: FuzzOptions): Promise<TargetResult[]> {
  const { onProgress, onResult, stallMs = STALL_MS, ...job } = options;
  const folder = mkdtempSync(join(tmpdir(), "strongroom-fuzz-"));
  const progress = new Int32Array(new SharedArrayBuffer(8));
  const extension = import.meta.url.endsWith(".ts") ? ".ts" : ".js";
  const worker = new Worker(new URL(`./worker${extension}`, import.meta.url), {
    workerData: { ...job, progress, folder } satisfies FuzzJob,
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MIB_MAX },
  });
  const results: TargetResult[] = [];
  let why: string | undefined;
  const dog = watch(progress, {
    stallMs,
    onAlive: (place, input) => onProgress?.(job.names[place] ?? "", input),
    onDead: (reason) => {
      why = reason;
      void worker.terminate();
    },
  });
  worker.on("message", (result: TargetResult) => {
    results.push(result);
    onResult?.(result);
  });
  worker.on("error", (error: Error) => {
    why ??= `the thread died: ${error.stack ?? error.message}`;
  });
  await new Promise((resolve) => worker.once("exit", resolve));
  clearInterval(dog);
  rmSync(folder, { recursive: true, force: true });
  if (results.length < job.names.length) {
    const died = deadResult(job, progress, why ?? "the thread ended by itself");
    results.push(died);
    onResult?.(died);
  }
  return results;
}

function watch(
  progress: Int32Array,
  on: {
    stallMs: number;
    onAlive(place: number, input: number): void;
    onDead(why: string): void;
  },
): NodeJS.Timeout {
  let last = "";
  let since = performance.now();
  return setInterval(() => {
    const [place = 0, input = 0] = progress;
    const now = `${place} ${input}`;
    if (now !== last) {
      last = now;
      since = performance.now();
      on.onAlive(place, input);
    } else if (performance.now() - since > on.stallMs) {
      on.onDead(`hangs: no answer in ${on.stallMs / 1000} s`);
    }
    const resident = process.memoryUsage().rss;
    if (resident > RESIDENT_BYTES_MAX) on.onDead(`memory grows: ${resident >> 20} MiB`);
  }, LOOK_EVERY_MS);
}

function deadResult(
  job: Pick<FuzzJob, "names" | "seed">,
  progress: Int32Array,
  why: string,
): TargetResult {
  const [place = 0, input = 0] = progress;
  const target = job.names[place] ?? "";
  const failure: Failure = { target, seed: job.seed, input, origin: -1, why, hex: "", base64: "" };
  const nothing = { accepted: 0, refused: {}, comparedBackends: 0, ms: 0 };
  return { target, inputs: input, ...nothing, failures: [failure] };
}
