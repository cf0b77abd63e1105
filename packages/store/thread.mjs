// Every store thread starts here: tsx does not reach into worker threads, so one that runs from
// source registers it first.
import { workerData } from "node:worker_threads";

if (workerData.module.endsWith(".ts")) {
  const { register } = await import("tsx/esm/api");
  register();
}
await import(workerData.module);
