// Indexes that may answer a query, newest first. The index is asked from its newest end only near
// that end: below it a search is linear in what it skips, so deeper pages go block by block, and
// back to the plain token where a term is too sparse for blocks to pay.
import { BLOCK_SHIFT, blockOf, inBlock } from "../../index/terms.ts";
import type { Reader, ReadView } from "../reader-context.ts";
import type { CompiledFilter } from "./fact-filter.ts";
import type { QueryPlan, TokenStream } from "./query-plan.ts";

const BLOCK = 2 ** BLOCK_SHIFT;
const NEAR_END = 2 * BLOCK;
const BATCH = 256;
const FIRST_BATCH = 32;
/** Blocks tried before the density of a term is judged. */
const BLOCKS_TRIED = 8;
const HITS_WORTH_BLOCKS = 8 * BLOCKS_TRIED;

export interface CandidateRange {
  /** Exclusive. */
  below: number;
  /** Inclusive. */
  from: number;
}

export function* candidates(
  reader: Reader,
  view: ReadView,
  query: { plan: QueryPlan; compiled: CompiledFilter; range: CandidateRange },
): Generator<number, void, void> {
  const { plan, compiled, range } = query;
  for (const index of reader.tail.findFacts(range.below, compiled.matchesTail)) {
    if (index < range.from) return;
    yield index;
  }
  const below = Math.min(range.below, view.indexed);
  if (plan.streams === undefined) {
    for (let index = below - 1; index >= range.from; index--) yield index;
    return;
  }
  const streams = plan.streams.map((stream) =>
    indexHits(reader, stream, { below, from: range.from, end: view.indexed }),
  );
  yield* merge(streams);
}

/** Distinct numbers of descending streams, in descending order. */
function* merge(streams: Generator<number, void, void>[]): Generator<number, void, void> {
  const heads = streams.map((stream) => stream.next());
  for (;;) {
    let newest = -1;
    for (const head of heads) if (!head.done) newest = Math.max(newest, head.value);
    if (newest < 0) return;
    yield newest;
    streams.forEach((stream, i) => {
      if (heads[i]?.value === newest) heads[i] = stream.next();
    });
  }
}

function* indexHits(
  reader: Reader,
  stream: TokenStream,
  range: CandidateRange & { end: number },
): Generator<number, void, void> {
  let below = range.below;
  let limit = FIRST_BATCH;
  let blocks = 0;
  let hits = 0;
  while (below > range.from) {
    const isSparse = blocks >= BLOCKS_TRIED && hits < HITS_WORTH_BLOCKS;
    const isPlain = !stream.isBlocked || isSparse || range.end - below < NEAR_END;
    const block = blockOf(below - 1);
    const tokens = isPlain ? stream.tokens : stream.tokens.map((token) => inBlock(token, block));
    const found = reader.index.newest(tokens, { below, limit });
    for (const index of found) {
      if (index < range.from) return;
      yield index;
    }
    const isExhausted = found.length < limit;
    if (isPlain && isExhausted) return;
    if (!isPlain) hits += found.length;
    if (!isPlain && isExhausted) blocks++;
    below = isExhausted ? block * BLOCK : (found.at(-1) ?? 0);
    limit = BATCH;
  }
}
