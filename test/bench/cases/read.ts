// Reads: what proving costs over not proving, and whether depth or age of a page costs anything.
import type { Store } from "@strongroom/store";
import type { Bench, Result } from "../bench.ts";
import { COMMON_SCOPE } from "../facts.ts";
import { type Comparison, compare, inTurns, type Slice, timed } from "../measure.ts";

const READS = 500;
const PAGES = 100;
const PAGE_SIZE = 20;

export async function get(bench: Bench): Promise<Result[]> {
  const store = await bench.store();
  const cids = bench.recent.slice(0, READS).map(({ cid }) => cid);
  const read = (verify: "none" | "body" | "inclusion") => () =>
    timed(cids.length, async () => {
      for (const cid of cids) await store.get({ cid }, { verify });
    });
  const receipts = () =>
    timed(cids.length, async () => {
      for (const cid of cids) await store.receipts([{ cid }]);
    });
  const body = await sideBySide("get: body verified", read("body"), read("none"));
  const full = await sideBySide("get: receipt", receipts, read("none"));
  return [
    timesAsLong("get", "get by cid, body verified", body, 1.3),
    timesAsLong("get", "get a full receipt by cid", full, 3),
  ];
}

export async function query(bench: Bench): Promise<Result[]> {
  const store = await bench.store();
  const size = store.head().size;
  const entities = bench.recent.slice(0, PAGES).map(({ entity }) => entity);
  const byKey = (count: number) => () =>
    timed(PAGES, async () => {
      for (let i = 0; i < PAGES * count; i++) {
        await store.get({ index: 1 + ((i * 7919) % (size - 1)) });
      }
    });
  const byEntity = () =>
    timed(PAGES, async () => {
      for (const entity of entities) await store.queryPage({ entity, view: "history" });
    });
  const entityRates = await sideBySide("query: entity", byEntity, byKey(5));
  const common = () => pages(store, {});
  const commonRates = await sideBySide("query: page", common, byKey(PAGE_SIZE));
  return [
    { ...timesAsLong("query", "query by entity (5 facts)", entityRates, 4), against: "5 gets" },
    {
      ...timesAsLong("query", "page of 20 of the commonest scope", commonRates, 4),
      against: "20 gets by index",
    },
  ];
}

export async function pagesAtAnyDepth(bench: Bench): Promise<Result[]> {
  const store = await bench.store();
  const size = store.head().size;
  const first = () => pages(store, {});
  const results: Result[] = [];
  for (const [name, share] of [
    ["near the new end", 0.9],
    ["in the middle", 0.5],
    ["near the old end", 0.1],
  ] as const) {
    const asOfSize = Math.floor(size * share);
    const rates = await sideBySide(`pages: ${name}`, () => pages(store, { asOfSize }), first);
    results.push({
      ...timesAsLong("pages", `page of 20 as of a size ${name}`, rates, 2),
      against: "the first page now",
    });
  }
  return results;
}

async function sideBySide(
  row: string,
  ours: () => Promise<Slice>,
  floor: () => Promise<Slice>,
): Promise<Comparison> {
  const slices = await inTurns({ row, count: 5 }, { ours, floor });
  return compare(slices.ours, slices.floor);
}

/** Pages of 20 of the commonest scope, per second. */
function pages(store: Store, where: { asOfSize?: number }): Promise<Slice> {
  return timed(PAGES, async () => {
    for (let i = 0; i < PAGES; i++) {
      const page = { scope: COMMON_SCOPE, view: "history" as const, pageSize: PAGE_SIZE };
      await store.queryPage({ ...page, ...where });
    }
  });
}

function timesAsLong(name: string, what: string, rates: Comparison, atMost: number): Result {
  return {
    case: name,
    what,
    unit: "/s",
    ours: rates.ours,
    floor: rates.floor,
    against: "an unverified get",
    ratio: 1 / rates.ratio,
    target: { atMost },
  };
}
