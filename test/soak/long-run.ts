// A service under half load for a long time, watched from outside: memory, file descriptors and
// the write-ahead logs of its databases must be as large late as they were early.
import assert from "node:assert/strict";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Service } from "../support/service.ts";
import { type LoadResult, runLoad } from "./load.ts";

export interface Sample {
  atMs: number;
  rssMb: number;
  descriptors: number;
  walMb: number;
  facts: number;
}

export interface LongRun {
  samples: Sample[];
  early: Sample;
  late: Sample;
  result: LoadResult;
}

const SAMPLE_MS = 500;
const PAGE_BYTES = 4096;
const MB = 1024 * 1024;
const WALS = ["journal.db-wal", "index.db-wal", "state.db-wal"];
/** Late may be so much above early. A store of more facts keeps a little more in memory. */
const GROWTH_MAX = 1.25;
const RSS_SLACK_MB = 48;
const RSS_BYTES_PER_FACT = 100;
const WAL_SLACK_MB = 8;
const DESCRIPTORS_SLACK = 8;

/** Half of the time each caller rests. Samples before a quarter of the time count for nothing. */
export async function runLong(service: Service, seconds: number): Promise<LongRun> {
  const startedAt = performance.now();
  const isOver = (): boolean => performance.now() - startedAt > seconds * 1000;
  const samples: Sample[] = [];
  let facts = 0;
  const load = runLoad(service, {
    writers: 12,
    readers: 6,
    watchers: 2,
    duty: 0.5,
    verifyEveryMs: 15_000,
    reindexEveryMs: 20_000,
    over: isOver,
    onFact: () => {
      facts++;
    },
  });
  const ended = load.then(() => true);
  while (!isOver() && !(await Promise.race([ended, sleep(SAMPLE_MS, false)]))) {
    samples.push({ atMs: performance.now() - startedAt, ...measure(service), facts });
  }
  const result = await load;
  const counted = samples.filter(({ atMs }) => atMs > seconds * 250);
  const third = Math.floor(counted.length / 3);
  assert.ok(third > 0, "it ran long enough to be sampled");
  return {
    samples,
    result,
    early: median(counted.slice(0, third)),
    late: median(counted.slice(-third)),
  };
}

/** Throws an AssertionError that names what grew. */
export function checkFlat({ early, late }: LongRun): void {
  const newFactsMb = ((late.facts - early.facts) * RSS_BYTES_PER_FACT) / MB;
  const rssMax = early.rssMb * GROWTH_MAX + RSS_SLACK_MB + newFactsMb;
  const said = `early ${JSON.stringify(early)}, late ${JSON.stringify(late)}`;
  assert.ok(late.rssMb <= rssMax, `memory grew: ${said}`);
  assert.ok(late.walMb <= early.walMb * GROWTH_MAX + WAL_SLACK_MB, `WALs grew: ${said}`);
  assert.ok(late.descriptors <= early.descriptors + DESCRIPTORS_SLACK, `descriptors: ${said}`);
}

function measure({ pid, storePath }: Service): Omit<Sample, "atMs" | "facts"> {
  const pages = Number(readFileSync(`/proc/${pid}/statm`, "latin1").split(" ")[1]);
  const walBytes = WALS.reduce((sum, name) => {
    return sum + (statSync(join(storePath, name), { throwIfNoEntry: false })?.size ?? 0);
  }, 0);
  return {
    rssMb: (pages * PAGE_BYTES) / MB,
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
    walMb: walBytes / MB,
  };
}

function median(samples: readonly Sample[]): Sample {
  const of = (name: keyof Sample): number => {
    const values = samples.map((sample) => sample[name]).sort((a, b) => a - b);
    return values[Math.floor(values.length / 2)] ?? 0;
  };
  return {
    atMs: of("atMs"),
    rssMb: of("rssMb"),
    descriptors: of("descriptors"),
    walMb: of("walMb"),
    facts: of("facts"),
  };
}
