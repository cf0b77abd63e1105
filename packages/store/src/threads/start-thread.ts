// Starts a thread from source or from the build, whichever this module itself runs from.
import { Worker } from "node:worker_threads";
import { ThreadClient, type ThreadMethods } from "./channel.ts";

const NURSERY_MB = 64;
/** Flags of this process that a thread takes; others (--input-type, --test) do not fit one. */
const INHERITED = /^(--conditions|-C|--enable-source-maps|--cpu-prof)/;

/** Modules are named relative to src (or dist), without extension: "commit/commit-thread". */
export function startThread<M extends ThreadMethods>(module: string): ThreadClient<M> {
  const extension = import.meta.url.endsWith(".ts") ? ".ts" : ".js";
  const url = new URL(`../${module}${extension}`, import.meta.url);
  const worker = new Worker(new URL("../../thread.mjs", import.meta.url), {
    workerData: { module: url.href },
    execArgv: process.execArgv.filter((flag) => INHERITED.test(flag)),
    // A batch of facts lives just long enough to be copied by a small nursery again and again.
    resourceLimits: { maxYoungGenerationSizeMb: NURSERY_MB },
    name: `strongroom-${module.split("/").at(-1) ?? module}`,
  });
  return new ThreadClient<M>(worker);
}
