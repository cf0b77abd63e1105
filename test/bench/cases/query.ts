// Queries against reads by primary key: a few facts of one entity, and a page of many.
import type { FactPage, Store } from "@strongroom/store";
import type { Bench } from "../bench.ts";
import { checkCommonPage, checkEntity } from "../checks.ts";
import { inTurns, timed } from "../measure.ts";
import { asTime, type Result } from "../result.ts";
import { commonPage, PAGE_SIZE } from "../store-work.ts";

const QUERIES = 100;
const PER_ENTITY = 5;
const ROUNDS = 7;

export async function query(bench: Bench): Promise<Result[]> {
  const store = await bench.store();
  let turn = 0;
  const byEntity = async () => {
    const entities = bench.samples(QUERIES, turn++).map(({ entity }) => entity);
    const pages: FactPage[] = [];
    const slice = await timed(QUERIES, async () => {
      for (const entity of entities) {
        pages.push(await store.queryPage({ entity, view: "history" }));
      }
    });
    entities.forEach((entity, i) => {
      checkEntity(entity, pages[i] as FactPage);
    });
    return slice;
  };
  const byScope = async () => {
    let page: FactPage | undefined;
    const slice = await timed(QUERIES, async () => {
      for (let i = 0; i < QUERIES; i++) page = await commonPage(store);
    });
    checkCommonPage(page as FactPage, store.head().size);
    return slice;
  };
  const slices = await inTurns(
    { row: "query", count: ROUNDS },
    {
      entity: byEntity,
      page: byScope,
      fewByKey: () => byKey(store, PER_ENTITY, turn++),
      manyByKey: () => byKey(store, PAGE_SIZE, turn++),
    },
  );
  const row = { case: "query", unit: "/s", target: { atMost: 4 } };
  const what = `page of ${PAGE_SIZE} of the commonest scope, of ${Math.round(bench.facts / 2000)},000 hits`;
  return [
    asTime(
      {
        ...row,
        what: `query by entity (${PER_ENTITY} facts)`,
        against: `${PER_ENTITY} gets by index`,
      },
      slices.entity,
      slices.fewByKey,
    ),
    asTime({ ...row, what, against: `${PAGE_SIZE} gets by index` }, slices.page, slices.manyByKey),
  ];
}

/** As many reads by primary key as `QUERIES` answers of `each` facts hold, from all over the store. */
function byKey(store: Store, each: number, turn: number) {
  const { size } = store.head();
  const at = (i: number) => 1 + (((turn * QUERIES * each + i) * 7919) % (size - 1));
  return timed(QUERIES, async () => {
    for (let i = 0; i < QUERIES * each; i++) await store.get({ index: at(i) });
  });
}
