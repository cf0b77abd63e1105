// The load: the library in its own process against the journal floor in this one, slice by slice.
import assert from "node:assert/strict";
import { join } from "node:path";
import { type Bench, bytesOf } from "../bench.ts";
import { Child } from "../child-process.ts";
import { writeFacts } from "../fact-file.ts";
import { inTurns, median, type Slice, timed } from "../measure.ts";
import type { LoadReport, UseReport } from "../processes/loader.ts";
import { asRate, asRatio, type Result } from "../result.ts";

const MEMORY_MIB_MAX = 400;
const FLAT_MAX = 1.2;

export async function bulk(bench: Bench): Promise<Result[]> {
  const loader = new Child("loader", [bench.bigPath]);
  const floor = bench.floor({ empty: true });
  const file = join(bench.folder, "slice");
  const { slice, facts } = bench;
  const reports: LoadReport[] = [];
  const floorCommits: number[] = [];
  let bodies: Uint8Array[] = [];
  const slices = await inTurns(
    {
      row: "bulk",
      count: Math.round(facts / slice),
      warmUp: 0,
      prepare: async () => {
        bodies = bytesOf(bench.make(slice));
        writeFacts(file, bodies);
        await loader.ask(`read ${file}`);
      },
    },
    {
      ours: async () => {
        const report = JSON.parse(await loader.ask("append")) as LoadReport;
        reports.push(report);
        return { ...report, units: slice } satisfies Slice;
      },
      floor: () => timed(slice, () => floor.append(bodies, (ms) => floorCommits.push(ms))),
    },
  );
  const used = JSON.parse(await loader.ask("use")) as UseReport;
  await loader.end();
  assert.equal(used.size, bench.size, "the store holds what was appended");
  assert.equal(floor.size, bench.size - 1, "and the floor as much");
  const commits = reports.flatMap((report) => report.commits);
  const what = `bulk append through the library, to ${facts.toLocaleString("en-US")} facts`;
  const against = "journal floor";
  return [
    asRate(
      { case: "bulk", what, unit: "facts/s", against, target: { atLeast: 0.6 } },
      slices.ours,
      slices.floor,
    ),
    worstCommit(commits, floorCommits),
    ...memory(
      reports.map((report) => report.residentMiB),
      used.peakMiB,
    ),
  ];
}

function worstCommit(commits: number[], ofFloor: number[]): Result {
  const floorRatio = Math.max(...ofFloor) / median(ofFloor);
  const row = {
    case: "bulk",
    what: `worst of its ${commits.length} commits of 2,000 facts`,
    unit: "ms",
    against: `median commit; the floor's worst is ${floorRatio.toFixed(1)} × its median`,
    target: { atMost: 5 },
  };
  return asRatio(row, Math.max(...commits), median(commits));
}

function memory(residentMiB: number[], peakMiB: number): Result[] {
  const row = { case: "bulk", unit: "MiB" };
  const half = residentMiB.length >> 1;
  // The first slice still warms up.
  const early = Math.max(...residentMiB.slice(1, half + 1));
  const late = Math.max(...residentMiB.slice(half));
  const peak = "peak resident memory of that process: load, reads, verification";
  const flat = "resident memory, second half of the load";
  return [
    asRatio(
      { ...row, what: peak, against: "the limit", target: { atMost: 1 } },
      peakMiB,
      MEMORY_MIB_MAX,
    ),
    asRatio(
      { ...row, what: flat, against: "the first half", target: { atMost: FLAT_MAX } },
      late,
      early,
    ),
  ];
}
