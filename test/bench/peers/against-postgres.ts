// Bulk and single appends against PostgreSQL with no integrity and no encryption.
import assert from "node:assert/strict";
import { join } from "node:path";
import { type Bench, bytesOf } from "../bench.ts";
import { checkStored } from "../checks.ts";
import { startBenchService } from "../child-process.ts";
import { FactMaker, type MadeFact } from "../facts.ts";
import { inTurns, timed } from "../measure.ts";
import { asRate, type Result } from "../result.ts";
import { appendIndexed, openBenchStore, removeStore } from "../store-work.ts";
import { GrpcSingles, librarySingles } from "./our-appends.ts";
import { Postgres } from "./postgres.ts";

const CALLERS = 16;
const SINGLES = 8000;
const ROUNDS = 5;
const CHECKED = 50;

export async function againstPostgres(bench: Bench): Promise<Result[]> {
  const postgres = new Postgres(bench.folder);
  await postgres.start();
  try {
    return [await bulk(bench, postgres), ...(await singles(bench, postgres))];
  } finally {
    await postgres.stop();
  }
}

async function bulk(bench: Bench, postgres: Postgres): Promise<Result> {
  const path = join(bench.folder, "beside-postgres");
  const store = await openBenchStore(path);
  const maker = new FactMaker(11);
  let facts: MadeFact[] = [];
  let appended = 0;
  const { ours, floor } = await inTurns(
    {
      row: "postgres bulk",
      count: bench.loadSlices,
      warmUp: 0,
      prepare: () => {
        facts = maker.batch(bench.slice);
        appended += facts.length;
        postgres.prepare(facts);
      },
    },
    {
      ours: () => timed(facts.length, () => appendIndexed(store, bytesOf(facts))),
      floor: () => timed(facts.length, () => postgres.copy()),
    },
  );
  assert.equal(postgres.rows, appended, "rows in PostgreSQL");
  await checkStored(store, { size: appended + 1, facts: facts.slice(0, CHECKED) });
  await removeStore(store, path);
  return asRate(
    {
      case: "postgres",
      what: `bulk append through the library, to ${appended.toLocaleString("en-US")} facts`,
      unit: "facts/s",
      against: "PostgreSQL, COPY in batches of 10,000",
      target: { atLeast: 1.2 },
    },
    ours,
    floor,
  );
}

async function singles(bench: Bench, postgres: Postgres): Promise<Result[]> {
  const path = join(bench.folder, "singles");
  const store = await openBenchStore(path);
  const service = await startBenchService(join(bench.folder, "singles-grpc"));
  const grpc = new GrpcSingles(service);
  const maker = new FactMaker(12);
  const load = { count: SINGLES, callers: CALLERS };
  const rowsBefore = postgres.rows;
  const slices = await inTurns(
    { row: "postgres singles", count: ROUNDS },
    {
      library: () => librarySingles(store, maker, load),
      grpc: () => grpc.run(maker, load),
      floor: async () => postgres.singles(SINGLES, CALLERS),
    },
  );
  assert.equal(postgres.rows, rowsBefore + (ROUNDS + 1) * SINGLES, "a row for each commit");
  assert.equal(store.head().size, 1 + (ROUNDS + 1) * SINGLES, "an entry for each append");
  grpc.close();
  await service.stop();
  await removeStore(store, path);
  const row = {
    case: "postgres",
    unit: "/s",
    against: `PostgreSQL, commits of one row, ${CALLERS} clients`,
  };
  const what = `single appends, ${CALLERS} at once, each durable with its receipt`;
  return [
    asRate(
      { ...row, what: `${what}, through the library`, target: { atLeast: 1 } },
      slices.library,
      slices.floor,
    ),
    asRate({ ...row, what: `${what}, through gRPC` }, slices.grpc, slices.floor),
  ];
}
