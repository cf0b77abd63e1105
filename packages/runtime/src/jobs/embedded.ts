// The driver that needs nothing but the store: it leases what is due, woken by the store's stream
// of changes, by the time of the next due work, by an attempt that ended, and by a sweep.
import type { Logger } from "../logger.ts";
import { Backoff } from "./backoff.ts";
import type {
  DueWork,
  JobDriver,
  JobOptions,
  JobState,
  JobStatus,
  LeaseAnswer,
  WorkSource,
} from "./job-driver.ts";
import { RateLimit } from "./rate-limit.ts";
import { WakeUp } from "./wake-up.ts";
import { WorkRunner } from "./work-runner.ts";

const SWEEP_MS = 30_000;
const LEASE_COUNT_MAX = 100;
const AWAY = { firstMs: 100, maxMs: 10_000 };
/** After this long a stream was a good one, and its end is no reason to wait long. */
const SOUND_STREAM_MS = 5_000;

export function createEmbeddedJobs<T>(options: JobOptions<T>): JobDriver {
  return new EmbeddedJobs(options);
}

class EmbeddedJobs<T> implements JobDriver {
  readonly #source: WorkSource<T>;
  readonly #logger: Logger;
  readonly #runner: WorkRunner<T>;
  readonly #rate: RateLimit;
  readonly #concurrency: number;
  readonly #sweepMs: number;
  readonly #wakeUp = new WakeUp();
  readonly #stop = new AbortController();
  /** Store says that something is due, and gives nothing: somebody else has it, or no clock agrees. */
  readonly #nothingGiven = new Backoff({ firstMs: 50, maxMs: 5_000 });
  #loops: Promise<unknown> = Promise.resolve();
  #state: JobState = "starting";
  #reason = "";
  #storeFailures = 0;

  constructor(options: JobOptions<T>) {
    this.#source = options.source;
    this.#logger = options.logger.child({ jobs: options.name });
    this.#runner = new WorkRunner({ handler: options.handler, logger: this.#logger });
    this.#rate = new RateLimit(options.rate);
    this.#concurrency = options.concurrency;
    this.#sweepMs = options.sweepMs ?? SWEEP_MS;
  }

  async start(): Promise<void> {
    this.#loops = Promise.all([this.#work(), this.#follow()]);
  }

  async stop(deadlineMs: number): Promise<void> {
    this.#state = "stopping";
    this.#stop.abort();
    this.#wakeUp.call();
    await this.#runner.drain(deadlineMs);
    await this.#loops;
    this.#wakeUp.cancel();
    this.#state = "stopped";
  }

  status(): JobStatus {
    return {
      driver: "embedded",
      state: this.#state,
      reason: this.#reason,
      running: this.#runner.running,
      ended: this.#runner.ended,
      failures: { store: this.#storeFailures, redis: 0 },
    };
  }

  async #work(): Promise<void> {
    const away = new Backoff(AWAY);
    const { signal } = this.#stop;
    while (!signal.aborted) {
      const limit = this.#places();
      if (limit === 0) {
        await this.#wakeUp.wait(this.#rate.waitMs || this.#sweepMs);
        continue;
      }
      try {
        const answer = await this.#source.lease({ limit }, signal);
        this.#found();
        away.reset();
        for (const work of answer.leases)
          void this.#runner.run(work).then(() => this.#wakeUp.call());
        this.#rate.began(answer.leases.length);
        if (answer.leases.length < limit) await this.#wakeUp.wait(this.#idleMs(answer));
      } catch (error) {
        this.#lost(error);
        await away.wait(signal);
      }
    }
  }

  /** Changes only wake: what is due is the store's to say, so that nothing is kept here. */
  async #follow(): Promise<void> {
    const away = new Backoff(AWAY);
    const { signal } = this.#stop;
    while (!signal.aborted) {
      const beganAtMs = performance.now();
      try {
        for await (const due of this.#source.watch(signal)) this.#onChange(due);
      } catch (error) {
        this.#lost(error);
      }
      if (performance.now() - beganAtMs > SOUND_STREAM_MS) away.reset();
      await away.wait(signal);
    }
  }

  #onChange(due: readonly DueWork[]): void {
    const soonestMs = Math.min(...due.map(({ dueInMs }) => dueInMs));
    if (soonestMs <= 0) {
      this.#nothingGiven.reset();
      this.#wakeUp.call();
    } else if (soonestMs < this.#sweepMs) {
      this.#wakeUp.callWithin(soonestMs);
    }
  }

  #places(): number {
    const free = this.#concurrency - this.#runner.running;
    return Math.max(0, Math.min(free, this.#rate.allowed, LEASE_COUNT_MAX));
  }

  #idleMs({ leases, nextDueInMs }: LeaseAnswer<T>): number {
    if (leases.length > 0) this.#nothingGiven.reset();
    if (nextDueInMs === undefined) return this.#sweepMs;
    if (nextDueInMs > 0) return Math.min(nextDueInMs, this.#sweepMs);
    return Math.min(this.#nothingGiven.next(), this.#sweepMs);
  }

  #found(): void {
    if (this.#state === "stopping") return;
    if (this.#state === "away") this.#logger.info("store is back");
    this.#state = "working";
    this.#reason = "";
  }

  #lost(error: unknown): void {
    if (this.#stop.signal.aborted) return;
    this.#storeFailures += 1;
    const why = error instanceof Error ? error.message : String(error);
    if (this.#state !== "away") this.#logger.warn({ err: error }, "store is away");
    this.#state = "away";
    this.#reason = `store: ${why}`;
  }
}
