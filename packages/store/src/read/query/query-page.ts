// One page of a query, newest first. All pages of a query are of one size and time of the log; a
// page examines a bounded number of entries and may hold fewer facts than asked for.
import {
  ENTRY_KINDS,
  FACT_BYTES_MAX,
  type FactSpans,
  scanFact,
  sha256,
  utf8,
} from "@strongroom/protocol";
import type { EntryRow } from "../../engine/port.ts";
import { StoreError } from "../../errors.ts";
import type { Query, StoredFact, VerifyMode } from "../../types.ts";
import { checkEntry, requireEntry } from "../checked-entry.ts";
import { kindOf } from "../entry-fields.ts";
import { describeFact, Ends } from "../fact-lookup.ts";
import { beginRead, type HeadArgument, type Reader, type ReadView } from "../reader-context.ts";
import { candidates } from "./candidates.ts";
import { CurrentView } from "./current-view.ts";
import { CompiledFilter } from "./fact-filter.ts";
import { sizeBefore, timeOfSize } from "./log-time.ts";
import type { PageBinding, PagePosition } from "./page-token.ts";
import { planQuery } from "./query-plan.ts";

export const PAGE_SIZE_DEFAULT = 50;
export const PAGE_SIZE_MAX = 1000;
const EXAMINED_MAX = 10_000;
const PAGE_BYTES_MAX = 4 * 1024 * 1024;

export interface QueryRequest {
  head: HeadArgument;
  query: Query;
  pageSize: number;
  pageToken: string;
  principal: string;
  scopes: readonly string[] | undefined;
  nowMs: number;
}

export interface QueryAnswer {
  facts: StoredFact[];
  nextPageToken: string;
  treeSize: number;
}

export function queryPage(reader: Reader, request: QueryRequest): QueryAnswer {
  const { query, head } = request;
  const binding = bindPage(request, "query");
  const page = openPage(reader, request, binding);
  // Bodies are proven under the newest head; what is shown stops at the first page's size.
  const current = beginRead(reader, head.size);
  const view: ReadView = { below: page.asOfSize, indexed: current.indexed };
  const walk = new PageWalk(reader, view, { request, page });
  const compiled = new CompiledFilter(query, request.scopes);
  const plan = planQuery(compiled, reader.terms);
  const from =
    query.fromMs === undefined ? 0 : sizeBefore(reader.journal, page.treeSize, query.fromMs);
  const range = { below: page.position, from };
  for (const index of candidates(reader, view, { plan, compiled, range })) {
    if (walk.isFull) return answer(walk.next(index + 1));
    walk.examine(index, compiled);
    if (plan.isTriple && walk.isTripleSettled) break;
  }
  return answer(undefined);

  function answer(next: PagePosition | undefined): QueryAnswer {
    const nextPageToken = next ? reader.pageTokens.seal(next, binding, request.nowMs) : "";
    return { facts: walk.facts, nextPageToken, treeSize: page.treeSize };
  }
}

class PageWalk {
  readonly facts: StoredFact[] = [];
  /** Whether an entry of the only triple asked for was met: older ones cannot be current. */
  isTripleSettled = false;
  readonly #reader: Reader;
  readonly #request: QueryRequest;
  readonly #page: PagePosition;
  readonly #ends: Ends;
  readonly #currentView: CurrentView | undefined;
  readonly #mode: VerifyMode;
  #examined = 0;
  #bytes = 0;

  constructor(
    reader: Reader,
    view: ReadView,
    { request, page }: { request: QueryRequest; page: PagePosition },
  ) {
    this.#reader = reader;
    this.#request = request;
    this.#page = page;
    this.#mode = request.query.verify ?? "body";
    this.#ends = new Ends(reader, view);
    // A source or an upper time bound may leave out the newest entry of a triple.
    const isWholeWalk = page.position === page.asOfSize && request.query.source === undefined;
    const isCurrent = (request.query.view ?? "current") === "current";
    const order = isWholeWalk ? "whole" : "descending";
    this.#currentView = isCurrent ? new CurrentView(reader, view, order) : undefined;
  }

