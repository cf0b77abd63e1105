// What the disk does, by itself.
import type { Bench } from "../bench.ts";
import { copyFloor, syncFloor } from "../floors/copy-floor.ts";
import { inTurns, median, rateOf, timed } from "../measure.ts";
import { type Result, reported } from "../result.ts";

const SYNCS = 200;
const COPY_MIB = 64;

export async function floors(bench: Bench): Promise<Result[]> {
  const { sync, copy } = await inTurns(
    { row: "floors", count: 5 },
    {
      sync: () => timed(SYNCS, () => syncFloor(bench.folder, SYNCS)),
      copy: () => timed(COPY_MIB, () => copyFloor(bench.folder, COPY_MIB << 20)),
    },
  );
  const row = { case: "floors" };
  return [
    reported({ ...row, what: "write of 4 KiB and fsync", unit: "/s" }, median(sync.map(rateOf))),
    reported(
      { ...row, what: "copy to a new file and fsync", unit: "MiB/s" },
      median(copy.map(rateOf)),
    ),
  ];
}
