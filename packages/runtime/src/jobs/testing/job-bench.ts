// A driver under test beside a store of work that is a process of its own.

import { setTimeout as sleep } from "node:timers/promises";
import { createLogger } from "../../logger.ts";
import type { JobDriver, JobOptions, LeasedWork } from "../job-driver.ts";
import { type WorkConnection, WorkStore } from "./work-store.ts";

export type Payload = { secret: string };
export type Options = Partial<JobOptions<Payload>> & { leaseMs?: number };

export interface DriverUnderTest {
  readonly name: string;
  create(options: JobOptions<Payload>): Promise<JobDriver>;
  /** Further arguments of the worker process. */
  readonly workerArgs: () => readonly string[];
}

export interface Bench {
  /** Name of the drivers that it starts. */
  readonly queue: string;
  readonly store: WorkStore;
  readonly source: WorkConnection;
  /** A started driver whose handler tells the outside and then the store, unless told otherwise. */
  start(options?: Options): Promise<JobDriver>;
}

export const silent = createLogger({ name: "test", level: "silent" });
let queues = 0;

/** A name that no other test uses. */
export function queueName(): string {
  return `test-${process.pid}-${++queues}`;
}

export function ids(count: number): string[] {
  return Array.from({ length: count }, (_, n) => String(n + 1));
}

export async function withBench(
  driver: DriverUnderTest,
  use: (bench: Bench) => Promise<void>,
): Promise<void> {
  const store = await new WorkStore().start();
  const source = store.connect();
  const name = queueName();
  const undo: (() => Promise<void> | void)[] = [];
  const start = async ({ leaseMs, ...options }: Options = {}): Promise<JobDriver> => {
    const own = store.connect(leaseMs);
    const handler = options.handler ?? ((work) => tellBoth(own, work));
    const defaults = { name, source: own, logger: silent, concurrency: 4, sweepMs: 500 };
    const jobs = await driver.create({ ...defaults, ...options, handler });
    undo.push(
      () => jobs.stop(0),
      () => own.close(),
    );
    await jobs.start();
    return jobs;
  };
  try {
    await use({ queue: name, store, source, start });
  } finally {
    for (const step of undo) await step();
    source.close();
    await store.remove();
  }
}

export async function tellBoth(source: WorkConnection, work: LeasedWork<Payload>): Promise<void> {
  await source.submit(work.id);
  await source.complete(work);
}

export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await sleep(10);
}
