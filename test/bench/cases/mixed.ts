// Appends while an application reads, somebody watches and a verification runs, against appends alone.
import assert from "node:assert/strict";
import type { Store } from "@strongroom/store";
import { type Bench, bytesOf } from "../bench.ts";
import { checkCommonPage, checkGot, checkStored } from "../checks.ts";
import type { MadeFact } from "../facts.ts";
import { inTurns, timed } from "../measure.ts";
import { asRate, type Result } from "../result.ts";
import { appendIndexed, commonPage } from "../store-work.ts";

const READ_EVERY_MS = 10;
const CHECKED = 50;
const KNOWN = 1000;

/** What went on beside the appends. */
interface Seen {
  reads: number;
  watched: number;
}

export async function mixed(bench: Bench): Promise<Result[]> {
  const store = await bench.store();
  const seen: Seen = { reads: 0, watched: 0 };
  const grow = async () => {
    const facts = bytesOf(bench.make(bench.slice));
    return timed(facts.length, () => appendIndexed(store, facts));
  };
  const beside = async () => {
    // What is in the store before the slice begins.
    const known = bench.samples(KNOWN, seen.reads);
    const facts = bytesOf(bench.make(bench.slice));
    const stop = new AbortController();
    const others = [read, watch, verify].map((other) => other({ known, store, seen }, stop.signal));
    try {
      return await timed(facts.length, () => appendIndexed(store, facts));
    } finally {
      stop.abort();
      await Promise.all(others);
    }
  };
  const { ours, floor } = await inTurns(
    { row: "mixed", count: Math.max(5, bench.loadSlices / 2) },
    { ours: beside, floor: grow },
  );
  assert.ok(seen.reads > 0 && seen.watched > 0, "somebody read and watched");
  await checkStored(store, { size: bench.size, facts: bench.samples(CHECKED, 0) });
  return [
    asRate(
      {
        case: "mixed",
        what: "bulk append while reading, watching and verifying",
        unit: "facts/s",
        against: "alone",
        target: { atLeast: 0.8 },
      },
      ours,
      floor,
    ),
  ];
}

interface Beside {
  known: readonly MadeFact[];
  store: Store;
  seen: Seen;
}

// A hundred reads a second: an application, not a second benchmark on the same two cores.
async function read({ known, store, seen }: Beside, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const fact = known[seen.reads++ % known.length] as MadeFact;
    checkGot([fact], [await store.get({ cid: fact.cid })]);
    checkCommonPage(await commonPage(store), store.head().size);
    await new Promise((resolve) => setTimeout(resolve, READ_EVERY_MS));
  }
}

async function watch({ store, seen }: Beside, signal: AbortSignal): Promise<void> {
  const events = store.watch({ fromEnd: true, filter: { scope: "team/t7" }, signal });
  try {
    for await (const event of events) if (event.type === "fact") seen.watched += 1;
  } catch (reason) {
    if (!signal.aborted) throw reason;
  }
}

async function verify({ store }: Beside, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      const { verdict } = await store.verify({ signal });
      assert.equal(verdict, "verified");
    } catch (reason) {
      if (!signal.aborted) throw reason;
    }
  }
}
