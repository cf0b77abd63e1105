// One queue in Redis: an attempt that is due is a job under an id of its own, and holds nothing
// but ids, since job data lies in Redis in clear.
import { type Job, Queue, Worker } from "bullmq";
import type { Redis } from "ioredis";
import type { DueWork, JobStatus, RateOptions } from "./job-driver.ts";

export interface JobData {
  readonly id: string;
  readonly attempt: number;
}

export type QueueCounts = NonNullable<JobStatus["queue"]>;

const BATCH_COUNT = 250;
const RETRY_MS = 2_000;

export class JobQueue {
  readonly #queue: Queue<JobData>;

  constructor(name: string, redis: Redis, onError: (error: Error) => void) {
    this.#queue = new Queue<JobData>(queueName(name), { connection: redis });
    this.#queue.on("error", onError);
  }

  /** Adding an attempt that is there already changes nothing. */
  async add(due: readonly DueWork[]): Promise<void> {
    for (let from = 0; from < due.length; from += BATCH_COUNT) {
      await this.#queue.addBulk(due.slice(from, from + BATCH_COUNT).map(jobOf));
    }
  }

  /** Makes those of them wait no longer whose delay was set by a clock that has jumped since. */
  async promote(due: readonly DueWork[]): Promise<void> {
    if (due.length === 0 || (await this.#queue.getDelayedCount()) === 0) return;
    const ids = new Set(due.map(jobId));
    const delayed = await this.#queue.getDelayed(0, ids.size + BATCH_COUNT);
    for (const job of delayed) {
      // Somebody else may have been faster.
      if (job?.id !== undefined && ids.has(job.id)) await job.promote().catch(() => {});
    }
  }

  async counts(): Promise<QueueCounts> {
    const {
      waiting = 0,
      delayed = 0,
      active = 0,
    } = await this.#queue.getJobCounts("waiting", "delayed", "active");
    return { waiting, delayed, active };
  }

  async close(): Promise<void> {
    await this.#queue.close();
  }
}

export interface WorkerOptions {
  readonly name: string;
  readonly redis: Redis;
  readonly concurrency: number;
  readonly rate: RateOptions | undefined;
  /** After this long without a sign of its worker a job goes to another one, ms. */
  readonly lockMs: number;
  readonly onError: (error: Error) => void;
  readonly process: (data: JobData) => Promise<void>;
}

export function startWorker(options: WorkerOptions): Worker<JobData> {
  const { rate } = options;
  const worker = new Worker<JobData>(
    queueName(options.name),
    (job: Job<JobData>) => options.process(job.data),
    {
      connection: options.redis,
      concurrency: options.concurrency,
      // Renewed while the process lives. How long an attempt may take is the store's lease to say,
      // so that a lock lost too early costs nothing but a look at the store.
      lockDuration: options.lockMs,
      stalledInterval: options.lockMs,
      // A worker that died leaves its job for others, however often.
      maxStalledCount: 1_000_000,
      runRetryDelay: RETRY_MS,
      ...(rate === undefined ? {} : { limiter: { max: rate.count, duration: rate.perMs } }),
    },
  );
  worker.on("error", options.onError);
  return worker;
}

function jobOf(due: DueWork) {
  const { id, attempt, dueInMs } = due;
  return {
    name: "due",
    data: { id, attempt },
    opts: {
      jobId: jobId(due),
      delay: Math.max(0, Math.round(dueInMs)),
      // One job is one attempt; the next one is another job, when the store says so. An id that is
      // kept after its job ended would be ignored when it is added again.
      attempts: 1,
      removeOnComplete: true,
      removeOnFail: true,
    },
  };
}

function jobId({ id, attempt }: DueWork): string {
  return `w-${id}-a${attempt}`;
}

function queueName(name: string): string {
  return `strongroom-${name}`;
}