  get isFull(): boolean {
    return (
      this.facts.length >= this.#request.pageSize ||
      this.#examined >= EXAMINED_MAX ||
      this.#bytes >= PAGE_BYTES_MAX
    );
  }

  next(position: number): PagePosition {
    return { ...this.#page, position };
  }

  examine(index: number, compiled: CompiledFilter): void {
    this.#examined++;
    const row = requireEntry(this.#reader, index);
    if (kindOf(row.leaf) !== ENTRY_KINDS.fact || row.body.length === 0) return;
    // Checked before it is filtered: an edited fact must not hide from the queries it was for.
    const cid = checkEntry(this.#reader, row, { mode: this.#mode, head: this.#request.head });
    const spans = scanBody(row);
    if (!compiled.matchesBody(row.body, spans)) return;
    const fact = this.#select(row, { cid, spans });
    if (!fact) return;
    this.facts.push(fact);
    this.#bytes += row.body.length;
  }

  #select(row: EntryRow, found: { cid: Uint8Array; spans: FactSpans }): StoredFact | undefined {
    if (!this.#currentView) {
      const end = this.#ends.endOf(row.index);
      return describeFact(row, { cid: found.cid, end, mode: this.#mode });
    }
    this.isTripleSettled = true;
    if (!this.#currentView.isNewest(row, found.spans)) return undefined;
    if (found.spans.validUntilMs <= this.#page.asOfMs) return undefined;
    if (this.#ends.endOf(row.index)) return undefined;
    return describeFact(row, { cid: found.cid, end: undefined, mode: this.#mode });
  }
}

/** What a page token of this request is bound to. */
export function bindPage(request: { query: Query; principal: string }, form: string): PageBinding {
  const { scope, entity, relation, source, fromMs, untilMs, view, asOfSize, asOfMs } =
    request.query;
  const terms = [scope, entity, relation, source, fromMs, untilMs, view, asOfSize, asOfMs];
  const queryHash = sha256(utf8(JSON.stringify([form, ...terms.map((term) => term ?? null)])));
  return { principal: request.principal, queryHash };
}

function openPage(reader: Reader, request: QueryRequest, binding: PageBinding): PagePosition {
  if (request.pageToken === "") return firstPage(reader, request);
  const page = reader.pageTokens.open(request.pageToken, binding, request.nowMs);
  if (page.treeSize <= request.head.size) return page;
  throw new StoreError("PAGE_TOKEN_INVALID", "use a page token: it is of a log that was longer");
}

export function firstPage(reader: Reader, { query, head, nowMs }: QueryRequest): PagePosition {
  const treeSize = head.size;
  let asOfSize = query.asOfSize ?? treeSize;
  if (!Number.isSafeInteger(asOfSize) || asOfSize < 0 || asOfSize > treeSize) {
    throw new StoreError(
      "INVALID_ARGUMENT",
      `query as of size ${asOfSize}: the log has ${treeSize}`,
    );
  }
  if (query.asOfMs !== undefined) {
    asOfSize = Math.min(asOfSize, sizeBefore(reader.journal, treeSize, query.asOfMs + 1));
  }
  const asOfMs =
    query.asOfMs ??
    (query.asOfSize === undefined ? nowMs : timeOfSize(reader.journal, query.asOfSize));
  const position =
    query.untilMs === undefined
      ? asOfSize
      : Math.min(asOfSize, sizeBefore(reader.journal, treeSize, query.untilMs));
  return { treeSize, asOfSize, asOfMs, position };
}

/** Spans of a fact that was checked; an unchecked one that does not parse is refused. */
export function scanBody(row: EntryRow): FactSpans {
  return scanFact(row.body, { bytesMax: FACT_BYTES_MAX });
}
