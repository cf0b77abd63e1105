// Whether the rate depends on how much there is: the same appends to the big store and to one of
// half a million (of a tenth, where the big one has less than five million).
import { join } from "node:path";
import { type Bench, bytesOf } from "../bench.ts";
import { FactMaker } from "../facts.ts";
import { inTurns, showProgress, timed } from "../measure.ts";
import { asRate, type Result } from "../result.ts";
import { appendIndexed, BATCH, openBenchStore, removeStore } from "../store-work.ts";

const SLICE = 10 * BATCH;
const ROUNDS = 5;

export async function flat(bench: Bench): Promise<Result[]> {
  const big = await bench.store();
  const size = Math.min(500_000, bench.facts / 10);
  const path = join(bench.folder, "flat");
  const small = await openBenchStore(path);
  const maker = new FactMaker(4);
  while (small.head().size < size) {
    showProgress("fill the smaller store", small.head().size, size);
    await appendIndexed(small, bytesOf(maker.batch(BATCH)));
  }
  const side = (store: typeof big, make: (count: number) => { bytes: Uint8Array }[]) => () => {
    const facts = make(SLICE).map(({ bytes }) => bytes);
    return timed(SLICE, () => appendIndexed(store, facts));
  };
  const { ours, floor } = await inTurns(
    { row: "flat", count: ROUNDS },
    { ours: side(big, (count) => bench.make(count)), floor: side(small, (n) => maker.batch(n)) },
  );
  await removeStore(small, path);
  const at = (facts: number) => facts.toLocaleString("en-US");
  return [
    asRate(
      {
        case: "flat",
        what: `bulk append at ${at(bench.facts)} facts`,
        unit: "facts/s",
        against: `the same at ${at(size)}`,
        target: { atLeast: 0.9 },
      },
      ours,
      floor,
    ),
  ];
}
