// The same load through gRPC, its client in another process on the same cores, against the library.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { openStore } from "@strongroom/store";
import { type Bench, bytesOf } from "../bench.ts";
import { checkStored } from "../checks.ts";
import { Child, startBenchService } from "../child-process.ts";
import { FactMaker, type MadeFact } from "../facts.ts";
import { inTurns, type Slice, timed } from "../measure.ts";
import { asRate, asRatio, type Result } from "../result.ts";
import { appendIndexed, openBenchStore, removeStore } from "../store-work.ts";

const MEMORY_MIB_MAX = 400;
const CHECKED = 50;

export async function grpcBulk(bench: Bench): Promise<Result[]> {
  const service = await startBenchService(join(bench.folder, "grpc-bulk"));
  const client = new Child("bulk-client", [service.address, service.token]);
  const path = join(bench.folder, "beside-grpc");
  const library = await openBenchStore(path);
  let facts: MadeFact[] = [];
  let appended = 0;
  const slices = await inTurns(
    {
      row: "grpc-bulk",
      count: bench.loadSlices - 1,
      prepare: async (round) => {
        const made = client.ask(`make ${1000 + round} ${bench.slice}`);
        facts = new FactMaker(1000 + round).batch(bench.slice);
        await made;
      },
    },
    {
      ours: async () => {
        const slice = JSON.parse(await client.ask("append")) as Slice;
        appended += facts.length;
        return slice;
      },
      floor: () => timed(facts.length, () => appendIndexed(library, bytesOf(facts))),
    },
  );
  const memory = memoryOf(service.pid);
  await client.end();
  await service.stop();
  await removeStore(library, path);
  await checkService(service, { appended, facts: facts.slice(0, CHECKED) });
  return [
    asRate(
      {
        case: "grpc-bulk",
        what: `bulk append through gRPC, to ${appended.toLocaleString("en-US")} facts`,
        unit: "facts/s",
        against: "the library",
        target: { atLeast: 0.5 },
      },
      slices.ours,
      slices.floor,
    ),
    memory,
  ];
}

/** Opens the service's store itself: it holds what was answered, and the entries of set-up. */
async function checkService(
  { storePath, rawKey }: { storePath: string; rawKey?: Uint8Array },
  expected: { appended: number; facts: MadeFact[] },
): Promise<void> {
  const store = await openStore({ path: storePath, key: rawKey ?? "none://" });
  const { size } = store.head();
  const { entries } = await store.readEntries({
    from: size - expected.appended,
    limit: 1,
    bodies: false,
    privateEvidence: false,
  });
  if (entries[0]?.leaf[1] !== 1) throw new Error("the log holds fewer facts than were answered");
  await checkStored(store, { size, facts: expected.facts });
  await removeStore(store, storePath);
}

function memoryOf(pid: number): Result {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const peakMiB = Number(/VmHWM:\s*(\d+)/.exec(status)?.[1] ?? Number.NaN) / 1024;
  return asRatio(
    {
      case: "grpc-bulk",
      what: "peak resident memory of the service",
      unit: "MiB",
      against: "the limit",
      target: { atMost: 1 },
    },
    peakMiB,
    MEMORY_MIB_MAX,
  );
}
