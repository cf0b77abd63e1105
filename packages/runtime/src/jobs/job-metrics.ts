// What an operator sees of job drivers, one value for each queue.
import type { Metrics } from "../metrics.ts";
import type { JobDriver, JobStatus } from "./job-driver.ts";

/** Registers gauges that ask every driver at each scrape. */
export function registerJobMetrics(
  metrics: Metrics,
  drivers: ReadonlyMap<string, JobDriver>,
): void {
  const gauge = (name: string, help: string, read: (status: JobStatus) => number | undefined) =>
    metrics.gaugeBy(`strongroom_jobs_${name}`, help, "queue", () =>
      [...drivers].flatMap(([queue, driver]) => {
        const value = read(driver.status());
        return value === undefined ? [] : [[queue, value] as const];
      }),
    );
  gauge("running", "Attempts that run now.", ({ running }) => running);
  gauge("away", "1 while the store or Redis is away.", ({ state }) => (state === "away" ? 1 : 0));
  gauge("returned", "Attempts that ended by themselves.", ({ ended }) => ended.returned);
  gauge("threw", "Attempts that failed in a way of ours.", ({ ended }) => ended.threw);
  gauge("expired", "Attempts that outlived their lease.", ({ ended }) => ended.expired);
  gauge("store_failures", "How often the store was away.", ({ failures }) => failures.store);
  gauge("redis_failures", "How often Redis was away.", ({ failures }) => failures.redis);
  gauge("waiting", "Jobs in Redis that wait.", ({ queue }) => queue?.waiting);
  gauge("delayed", "Jobs in Redis that are for later.", ({ queue }) => queue?.delayed);
}
