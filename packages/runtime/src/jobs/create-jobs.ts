// Chooses the driver. Redis's libraries are optional and loaded only for the driver that uses them.
import { RuntimeError } from "../errors.ts";
import type { BullmqOptions } from "./bullmq-jobs.ts";
import type { JobDriver } from "./job-driver.ts";

export { createEmbeddedJobs } from "./embedded.ts";

/** Throws JOBS_MISSING if bullmq or ioredis are not installed. */
export async function createBullmqJobs<T>(options: BullmqOptions<T>): Promise<JobDriver> {
  const { BullmqJobs } = await import("./bullmq-jobs.ts").catch((cause) => {
    const message = "load the job driver bullmq: install bullmq and ioredis";
    throw new RuntimeError("JOBS_MISSING", message, { cause });
  });
  return new BullmqJobs(options);
}
