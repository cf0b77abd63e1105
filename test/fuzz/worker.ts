// One thread that fuzzes a list of targets, one after the other. It says before each input which it
// is, in shared memory, so that a watchdog can name the one that never came back.
import { parentPort, workerData } from "node:worker_threads";
import { loadProtocols } from "./protocols.ts";
import { TargetRun } from "./run-target.ts";
import type { FuzzJob } from "./supervise.ts";
import { makeTarget } from "./targets.ts";

const { names, progress, folder, ...options } = workerData as FuzzJob;
const protocols = await loadProtocols();
for (const [place, name] of names.entries()) {
  const target = await makeTarget(name, folder);
  const inputs = options.inputs ?? target.inputsInCi ?? 6000;
  progress[0] = place;
  const result = await new TargetRun(target, protocols).run({ ...options, inputs }, (input) => {
    progress[1] = input;
  });
  await target.close?.();
  parentPort?.postMessage(result);
}
