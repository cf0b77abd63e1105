// What every job driver must do, whatever it is built on. Each driver's test file runs this suite
// against a store of work that is a process of its own.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import {
  type Bench,
  type DriverUnderTest,
  ids,
  queueName,
  tellBoth,
  until,
  withBench,
} from "./job-bench.ts";

type It = (title: string, use: (bench: Bench) => Promise<void>) => void;

export function describeJobDriver(driver: DriverUnderTest): void {
  const it: It = (title, use) => test(title, () => withBench(driver, use));
  describe(`${driver.name}: work`, () => runsWork(it));
  describe(`${driver.name}: schedule and rate`, () => keepsSchedule(it));
  describe(`${driver.name}: failures`, () => survivesFailures(it));
  describe(`${driver.name}: several workers`, () => sharesWork(it, driver));
  describe(`${driver.name}: a store that is away`, () => waitsForStore(it));
  describe(`${driver.name}: clock and end`, () => endsWell(it));
}

function runsWork(it: It): void {
  it("runs what is due, each once, and no more at a time than it may", async (bench) => {
    await bench.source.put(ids(40));
    let most = 0;
    let now = 0;
    const own = bench.store.connect();
    await bench.start({
      handler: async (work) => {
        most = Math.max(most, ++now);
        await tellBoth(own, work);
        now -= 1;
      },
    });
    const rows = await bench.source.allDone();
    own.close();
    assert.deepEqual(
      rows.filter((row) => row.submissions !== 1 || row.completions !== 1),
      [],
    );
    assert.ok(most <= 4, `${most} at once`);
  });

  it("hears of new work at once, long before the next sweep", async (bench) => {
    await bench.start({ sweepMs: 600_000 });
    await bench.source.put(["1"]);
    await bench.source.allDone();
    await bench.source.put(["2"]);
    await bench.source.allDone();
  });

  it("waits until the store says that work is due", async (bench) => {
    const began: number[] = [];
    const own = bench.store.connect();
    await bench.start({
      handler: (work) => {
        began.push(performance.now());
        return tellBoth(own, work);
      },
    });
    const putAtMs = performance.now();
    await bench.source.put(["1"], 400);
    await bench.source.allDone();
    own.close();
    assert.equal(began.length, 1);
    assert.ok(Number(began[0]) - putAtMs >= 390, "began too early");
  });
}

function keepsSchedule(it: It): void {
  it("makes the next attempt when the store has scheduled it", async (bench) => {
    const attempts: number[] = [];
    const own = bench.store.connect();
    await bench.start({
      handler: async (work) => {
        attempts.push(work.attempt);
        if (work.attempt < 3) await own.fail(work, 50);
        else await tellBoth(own, work);
      },
    });
    await bench.source.put(["1"]);
    await bench.source.allDone();
    own.close();
    assert.deepEqual(attempts, [1, 2, 3]);
  });

  it("keeps to its rate", async (bench) => {
    const began: number[] = [];
    const own = bench.store.connect();
    await bench.source.put(ids(6));
    await bench.start({
      rate: { count: 2, perMs: 400 },
      handler: (work) => {
        began.push(performance.now());
        return tellBoth(own, work);
      },
    });
    await bench.source.allDone();
    own.close();
    assert.equal(began.length, 6);
    assert.ok(Number(began[5]) - Number(began[0]) >= 700, "six in less than two windows");
  });

  it("works a long backlog off by itself", async (bench) => {
    await bench.source.put(ids(600));
    await bench.start({ concurrency: 16 });
    const rows = await bench.source.allDone();
    assert.equal(rows.filter(({ completions }) => completions === 1).length, 600);
  });
}

function survivesFailures(it: It): void {
  it("makes another attempt after a handler threw and its lease ran out", async (bench) => {
    const own = bench.store.connect(300);
    const jobs = await bench.start({
      leaseMs: 300,
      handler: async (work) => {
        if (work.attempt === 1) throw new Error("first attempt");
        await tellBoth(own, work);
      },
    });
    await bench.source.put(["1"]);
    await bench.source.allDone();
    own.close();
    await until(() => jobs.status().ended.returned >= 1);
    assert.equal(jobs.status().ended.threw, 1);
  });

  it("gives the place of a handler back that ignores the end of its lease", async (bench) => {
    const own = bench.store.connect(300);
    const jobs = await bench.start({
      ...{ leaseMs: 300, concurrency: 1 },
      handler: (work) => (work.attempt === 1 ? new Promise(() => {}) : tellBoth(own, work)),
    });
    await bench.source.put(["1"]);
    await bench.source.allDone();
    own.close();
    assert.equal(jobs.status().ended.expired, 1);
  });
}

