// What a simulated program is made of, as plain data: it can be printed, shortened and run again.
// Numbers that pick something (a fact, a size, a note) are taken modulo what there is.
import fc from "fast-check";

/** A fact out of a small world, so that programs meet the same fact, triple and scope again. */
export interface FactSpec {
  scope: number;
  entity: number;
  relation: number;
  source: number;
  value: number;
  /** 0 none; else a time before or after the program's days. */
  until: number;
  /** 0 no nonce; others make different facts. */
  nonce: number;
  /** Bits: which of two authors sign. */
  authors: number;
  /** 1 in a few: bytes that must be refused. */
  broken: boolean;
}

export interface QuerySpec {
  scope: number;
  entity: number;
  relation: number;
  source: number;
  current: boolean;
  asOf: number;
  asOfPick: number;
  window: number;
  from: number;
  until: number;
  pageSize: number;
  scopes: number;
  proven: boolean;
}

export type Op =
  | { op: "append"; fact: FactSpec }
  | { op: "batch"; facts: FactSpec[] }
  | { op: "bulk"; count: number }
  | { op: "retract"; pick: number; reason: number }
  | { op: "get"; pick: number; by: "cid" | "index"; proven: boolean }
  | { op: "query"; query: QuerySpec }
  | { op: "search"; word: number; query: QuerySpec }
  | { op: "watch"; from: number; query: QuerySpec }
  | { op: "entries"; from: number; until: number; scopes: number }
  | { op: "receipts"; picks: number[] }
  | { op: "inclusion"; pick: number; size: number }
  | { op: "consistency"; from: number; to: number }
  | { op: "tile"; pick: number; entries: boolean }
  | { op: "checkpoints" }
  | { op: "pin"; pick: number }
  | { op: "token"; revoke: number }
  | { op: "reindex" }
  | { op: "verify" }
  | { op: "status" };

/** What an unclean end leaves: a torn anchor slot, and logs of SQLite that were cut. */
export interface Wreck {
  /** How much of a slot being written is on disk, in hundredths. */
  torn: number;
  /** How much of an unfinished commit is in the journal's WAL, in hundredths. */
  walCut: number;
  /** How much of the index's unsynced WAL is left, in hundredths; 100 all. */
  indexCut: number;
}

export type Step =
  | { step: "together"; ops: Op[] }
  | { step: "kill"; ops: Op[]; after: number; closing: boolean; wreck: Wreck }
  | { step: "restart"; lose: Loss; killAfter: number; wreck: Wreck }
  | { step: "clock"; byMs: number }
  | { step: "rollback"; what: "journal" | "everything"; append: boolean };
export type Loss = "nothing" | "index" | "state" | "both" | "anchor" | "shm";

export interface Config {
  textSearch: boolean;
  checkpointEntries: number;
  checkpointMs: number;
  anchorLagMs: number;
  readers: number;
}

export interface Program {
  config: Config;
  steps: Step[];
}

const some = (max: number) => fc.nat({ max });
const pick = fc.nat({ max: 9999 });

const fact: fc.Arbitrary<FactSpec> = fc.record({
  scope: some(5),
  entity: some(3),
  relation: some(1),
  source: some(2),
  value: some(9),
  until: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: some(4) }),
  nonce: some(2),
  authors: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: some(3) }),
  broken: fc.oneof(
    { weight: 30, arbitrary: fc.constant(false) },
    { weight: 1, arbitrary: fc.constant(true) },
  ),
});

const query: fc.Arbitrary<QuerySpec> = fc.record({
  scope: some(9),
  entity: some(7),
  relation: some(5),
  source: some(6),
  current: fc.boolean(),
  asOf: some(5),
  asOfPick: pick,
  window: some(7),
  from: pick,
  until: pick,
  pageSize: some(40),
  scopes: some(7),
  proven: fc.boolean(),
});

