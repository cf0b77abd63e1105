// Reads by content id: what proving costs, and whether the size of the store shows.
import type { Receipt } from "@strongroom/protocol";
import type { Store, StoredFact } from "@strongroom/store";
import type { Bench } from "../bench.ts";
import { checkGot, checkReceipts } from "../checks.ts";
import type { MadeFact } from "../facts.ts";
import { inTurns, type Slice, timed } from "../measure.ts";
import { asTime, type Result } from "../result.ts";

const READS = 500;
const ROUNDS = 7;

export async function get(bench: Bench): Promise<Result[]> {
  const big = await bench.store();
  const small = await bench.small();
  let turn = 0;
  // Other facts each time: what was read before is in a cache.
  const ofBig = () => bench.samples(READS, turn++);
  const ofSmall = () => spread(small.facts, READS, turn++);
  const slices = await inTurns(
    { row: "get", count: ROUNDS },
    {
      unverified: () => reads(big, ofBig(), "none"),
      body: () => reads(big, ofBig(), "body"),
      receipt: () => receipts(big, ofBig()),
      smallBody: () => reads(small.store, ofSmall(), "body"),
      smallReceipt: () => receipts(small.store, ofSmall()),
    },
  );
  await bench.removeSmall();
  const row = { case: "get", unit: "/s" };
  const unverified = { ...row, against: "an unverified get" };
  const at = (facts: number) => facts.toLocaleString("en-US");
  const growth = { ...row, against: `at ${at(bench.smallFacts)}`, target: { atMost: 1.3 } };
  const what = { body: "get by cid, body verified", receipt: "get a full receipt by cid" };
  return [
    asTime(
      { ...unverified, what: what.body, target: { atMost: 1.3 } },
      slices.body,
      slices.unverified,
    ),
    asTime(
      { ...unverified, what: what.receipt, target: { atMost: 3 } },
      slices.receipt,
      slices.unverified,
    ),
    asTime(
      { ...growth, what: `${what.body}, at ${at(bench.facts)} facts` },
      slices.body,
      slices.smallBody,
    ),
    asTime(
      { ...growth, what: `${what.receipt}, at ${at(bench.facts)} facts` },
      slices.receipt,
      slices.smallReceipt,
    ),
  ];
}

async function reads(
  store: Store,
  facts: readonly MadeFact[],
  verify: "none" | "body",
): Promise<Slice> {
  const got: StoredFact[] = [];
  const slice = await timed(facts.length, async () => {
    for (const { cid } of facts) got.push(await store.get({ cid }, { verify }));
  });
  checkGot(facts, got);
  return slice;
}

async function receipts(store: Store, facts: readonly MadeFact[]): Promise<Slice> {
  const got: Receipt[] = [];
  const slice = await timed(facts.length, async () => {
    for (const { cid } of facts) got.push(...(await store.receipts([{ cid }])).receipts);
  });
  checkReceipts(store.logVkey, facts, got);
  return slice;
}

function spread(facts: readonly MadeFact[], count: number, turn: number): MadeFact[] {
  const at = (i: number) => ((turn * count + i) * 7919) % facts.length;
  return Array.from({ length: count }, (_, i) => facts[at(i)] as MadeFact);
}