function sharesWork(it: It, driver: DriverUnderTest): void {
  it("lets two workers race, and each work is done once", async (bench) => {
    await bench.source.put(ids(60));
    await Promise.all([bench.start(), bench.start(), bench.start()]);
    const rows = await bench.source.allDone();
    assert.deepEqual(
      rows.filter((row) => row.submissions !== 1 || row.completions !== 1),
      [],
    );
  });

  it("goes on where a worker was killed between submission and acknowledgement", async (bench) => {
    await bench.source.put(["1"]);
    const script = fileURLToPath(new URL("worker-process.js", import.meta.url));
    const name = queueName();
    const args = [script, String(bench.store.port), "1500", name, ...driver.workerArgs()];
    const worker = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] });
    await once(worker.stdout, "data");
    worker.kill("SIGKILL");
    await once(worker, "exit");
    await bench.start({ name });
    const [row] = await bench.source.allDone();
    assert.equal(row?.submissions, 2, "the outside is told again: it has to know duplicates");
    assert.equal(row?.completions, 1);
  });

  it("has a late result refused, and the later attempt's counts", async (bench) => {
    const own = bench.store.connect(300);
    let late: unknown;
    await bench.start({
      leaseMs: 300,
      handler: async (work) => {
        if (work.attempt > 1) return tellBoth(own, work);
        await sleep(600);
        late = await own.complete(work).catch((error: Error) => error.message);
      },
    });
    await bench.source.put(["1"]);
    const [row] = await bench.source.allDone();
    await until(() => late !== undefined);
    own.close();
    assert.equal(late, "LEASE_LOST");
    assert.equal(row?.completions, 1);
  });
}

function waitsForStore(it: It): void {
  it("starts without it, says so, and works when it comes", async (bench) => {
    await bench.source.put(ids(5));
    await bench.store.kill();
    const jobs = await bench.start();
    await until(() => jobs.status().state === "away");
    assert.match(jobs.status().reason, /^store: /);
    assert.ok(jobs.status().failures.store >= 1);
    await bench.store.start();
    await bench.source.allDone();
    await until(() => jobs.status().state === "working");
    assert.equal(jobs.status().reason, "");
  });

  it("does not spin while it is away, and loses nothing when it was killed mid-work", async (bench) => {
    await bench.source.put(ids(100));
    const jobs = await bench.start({ leaseMs: 500 });
    await until(() => jobs.status().ended.returned >= 10);
    await bench.store.kill();
    await until(() => jobs.status().state === "away");
    const before = jobs.status().failures.store;
    await sleep(1_500);
    // The wait doubles from 100 ms: at most a handful of tries of each loop in that time.
    const tries = jobs.status().failures.store - before;
    assert.ok(tries <= 60, `${tries} tries`);
    await bench.store.start();
    const rows = await bench.source.allDone();
    assert.deepEqual(
      rows.filter(({ completions }) => completions !== 1),
      [],
    );
  });
}

function endsWell(it: It): void {
  it("does not care when the clock jumps", async (bench) => {
    const now = Date.now;
    try {
      const own = await bench.start();
      await bench.source.put(["1"], 600);
      await sleep(100);
      Date.now = () => now() - 3_600_000;
      await bench.source.allDone();
      await bench.source.put(["2"], 300);
      await sleep(100);
      Date.now = () => now() + 3_600_000;
      const rows = await bench.source.allDone();
      assert.deepEqual(
        rows.map(({ completions }) => completions),
        [1, 1],
      );
      assert.equal(own.status().ended.threw, 0);
    } finally {
      Date.now = now;
    }
  });

  it("ends after what runs, and begins nothing more", async (bench) => {
    await bench.source.put(ids(3));
    const own = bench.store.connect();
    let began = 0;
    const jobs = await bench.start({
      concurrency: 1,
      handler: async (work) => {
        began += 1;
        await sleep(200);
        await tellBoth(own, work);
      },
    });
    await until(() => began === 1);
    await jobs.stop(60_000);
    const { rows } = await bench.source.stats();
    own.close();
    assert.equal(rows.filter(({ done }) => done).length, 1);
    assert.equal(jobs.status().state, "stopped");
    assert.equal(began, 1);
  });

  it("aborts at the deadline what does not end", async (bench) => {
    await bench.source.put(["1"]);
    let why: unknown;
    const jobs = await bench.start({
      leaseMs: 600_000,
      handler: async (_work, signal) => {
        await once(signal, "abort");
        why = signal.reason.message;
      },
    });
    await until(() => jobs.status().running === 1);
    await jobs.stop(50);
    assert.equal(why, "shut down");
  });
}
