// Work on the whole store: verification, opening, appends while everything else goes on.
import { cpus } from "node:os";
import { openStore } from "@strongroom/store";
import { appendAll, BATCH, type Bench, type Result } from "../bench.ts";
import { COMMON_SCOPE } from "../facts.ts";
import { copyFloor, syncFloor } from "../floors/copy-floor.ts";
import { FLOOR_BATCH, JournalFloor } from "../floors/journal-floor.ts";
import { compare, inTurns, median, rateOf, timed } from "../measure.ts";

const OPENS = 5;
const MIXED_SLICE = 10 * BATCH;
const SYNCS = 200;
const COPY_MIB = 64;

export async function floors(bench: Bench): Promise<Result[]> {
  const syncs = rateOf(await timed(SYNCS, () => syncFloor(bench.folder, SYNCS)));
  const copy = rateOf(await timed(COPY_MIB, () => copyFloor(bench.folder, COPY_MIB << 20)));
  const alone = { case: "floors", floor: Number.NaN, against: "", ratio: Number.NaN };
  return [
    { ...alone, what: "write of 4 KiB and fsync", unit: "/s", ours: syncs },
    { ...alone, what: "copy to a new file and fsync", unit: "MiB/s", ours: copy },
  ];
}

export async function verify(bench: Bench): Promise<Result[]> {
  const store = await bench.store();
  const floor = new JournalFloor(bench.folder, "aegis256");
  const scanned = Math.min(bench.facts, 50 * FLOOR_BATCH);
  floor.append(bench.make(scanned).map(({ bytes }) => bytes));
  const size = store.head().size;
  const ours = () =>
    timed(size, async () => {
      const summary = await store.verify();
      if (summary.verdict !== "verified") throw new Error(`the bench store is ${summary.verdict}`);
    });
  const slices = await inTurns(
    { row: "verify", count: 3, warmUp: 0 },
    { ours, floor: () => timed(scanned, () => floor.scan(0, scanned)) },
  );
  const rates = compare(slices.ours, slices.floor);
  floor.close();
  const cores = cpus().length;
  return [
    {
      case: "verify",
      what: `verification of the whole store, ${cores} cores`,
      unit: "entries/s",
      ours: rates.ours,
      floor: rates.floor * cores,
      against: `hash+scan × ${cores}`,
      ratio: rates.ratio / cores,
      target: { atLeast: 0.5 },
    },
  ];
}

export async function open(bench: Bench): Promise<Result[]> {
  await bench.store();
  await bench.closeStore();
  const small = await bench.newStore("small", "aegis256");
  await appendAll(small, bench.make(1000));
  await small.close();
  const opens = async (path: string) => {
    const times: number[] = [];
    for (let i = 0; i < OPENS; i++) {
      const startedAt = performance.now();
      const store = await openStore({ path, key: bench.key });
      times.push(performance.now() - startedAt);
      await store.close();
    }
    return median(times);
  };
  const floor = await opens(`${bench.folder}/small`);
  const ours = await opens(bench.bigPath);
  return [
    {
      case: "open",
      what: `open at ${bench.facts} facts`,
      unit: "ms",
      ours,
      floor,
      against: "open at 1,000",
      ratio: ours / floor,
      target: { atMost: Math.max(3, 1000 / floor) },
      note: "at most 3 ×, or 1 s",
    },
  ];
}

export async function mixed(bench: Bench): Promise<Result[]> {
  const store = await bench.store();
  const alone = () => bench.grow(MIXED_SLICE);
  const beside = async () => {
    const stop = new AbortController();
    const others = [
      readOn(bench, stop.signal),
      watchOn(bench, stop.signal),
      store.verify({ signal: stop.signal }).catch(() => undefined),
    ];
    try {
      return await bench.grow(MIXED_SLICE);
    } finally {
      stop.abort();
      await Promise.allSettled(others);
    }
  };
  const slices = await inTurns({ row: "mixed", count: 5 }, { ours: beside, floor: alone });
  const rates = compare(slices.ours, slices.floor);
  return [
    {
      case: "mixed",
      what: "bulk append while reading, watching and verifying",
      unit: "facts/s",
      ours: rates.ours,
      floor: rates.floor,
      against: "alone",
      ratio: rates.ratio,
      target: { atLeast: 0.8 },
    },
  ];
}

// A hundred reads a second: an application, not a second benchmark on the same two cores.
async function readOn(bench: Bench, signal: AbortSignal): Promise<void> {
  const store = await bench.store();
  for (let i = 0; !signal.aborted; i++) {
    const made = bench.recent[i % 1000];
    if (made) await store.get({ cid: made.cid }).catch(() => undefined);
    await store.queryPage({ scope: COMMON_SCOPE, pageSize: 20 });
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

async function watchOn(bench: Bench, signal: AbortSignal): Promise<void> {
  const store = await bench.store();
  const events = store.watch({ fromEnd: true, filter: { scope: "team/t7" }, signal });
  try {
    for await (const event of events) if (signal.aborted || event === undefined) return;
  } catch {
    // The abort ends it.
  }
}
