// What Redis may do to the jobs in it, on a real Redis: the store is the truth, so that none of it
// loses work or wedges a worker.
import assert from "node:assert/strict";
import { createServer, type Server } from "node:net";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { createBullmqJobs } from "./create-jobs.ts";
import {
  type Bench,
  ids,
  type Options,
  silent,
  tellBoth,
  until,
  withBench,
} from "./testing/job-bench.ts";
import { RedisServer } from "./testing/redis.ts";
import type { WorkConnection } from "./testing/work-store.ts";

type RedisBench = Bench & { readonly redis: RedisServer };

async function withRedis(use: (bench: RedisBench) => Promise<void>): Promise<void> {
  const redis = await new RedisServer().choosePort();
  const create = (options: Parameters<typeof createBullmqJobs>[0]) =>
    createBullmqJobs({ ...options, redisUrl: redis.url } as never);
  const driver = { name: "bullmq", create: create as never, workerArgs: () => [] };
  try {
    await withBench(driver, (bench) => use({ redis, ...bench }));
  } finally {
    await redis.remove();
  }
}

const notOnce = (rows: { completions: number; id: string }[]) =>
  rows.filter(({ completions }) => completions !== 1);

/** Takes a little time, so that a fault comes while there is work in Redis and in hand. */
const slowly = (source: WorkConnection): Options => ({
  handler: async (work) => {
    await sleep(10);
    await tellBoth(source, work);
  },
});

test("Redis is killed mid-work and comes back with what it had", () =>
  withRedis(async ({ redis, source, start }) => {
    await redis.start();
    await source.put(ids(150));
    const jobs = await start(slowly(source));
    await until(() => jobs.status().ended.returned >= 20);
    await redis.kill();
    await until(() => jobs.status().state === "away");
    assert.match(jobs.status().reason, /^redis: /);
    await redis.start();
    assert.deepEqual(notOnce(await source.allDone()), []);
    await until(() => jobs.status().state === "working");
  }));

test("Redis is killed mid-work and has lost everything", () =>
  withRedis(async ({ redis, source, start }) => {
    await redis.start();
    await source.put(ids(150));
    const jobs = await start(slowly(source));
    await until(() => jobs.status().ended.returned >= 20);
    await redis.kill();
    redis.forget();
    await redis.start();
    assert.deepEqual(notOnce(await source.allDone()), []);
  }));

test("Redis is flushed mid-work, with jobs that wait, run and are delayed", () =>
  withRedis(async ({ redis, source, start }) => {
    await redis.start();
    await source.put(ids(100));
    await source.put(["later-1", "later-2"], 700);
    const jobs = await start(slowly(source));
    await until(() => jobs.status().ended.returned >= 20);
    assert.match(await redis.command("FLUSHALL"), /OK/);
    assert.deepEqual(notOnce(await source.allDone()), []);
  }));

test("Redis is away at the start, and for long: no hot loop, and the backlog is worked off", () =>
  withRedis(async ({ redis, source, start }) => {
    const jobs = await start();
    await source.put(ids(50));
    assert.equal(jobs.status().state, "away");
    const before = jobs.status().failures.redis;
    await sleep(2_000);
    const tries = jobs.status().failures.redis - before;
    assert.ok(tries > 0 && tries <= 100, `${tries} tries in two seconds`);
    assert.equal((await source.stats()).leaseCalls, 0);
    await redis.start();
    assert.deepEqual(notOnce(await source.allDone()), []);
    await until(() => jobs.status().state === "working");
  }));

test("Redis is full: said so, nothing lost, and worked off when there is room", () =>
  withRedis(async ({ redis, source, start }) => {
    await redis.start();
    await source.put(ids(30));
    const jobs = await start(slowly(source));
    await until(() => jobs.status().ended.returned >= 5);
    await redis.command("CONFIG", "SET", "maxmemory", "1");
    await source.put(ids(90).slice(30));
    await until(() => /OOM/.test(jobs.status().reason));
    await redis.command("CONFIG", "SET", "maxmemory", "0");
    assert.deepEqual(notOnce(await source.allDone()), []);
    await until(() => jobs.status().state === "working");
  }));

test("a Redis that may evict jobs is refused with REDIS_UNSUITABLE", () =>
  withRedis(async ({ redis, start }) => {
    await redis.start("--maxmemory-policy", "allkeys-lru");
    await assert.rejects(start(), { code: "REDIS_UNSUITABLE", message: /noeviction/ });
  }));

test("a Redis that is too old is refused with REDIS_UNSUITABLE", async () => {
  const old = await oldRedis();
  const { port } = old.address() as { port: number };
  const jobs = await createBullmqJobs({
    ...{ name: "old", concurrency: 1, logger: silent, redisUrl: `redis://127.0.0.1:${port}` },
    source: { lease: () => Promise.reject(new Error("unused")), watch: async function* () {} },
    handler: async () => {},
  });
  await assert.rejects(jobs.start(), { code: "REDIS_UNSUITABLE", message: /5\.0\.14/ });
  old.close();
});

test("only ids lie in Redis", () =>
  withRedis(async ({ queue, redis, source, start }) => {
    await redis.start();
    await source.put(ids(5), 1_000);
    let dump = "";
    const jobs = await start();
    await until(() => jobs.status().queue?.delayed === 5);
    for (const id of ids(5)) {
      dump += await redis.command("HGETALL", `bull:strongroom-${queue}:w-${id}-a1`);
    }
    assert.match(dump, /"id":"3","attempt":1/);
    assert.doesNotMatch(dump, /payload-that-redis-must-not-see/);
    await source.allDone();
  }));

/** Speaks just enough to be asked who it is. */
function oldRedis(): Promise<Server> {
  const info = "# Server\r\nredis_version:5.0.14\r\nloading:0\r\nmaxmemory_policy:noeviction\r\n";
  const server = createServer((socket) => {
    socket
      .on("error", () => {})
      .on("data", (chunk) => {
        const commands = chunk.toString().match(/^\*/gm) ?? [];
        const isInfo = /info/i.test(chunk.toString());
        const answer = isInfo ? `$${info.length}\r\n${info}\r\n` : "+OK\r\n";
        socket.write(answer.repeat(commands.length));
      });
  });
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)));
}
