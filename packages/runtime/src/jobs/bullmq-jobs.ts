// The driver for many processes that share work through Redis. Redis only wakes: each job leases
// its work from the store before anything is done, so a job too many does nothing, and a job that
// was lost is added again by the next sweep, which reads all open work from the store.
import type { Worker } from "bullmq";
import type { Redis } from "ioredis";
import { RuntimeError } from "../errors.ts";
import type { Logger } from "../logger.ts";
import { Backoff, pause } from "./backoff.ts";
import { type JobData, JobQueue, type QueueCounts, startWorker } from "./bullmq-queue.ts";
import { connectProducer, connectWorker, requireSuitable } from "./bullmq-redis.ts";
import type { DueWork, JobDriver, JobOptions, JobState, JobStatus } from "./job-driver.ts";
import { WorkRunner } from "./work-runner.ts";

export interface BullmqOptions<T> extends JobOptions<T> {
  /** redis:// or rediss://, may hold credentials. */
  readonly redisUrl: string;
}

type Part = "store" | "redis";

const SWEEP_MS = 30_000;
const AWAY = { firstMs: 100, maxMs: 10_000 };
const LOCK_MS = 10_000;
const START_WAIT_MS = 3_000;
const CLOSE_MS = 2_000;

export class BullmqJobs<T> implements JobDriver {
  readonly #options: BullmqOptions<T>;
  readonly #logger: Logger;
  readonly #runner: WorkRunner<T>;
  readonly #sweepMs: number;
  readonly #stop = new AbortController();
  readonly #redis: Redis;
  readonly #workerRedis: Redis;
  readonly #reasons = new Map<Part, string>();
  readonly #failures = { store: 0, redis: 0 };
  #queue: JobQueue | undefined;
  #worker: Worker<JobData> | undefined;
  #counts: QueueCounts | undefined;
  #loop: Promise<void> = Promise.resolve();
  #state: Exclude<JobState, "away"> = "starting";

  constructor(options: BullmqOptions<T>) {
    this.#options = options;
    this.#logger = options.logger.child({ jobs: options.name });
    this.#runner = new WorkRunner({ handler: options.handler, logger: this.#logger });
    this.#sweepMs = options.sweepMs ?? SWEEP_MS;
    this.#redis = connectProducer(options.redisUrl);
    this.#workerRedis = connectWorker(options.redisUrl);
    for (const redis of [this.#redis, this.#workerRedis]) {
      redis.on("error", (error) => this.#lost("redis", error));
    }
  }

  async start(): Promise<void> {
    const first = this.#connect();
    await Promise.race([first.catch(() => {}), pause(START_WAIT_MS, this.#stop.signal)]);
    // Away is for later; but a Redis that answers and is not fit is a mistake of the set-up.
    if (this.#reasons.get("redis")?.includes("use redis for jobs")) {
      await first.catch(async (error) => {
        await this.stop(0);
        throw error;
      });
    }
    this.#loop = this.#run();
  }

  async stop(deadlineMs: number): Promise<void> {
    this.#state = "stopping";
    this.#stop.abort(new Error("shut down"));
    // Its close() waits for ever: for its jobs, or for a Redis that is away.
    const closed = this.#worker?.close().catch(() => {});
    await this.#runner.drain(deadlineMs);
    const { signal } = new AbortController();
    await Promise.race([closed, pause(CLOSE_MS, signal)]);
    await Promise.race([this.#worker?.close(true).catch(() => {}), pause(CLOSE_MS, signal)]);
    await this.#loop;
    await Promise.race([this.#queue?.close().catch(() => {}), pause(CLOSE_MS, signal)]);
    this.#redis.disconnect();
    this.#workerRedis.disconnect();
    this.#state = "stopped";
  }

  status(): JobStatus {
    const reasons = [...this.#reasons].map(([part, why]) => `${part}: ${why}`);
    const isAway = this.#state === "working" && reasons.length > 0;
    return {
      driver: "bullmq",
      state: isAway ? "away" : this.#state,
      reason: reasons.join("; "),
      running: this.#runner.running,
      ended: this.#runner.ended,
      failures: { ...this.#failures },
      ...(this.#counts === undefined ? {} : { queue: this.#counts }),
    };
  }

  /** Sweeps for ever: each reads the store's open work and then follows its changes for a while. */
  async #run(): Promise<void> {
    this.#state = "working";
    const away = new Backoff(AWAY);
    const { signal } = this.#stop;
    while (!signal.aborted) {
      const isWell = await this.#sweep();
      if (isWell) away.reset();
      else await away.wait(signal);
    }
  }

  async #sweep(): Promise<boolean> {
    try {
      await this.#connect();
    } catch (error) {
      this.#lost("redis", error);
      return false;
    }
    const time = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(this.#sweepMs)]);
    try {
      for await (const due of this.#options.source.watch(time)) {
        this.#found("store");
        if (!(await this.#offer(due))) return false;
      }
    } catch (error) {
      if (time.aborted) return true;
      this.#lost("store", error);
      return false;
    }
    if (!time.aborted) await pause(this.#sweepMs, time);
    return true;
  }

  /** Delays longer than two sweeps are not Redis's to keep: a later sweep brings that work again. */
  async #offer(due: readonly DueWork[]): Promise<boolean> {
    const near = due.filter(({ dueInMs }) => dueInMs < 2 * this.#sweepMs);
    try {
      await this.#queue?.add(near);
      await this.#queue?.promote(near.filter(({ dueInMs }) => dueInMs <= 0));
      this.#counts = await this.#queue?.counts();
      this.#found("redis");
      return true;
    } catch (error) {
      this.#lost("redis", error);
      return false;
    }
  }

  async #connect(): Promise<void> {
    try {
      if (this.#redis.status === "wait") await this.#redis.connect();
      await requireSuitable(this.#redis);
      if (this.#workerRedis.status === "wait") await this.#workerRedis.connect();
    } catch (error) {
      this.#lost("redis", error);
      throw error;
    }
    if (this.#stop.signal.aborted || this.#queue !== undefined) return;
    const { name, concurrency, rate } = this.#options;
    const onError = (error: Error) => this.#lost("redis", error);
    this.#queue = new JobQueue(name, this.#redis, onError);
    this.#worker = startWorker({
      ...{ name, concurrency, rate, onError },
      redis: this.#workerRedis,
      lockMs: Math.min(LOCK_MS, 4 * this.#sweepMs),
      process: (data) => this.#process(data),
    });
    this.#found("redis");
  }

  async #process({ id }: JobData): Promise<void> {
    const away = new Backoff(AWAY);
    const { signal } = this.#stop;
    // While the store is away the job waits here: no more of them than may run at once.
    while (!signal.aborted) {
      try {
        const { leases } = await this.#options.source.lease({ limit: 1, ids: [id] }, signal);
        this.#found("store");
        await Promise.all(leases.map((work) => this.#runner.run(work)));
        return;
      } catch (error) {
        this.#lost("store", error);
        await away.wait(signal);
      }
    }
    throw new Error("shut down");
  }

  #found(part: Part): void {
    if (this.#reasons.delete(part)) this.#logger.info({ part }, "is back");
  }

  #lost(part: Part, error: unknown): void {
    if (this.#stop.signal.aborted) return;
    const why = error instanceof Error ? error.message || error.name : String(error);
    this.#failures[part] += 1;
    if (!this.#reasons.has(part)) {
      const isOurs = error instanceof RuntimeError;
      this.#logger[isOurs ? "error" : "warn"]({ part, err: error }, "is away");
    }
    this.#reasons.set(part, why);
  }
}
