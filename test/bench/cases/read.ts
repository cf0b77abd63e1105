// Reads: what proving costs over not proving, and whether depth or age of a page costs anything.
import type { Store } from "@strongroom/store";
import type { Bench, Result } from "../bench.ts";
import { COMMON_SCOPE } from "../facts.ts";
import { interleave, type Rates, rateOf } from "../measure.ts";

const READS = 500;
const PAGES = 100;
const PAGE_SIZE = 20;

export async function get(bench: Bench): Promise<Result[]> {
  const store = await bench.store();
  const cids = bench.recent.slice(0, READS).map(({ cid }) => cid);
  const read = (verify: "none" | "body" | "inclusion") => () =>
    rateOf(cids.length, async () => {
      for (const cid of cids) await store.get({ cid }, { verify });
    });
  const receipts = () =>
    rateOf(cids.length, async () => {
      for (const cid of cids) await store.receipts([{ cid }]);
    });
  const body = await interleave({ ours: read("body"), floor: read("none") }, 5);
  const full = await interleave({ ours: receipts, floor: read("none") }, 5);
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
    rateOf(PAGES, async () => {
      for (let i = 0; i < PAGES * count; i++) {
        await store.get({ index: 1 + ((i * 7919) % (size - 1)) });
      }
    });
  const byEntity = () =>
    rateOf(PAGES, async () => {
      for (const entity of entities) await store.queryPage({ entity, view: "history" });
    });
  const entityRates = await interleave({ ours: byEntity, floor: byKey(5) }, 5);
  const common = () => pages(store, {});
  const commonRates = await interleave({ ours: common, floor: byKey(PAGE_SIZE) }, 5);
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
    const rates = await interleave({ ours: () => pages(store, { asOfSize }), floor: first }, 5);
    results.push({
      ...timesAsLong("pages", `page of 20 as of a size ${name}`, rates, 2),
      against: "the first page now",
    });
  }
  return results;
}

/** Pages of 20 of the commonest scope, per second. */
function pages(store: Store, where: { asOfSize?: number }): Promise<number> {
  return rateOf(PAGES, async () => {
    for (let i = 0; i < PAGES; i++) {
      const page = { scope: COMMON_SCOPE, view: "history" as const, pageSize: PAGE_SIZE };
      await store.queryPage({ ...page, ...where });
    }
  });
}

function timesAsLong(name: string, what: string, rates: Rates, atMost: number): Result {
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
