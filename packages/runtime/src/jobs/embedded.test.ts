import { createEmbeddedJobs } from "./create-jobs.ts";
import { describeJobDriver } from "./testing/job-behaviour.ts";

describeJobDriver({
  name: "embedded",
  create: async (options) => createEmbeddedJobs(options),
  workerArgs: () => [],
});
