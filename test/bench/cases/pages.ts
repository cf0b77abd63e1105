// As-of reads and deep pages against the first page of now.
import type { FactPage, Store } from "@strongroom/store";
import type { Bench } from "../bench.ts";
import { checkCommonPage } from "../checks.ts";
import { inTurns, type Slice, showProgress, timed } from "../measure.ts";
import { asTime, type Result } from "../result.ts";
import { commonPage } from "../store-work.ts";

const PAGES = 100;
const ROUNDS = 7;
const STRIDE = 1000;

export async function pages(bench: Bench): Promise<Result[]> {
  const store = await bench.store();
  const { size } = store.head();
  const asOf = (share: number) => ({ asOfSize: Math.floor(size * share) });
  const deep = await tokensAt(store, [size * 0.5, size * 0.1]);
  const side = (where: Parameters<typeof commonPage>[1]) => () => pagesOf(store, where);
  const slices = await inTurns(
    { row: "pages", count: ROUNDS },
    {
      first: side({}),
      newEnd: side(asOf(0.9)),
      middle: side(asOf(0.5)),
      oldEnd: side(asOf(0.1)),
      deepMiddle: side({ pageToken: deep[0] ?? "" }),
      deepEnd: side({ pageToken: deep[1] ?? "" }),
    },
  );
  const named = {
    newEnd: "page as of a size near the new end",
    middle: "page as of a size in the middle",
    oldEnd: "page as of a size near the old end",
    deepMiddle: "page reached by tokens, half way down",
    deepEnd: "page reached by tokens, near the old end",
  } as const;
  const row = { case: "pages", unit: "/s", against: "the first page now", target: { atMost: 2 } };
  return (Object.keys(named) as (keyof typeof named)[]).map((key) =>
    asTime({ ...row, what: named[key] }, slices[key], slices.first),
  );
}

async function pagesOf(store: Store, where: Parameters<typeof commonPage>[1]): Promise<Slice> {
  let page: FactPage | undefined;
  const slice = await timed(PAGES, async () => {
    for (let i = 0; i < PAGES; i++) page = await commonPage(store, where);
  });
  checkCommonPage(page as FactPage, where?.asOfSize ?? store.head().size);
  return slice;
}

/** Walks from the newest page to each depth, given as indexes in falling order. */
async function tokensAt(store: Store, depths: readonly number[]): Promise<string[]> {
  const tokens: string[] = [];
  let pageToken = "";
  for (const depth of depths) {
    let last = Number.POSITIVE_INFINITY;
    while (last > depth) {
      const page = await commonPage(store, { pageToken, pageSize: STRIDE });
      last = page.facts.at(-1)?.index ?? 0;
      pageToken = page.nextPageToken;
      if (pageToken === "") throw new Error("the pages ended too early");
      showProgress("walk the pages down to", last, depth);
    }
    tokens.push(pageToken);
  }
  return tokens;
}
