// Until ready for appends, after a clean close, with a raw key: no KDF.
import assert from "node:assert/strict";
import { join } from "node:path";
import { type Bench, bytesOf } from "../bench.ts";
import { FactMaker } from "../facts.ts";
import { inTurns, median, msOf, timed } from "../measure.ts";
import { asRatio, type Result } from "../result.ts";
import { appendIndexed, openBenchStore, removeStore } from "../store-work.ts";

const FEW = 1000;
const OPENS = 5;

export async function open(bench: Bench): Promise<Result[]> {
  await bench.store();
  await bench.closeStore();
  const path = join(bench.folder, "few");
  const few = await openBenchStore(path);
  await appendIndexed(few, bytesOf(new FactMaker(6).batch(FEW)));
  await few.close();
  const opening = (of: string, size: number) => async () => {
    let store = few;
    const slice = await timed(1, async () => {
      store = await openBenchStore(of);
    });
    assert.equal(store.head().size, size, "entries in the log");
    assert.equal(store.status().state, "ready");
    await store.close();
    return slice;
  };
  const { ours, floor } = await inTurns(
    { row: "open", count: OPENS },
    { ours: opening(bench.bigPath, bench.size), floor: opening(path, FEW + 1) },
  );
  await removeStore(await openBenchStore(path), path);
  const floorMs = median(floor.map(msOf));
  return [
    asRatio(
      {
        case: "open",
        what: `open at ${bench.facts.toLocaleString("en-US")} facts`,
        unit: "ms",
        against: "open at 1,000",
        target: { atMost: Math.max(3, 1000 / floorMs) },
        note: "≤ 3, or 1 s",
      },
      median(ours.map(msOf)),
      floorMs,
    ),
  ];
}