const op: fc.Arbitrary<Op> = fc.oneof(
  { weight: 14, arbitrary: fc.record({ op: fc.constant("append" as const), fact }) },
  {
    weight: 9,
    arbitrary: fc.record({
      op: fc.constant("batch" as const),
      facts: fc.array(fact, { minLength: 1, maxLength: 8, size: "max" }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ op: fc.constant("bulk" as const), count: some(400) }) },
  {
    weight: 8,
    arbitrary: fc.record({ op: fc.constant("retract" as const), pick, reason: some(2) }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      op: fc.constant("get" as const),
      pick,
      by: fc.constantFrom("cid" as const, "index" as const),
      proven: fc.boolean(),
    }),
  },
  { weight: 9, arbitrary: fc.record({ op: fc.constant("query" as const), query }) },
  { weight: 3, arbitrary: fc.record({ op: fc.constant("search" as const), word: some(6), query }) },
  { weight: 4, arbitrary: fc.record({ op: fc.constant("watch" as const), from: pick, query }) },
  {
    weight: 2,
    arbitrary: fc.record({
      op: fc.constant("entries" as const),
      from: pick,
      until: pick,
      scopes: some(7),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      op: fc.constant("receipts" as const),
      picks: fc.array(pick, { minLength: 1, maxLength: 5 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ op: fc.constant("inclusion" as const), pick, size: pick }) },
  {
    weight: 2,
    arbitrary: fc.record({ op: fc.constant("consistency" as const), from: pick, to: pick }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ op: fc.constant("tile" as const), pick, entries: fc.boolean() }),
  },
  { weight: 2, arbitrary: fc.record({ op: fc.constant("checkpoints" as const) }) },
  { weight: 2, arbitrary: fc.record({ op: fc.constant("pin" as const), pick }) },
  { weight: 2, arbitrary: fc.record({ op: fc.constant("token" as const), revoke: some(5) }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant("reindex" as const) }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant("verify" as const) }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant("status" as const) }) },
);

const percent = fc.oneof(
  { weight: 1, arbitrary: fc.constant(0) },
  { weight: 1, arbitrary: fc.constant(100) },
  { weight: 2, arbitrary: some(100) },
);
const wreck: fc.Arbitrary<Wreck> = fc.record({ torn: percent, walCut: percent, indexCut: percent });

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 24,
    arbitrary: fc.record({
      step: fc.constant("together" as const),
      ops: fc.array(op, { minLength: 1, maxLength: 6, size: "max" }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      step: fc.constant("kill" as const),
      ops: fc.array(op, { minLength: 1, maxLength: 6, size: "max" }),
      after: fc.oneof(some(12), some(60)),
      closing: fc.oneof(
        { weight: 4, arbitrary: fc.constant(false) },
        { weight: 1, arbitrary: fc.constant(true) },
      ),
      wreck,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      step: fc.constant("restart" as const),
      lose: fc.constantFrom<Loss[]>(
        "nothing",
        "nothing",
        "index",
        "state",
        "both",
        "anchor",
        "shm",
      ),
      killAfter: fc.oneof(fc.constant(0), fc.constant(0), some(60)),
      wreck,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      step: fc.constant("clock" as const),
      byMs: fc.constantFrom(
        1,
        250,
        60_000,
        3_600_000,
        -5_000,
        -7_200_000,
        200_000_000,
        -200_000_000,
      ),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      step: fc.constant("rollback" as const),
      what: fc.constantFrom("journal" as const, "everything" as const),
      append: fc.boolean(),
    }),
  },
);

const config: fc.Arbitrary<Config> = fc.record({
  textSearch: fc.boolean(),
  checkpointEntries: fc.constantFrom(1, 3, 10, 50),
  checkpointMs: fc.constantFrom(10, 50, 60_000),
  anchorLagMs: fc.oneof(
    { weight: 5, arbitrary: fc.constant(0) },
    { weight: 1, arbitrary: fc.constant(20) },
  ),
  readers: fc.constantFrom(1, 1, 1, 2),
});

export const programs: fc.Arbitrary<Program> = fc.noBias(
  fc.record({
    config,
    steps: fc.array(step, { minLength: 6, maxLength: 26, size: "max" }),
  }),
);
