// Starts a thread from source or from the build, whichever this module itself runs from.
import { Worker } from "node:worker_threads";
import { ThreadClient, type ThreadMethods } from "./channel.ts";

/**
 * Largest young generation of each thread, MiB. A batch of facts lives just long enough to be copied
 * by a small one again and again; all of them together are most of a store's resident memory.
 */
const NURSERY_MB = {
  "commit/commit-thread": 32,
  "index/indexer-thread": 24,
  "state/state-thread": 8,
  "read/reader-thread": 16,
} as const;
/** Flags of this process that a thread takes; others (--input-type, --test) do not fit one. */
const INHERITED = /^(--conditions|-C|--enable-source-maps|--cpu-prof)/;

/** Modules are named relative to src (or dist), without extension: "commit/commit-thread". */
export function startThread<M extends ThreadMethods>(
  module: keyof typeof NURSERY_MB,
): ThreadClient<M> {
  const extension = import.meta.url.endsWith(".ts") ? ".ts" : ".js";
  const url = new URL(`../${module}${extension}`, import.meta.url);
  const worker = new Worker(new URL("../../thread.mjs", import.meta.url), {
    workerData: { module: url.href },
    execArgv: process.execArgv.filter((flag) => INHERITED.test(flag)),
    resourceLimits: { maxYoungGenerationSizeMb: NURSERY_MB[module] },
    name: `strongroom-${module.split("/").at(-1) ?? module}`,
  });
  return new ThreadClient<M>(worker);
}
