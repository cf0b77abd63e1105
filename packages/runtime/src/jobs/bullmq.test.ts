import { after, before } from "node:test";
import { createBullmqJobs } from "./create-jobs.ts";
import { describeJobDriver } from "./testing/job-behaviour.ts";
import { RedisServer } from "./testing/redis.ts";

const redis = new RedisServer();
before(async () => {
  await redis.start();
});
after(() => redis.remove());

describeJobDriver({
  name: "bullmq",
  create: (options) => createBullmqJobs({ ...options, redisUrl: redis.url }),
  workerArgs: () => [redis.url],
});
