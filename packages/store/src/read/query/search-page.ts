// One page of a text search, best first, within a budget of hits and of bytes. It covers what the
// index holds; the answer says up to which size that is.
import { ENTRY_KINDS } from "@strongroom/protocol";
import { StoreError } from "../../errors.ts";
import type { StoredFact } from "../../types.ts";
import { checkEntry, requireEntry } from "../checked-entry.ts";
import { kindOf, timeOf } from "../entry-fields.ts";
import { describeFact, Ends } from "../fact-lookup.ts";
import type { Reader, ReadView } from "../reader-context.ts";
import { CurrentView } from "./current-view.ts";
import { CompiledFilter } from "./fact-filter.ts";
import type { PageBinding, PagePosition } from "./page-token.ts";
import { bindPage, firstPage, type QueryRequest, scanBody } from "./query-page.ts";

const EXAMINED_MAX = 10_000;
const BATCH = 64;
const WORDS_MAX = 32;
const TEXT_CHARS_MAX = 1024;
const CATCH_UP_MS = 250;
const POLL_MS = 5;

export interface SearchRequest extends QueryRequest {
  text: string;
  /** Stops before the hits' bytes exceed it, but never before the first hit. */
  bytesMax: number;
}

export interface SearchAnswer {
  facts: StoredFact[];
  scores: number[];
  nextPageToken: string;
  treeSize: number;
}

export async function searchPage(reader: Reader, request: SearchRequest): Promise<SearchAnswer> {
  const words = parseWords(request.text);
  const binding = bindPage(request, `search ${words.join(" ")}`);
  await catchUp(reader, request.head.size);
  return reader.index.inSnapshot(() => searchWords(reader, request, { words, binding }));
}

function searchWords(
  reader: Reader,
  request: SearchRequest,
  { words, binding }: { words: readonly string[]; binding: PageBinding },
): SearchAnswer {
  const indexed = Math.min(reader.index.cursor().size, request.head.size);
  const page =
    request.pageToken === ""
      ? { ...firstPage(reader, request), position: 0 }
      : reader.pageTokens.open(request.pageToken, binding, request.nowMs);
  const treeSize = Math.min(page.treeSize, indexed);
  const below = Math.min(page.asOfSize, treeSize);
  reader.tail.advance(indexed, indexed);
  const walk = new SearchWalk(reader, { below, indexed }, { request, page });
  const next = walk.run(words);
  const nextPageToken =
    next === undefined
      ? ""
      : reader.pageTokens.seal({ ...page, treeSize, position: next }, binding, request.nowMs);
  return { facts: walk.facts, scores: walk.scores, nextPageToken, treeSize };
}

class SearchWalk {
  readonly facts: StoredFact[] = [];
  readonly scores: number[] = [];
  readonly #reader: Reader;
  readonly #view: ReadView;
  readonly #request: SearchRequest;
  readonly #page: PagePosition;
  readonly #compiled: CompiledFilter;
  readonly #ends: Ends;
  readonly #currentView: CurrentView | undefined;
  #bytes = 0;

  constructor(
    reader: Reader,
    view: ReadView,
    { request, page }: { request: SearchRequest; page: PagePosition },
  ) {
    this.#reader = reader;
    this.#view = view;
    this.#request = request;
    this.#page = page;
    this.#compiled = new CompiledFilter(request.query, request.scopes);
    this.#ends = new Ends(reader, view);
    const isCurrent = (request.query.view ?? "current") === "current";
    this.#currentView = isCurrent ? new CurrentView(reader, view, "any") : undefined;
  }

  /** Returns the position of the next page; undefined after the last one. */
  run(words: readonly string[]): number | undefined {
    let position = this.#page.position;
    const end = position + EXAMINED_MAX;
    for (;;) {
      const hits = this.#reader.index.searchText(words, {
        below: this.#view.below,
        limit: BATCH,
        offset: position,
      });
      for (const hit of hits) {
        if (this.facts.length >= this.#request.pageSize || position >= end) return position;
        const fact = this.#examine(hit.index);
        if (fact && !this.#add(fact, hit.score)) return position;
        position++;
      }
      if (hits.length < BATCH) return undefined;
    }
  }

  #add(fact: StoredFact, score: number): boolean {
    const bytes = this.#bytes + fact.bytes.length;
    if (this.facts.length > 0 && bytes > this.#request.bytesMax) return false;
    this.#bytes = bytes;
    this.facts.push(fact);
    this.scores.push(score);
    return true;
  }

  #examine(index: number): StoredFact | undefined {
    const row = requireEntry(this.#reader, index);
    if (kindOf(row.leaf) !== ENTRY_KINDS.fact || row.body.length === 0) return undefined;
    const mode = this.#request.query.verify ?? "body";
    const cid = checkEntry(this.#reader, row, { mode, head: this.#request.head });
    const spans = scanBody(row);
    const isWanted =
      this.#compiled.matchesBody(row.body, spans) && this.#compiled.matchesTime(timeOf(row.leaf));
    if (!isWanted) return undefined;
    const end = this.#ends.endOf(index);
    if (this.#currentView) {
      const isEnded = end !== undefined || spans.validUntilMs <= this.#page.asOfMs;
      if (isEnded || !this.#currentView.isNewest(row, spans)) return undefined;
    }
    return describeFact(row, { cid, end, mode });
  }
}

function parseWords(text: string): string[] {
  const words = text.split(/[^\p{L}\p{N}\p{M}]+/u).filter((word) => word !== "");
  if (words.length > 0 && words.length <= WORDS_MAX && text.length <= TEXT_CHARS_MAX) return words;
  throw new StoreError(
    "INVALID_ARGUMENT",
    `search for text: give 1 to ${WORDS_MAX} words of at most ${TEXT_CHARS_MAX} characters in all`,
  );
}

// What was appended a moment ago is about to be indexed: worth a short wait, not a refusal.
async function catchUp(reader: Reader, treeSize: number): Promise<void> {
  for (let waitedMs = 0; waitedMs < CATCH_UP_MS; waitedMs += POLL_MS) {
    if (reader.index.cursor().size >= treeSize) return;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
