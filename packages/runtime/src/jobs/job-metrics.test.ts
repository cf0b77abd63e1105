import assert from "node:assert/strict";
import { test } from "node:test";
import { createMetrics } from "../metrics.ts";
import { createBullmqJobs, createEmbeddedJobs } from "./create-jobs.ts";
import { registerJobMetrics } from "./job-metrics.ts";
import { type DriverUnderTest, silent, until, withBench } from "./testing/job-bench.ts";
import { RedisServer } from "./testing/redis.ts";
import type { WorkConnection } from "./testing/work-store.ts";

test("metrics name every queue, and Redis's numbers where there is a Redis", async (t) => {
  const redis = await new RedisServer().start();
  t.after(() => redis.remove());
  const embedded: DriverUnderTest = {
    name: "embedded",
    create: async (options) => createEmbeddedJobs(options),
    workerArgs: () => [],
  };
  await withBench(embedded, async ({ store, source, start }) => {
    const metrics = createMetrics({ processMetrics: false });
    const first = await start();
    const own = store.connect();
    const second = await withRedis(redis, own);
    registerJobMetrics(
      metrics,
      new Map([
        ["first", first],
        ["second", second],
      ]),
    );
    await source.put(["1"]);
    await source.allDone();
    await until(() => first.status().ended.returned + second.status().ended.returned >= 1);
    await until(() => second.status().queue !== undefined);
    const text = await metrics.render();
    assert.match(text, /strongroom_jobs_running\{queue="first"\} 0/);
    assert.match(text, /strongroom_jobs_away\{queue="second"\} 0/);
    assert.match(text, /strongroom_jobs_waiting\{queue="second"\} \d/);
    assert.doesNotMatch(text, /strongroom_jobs_waiting\{queue="first"\}/);
    await second.stop(0);
    own.close();
  });
});

async function withRedis(redis: RedisServer, source: WorkConnection) {
  const jobs = await createBullmqJobs({
    ...{ name: "second", source, logger: silent, concurrency: 1, sweepMs: 500 },
    redisUrl: redis.url,
    handler: (work) => source.complete(work),
  });
  await jobs.start();
  return jobs;
}
