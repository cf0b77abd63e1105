// Verification of the whole store against reading and hashing rows of the same bytes; with one
// reader thread and with two.
import assert from "node:assert/strict";
import type { Bench } from "../bench.ts";
import { inTurns, timed } from "../measure.ts";
import { asRate, type Result } from "../result.ts";
import { openBenchStore } from "../store-work.ts";

const SCANNED_MAX = 200_000;
const CORES = 2;

export async function verify(bench: Bench): Promise<Result[]> {
  await bench.store();
  await bench.closeStore();
  const floor = bench.floor();
  const scanned = Math.min(SCANNED_MAX, floor.size);
  const whole = (readers: number) => async () => {
    const store = await openBenchStore(bench.bigPath, "aegis256", readers);
    const slice = await timed(bench.size, async () => {
      const summary = await store.verify();
      assert.equal(summary.verdict, "verified", "the bench store");
      assert.equal(summary.entries, bench.size, "all of it");
      assert.equal(summary.findings, 0);
    });
    await store.close();
    return slice;
  };
  const {
    one,
    two,
    floor: scan,
  } = await inTurns(
    { row: "verify", count: 5, warmUp: 0 },
    {
      one: whole(1),
      two: whole(CORES),
      floor: (round) => {
        const from = (round * scanned) % (floor.size - scanned + 1);
        return timed(scanned, () => floor.scan(from, scanned));
      },
    },
  );
  const perCore = two.map((slice) => ({ ...slice, units: slice.units / CORES }));
  const row = { case: "verify", unit: "entries/s" };
  return [
    asRate(
      {
        ...row,
        what: `verification of the whole store, per core of ${CORES}`,
        against: "hash+scan",
        target: { atLeast: 0.5 },
      },
      perCore,
      scan,
    ),
    asRate(
      {
        ...row,
        what: "verification with two reader threads",
        against: "with one",
        target: { atLeast: 1.7 },
      },
      two,
      one,
    ),
  ];
}
