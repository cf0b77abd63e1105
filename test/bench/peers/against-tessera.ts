// The same appends on Tessera with files and deduplication. Ours are provable in their answer; its
// own are durable when answered, and provable with the next checkpoint.
import { join } from "node:path";
import { type Bench, bytesOf } from "../bench.ts";
import { checkStored } from "../checks.ts";
import { FactMaker, type MadeFact } from "../facts.ts";
import { inTurns, timed } from "../measure.ts";
import { asRate, type Result } from "../result.ts";
import { appendIndexed, openBenchStore, removeStore } from "../store-work.ts";
import { librarySingles } from "./our-appends.ts";
import { Tessera } from "./tessera.ts";

const ADDERS = 256;
const ROUNDS = 5;
const LONE = 12;
const LONE_OURS = 500;
const PROVABLE = 512;
const PROVABLE_OURS = 8192;
const CHECKED = 50;

export async function againstTessera(bench: Bench): Promise<Result[]> {
  const tessera = await Tessera.start(bench.folder);
  const path = join(bench.folder, "beside-tessera");
  const store = await openBenchStore(path);
  const maker = new FactMaker(13);
  let facts: MadeFact[] = [];
  let appended = 0;
  const prepare = () => {
    facts = maker.batch(bench.slice);
    appended += facts.length;
  };
  const bulk = await inTurns(
    { row: "tessera bulk", count: ROUNDS, warmUp: 0, prepare },
    {
      ours: () => timed(facts.length, () => appendIndexed(store, bytesOf(facts))),
      floor: () => tessera.add("bulk", facts.length),
    },
  );
  await checkStored(store, { size: appended + 1, facts: facts.slice(0, CHECKED) });
  const lone = await inTurns(
    { row: "tessera, one caller", count: ROUNDS, warmUp: 0 },
    {
      ours: () => librarySingles(store, maker, { count: LONE_OURS, callers: 1 }),
      floor: () => tessera.add("one", LONE),
    },
  );
  const provable = await inTurns(
    { row: "tessera, provable", count: ROUNDS, warmUp: 0 },
    {
      ours: () => librarySingles(store, maker, { count: PROVABLE_OURS, callers: ADDERS }),
      floor: () => tessera.add("provable", PROVABLE),
    },
  );
  await tessera.stop();
  await removeStore(store, path);
  const row = { case: "tessera", unit: "/s" };
  return [
    asRate(
      {
        ...row,
        what: "bulk append through the library, every fact provable in its answer",
        against: `Tessera, durable, ${ADDERS} adders`,
        target: { atLeast: 1.5 },
      },
      bulk.ours,
      bulk.floor,
    ),
    asRate(
      { ...row, what: "single appends, one caller", against: "Tessera, durable, one adder" },
      lone.ours,
      lone.floor,
    ),
    asRate(
      {
        ...row,
        what: `single appends, ${ADDERS} callers, each with its receipt`,
        against: `Tessera, ${ADDERS} adders, each waits until it is provable`,
      },
      provable.ours,
      provable.floor,
    ),
  ];
}
