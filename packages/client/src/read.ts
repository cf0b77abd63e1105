// Reads: by content id or index, by query in pages, by words. Every body is hashed again here.
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { FactService, View } from "@strongroom/proto/strongroom/fact/v1/fact_service";
import type { Deps } from "./append.ts";
import type { CallOptions } from "./channel.ts";
import { type ClientError, errorOfItem } from "./errors.ts";
import { type ReadFact, readFact, type VerifyMode, verifyLevel } from "./read-fact.ts";

export type FactKey = { readonly cid: Uint8Array } | { readonly index: bigint };

export interface ReadOptions extends CallOptions {
  /** How much the server proves before it answers; `body` by default. */
  readonly verify?: VerifyMode;
}

/** Fields that are set are joined by "and". */
export interface FactFilter {
  /** An exact scope, a scope and `/*`, or `*`. */
  readonly scope?: string;
  readonly entity?: string;
  readonly relation?: string;
  readonly source?: string;
  /** Appended at or after, in Unix milliseconds. */
  readonly fromMs?: number;
  /** Appended before, in Unix milliseconds. */
  readonly untilMs?: number;
}

export interface QueryOptions extends FactFilter, ReadOptions {
  /** The newest standing fact per scope, entity and relation (default), or all. */
  readonly view?: "current" | "history";
  readonly asOfSize?: bigint;
  readonly asOfMs?: number;
  /** Facts per page, at most 1,000; the server's default if absent. */
  readonly pageSize?: number;
  /** Stop after this many facts. */
  readonly limit?: number;
}

export interface SearchOptions extends FactFilter, CallOptions {
  /** Words; all must occur. */
  readonly text: string;
  readonly view?: "current" | "history";
  readonly pageSize?: number;
  /** At most this many bytes of facts per page. */
  readonly bytesMax?: number;
  readonly limit?: number;
}

export interface SearchHit {
  readonly fact: ReadFact;
  /** BM25; higher is better. */
  readonly score: number;
}

export async function get(deps: Deps, key: FactKey, options: ReadOptions): Promise<ReadFact> {
  deps.trust.requireSound();
  const request = { key: keyOf(key), verify: verifyLevel(options.verify) };
  const { fact } = await deps.channel.unary(FactService.method.get, request, options);
  return readFact(fact, "cid" in key ? key.cid : undefined);
}

/** At most 1,000 content ids; the answers keep their order. */
export async function batchGet(
  deps: Deps,
  cids: readonly Uint8Array[],
  options: ReadOptions,
): Promise<(ReadFact | ClientError)[]> {
  deps.trust.requireSound();
  const request = { cids: [...cids], verify: verifyLevel(options.verify) };
  const { results } = await deps.channel.unary(FactService.method.batchGet, request, options);
  return cids.map((cid, i) => {
    const result = results[i]?.result;
    return result?.case === "error" ? errorOfItem(result.value) : readFact(result?.value, cid);
  });
}

/** Newest first; all pages speak of the tree size of the first. */
export async function* query(
  deps: Deps,
  options: QueryOptions,
): AsyncGenerator<ReadFact, void, undefined> {
  let left = options.limit ?? Number.POSITIVE_INFINITY;
  let pageToken = "";
  do {
    deps.trust.requireSound();
    const request = {
      filter: filterOf(options),
      view: viewOf(options.view),
      asOf: asOf(options),
      pageSize: Math.min(options.pageSize ?? 0, 1_000),
      pageToken,
      verify: verifyLevel(options.verify),
    };
    const page = await deps.channel.unary(FactService.method.query, request, options);
    for (const stored of page.facts) {
      if (left-- <= 0) return;
      yield readFact(stored);
    }
    pageToken = page.nextPageToken;
  } while (pageToken !== "" && left > 0);
}

/** Best first. */
export async function* search(
  deps: Deps,
  options: SearchOptions,
): AsyncGenerator<SearchHit, void, undefined> {
  let left = options.limit ?? Number.POSITIVE_INFINITY;
  let pageToken = "";
  do {
    deps.trust.requireSound();
    const request = {
      text: options.text,
      filter: filterOf(options),
      view: viewOf(options.view),
      pageSize: Math.min(options.pageSize ?? 0, 1_000),
      pageToken,
      bytesMax: options.bytesMax ?? 0,
    };
    const page = await deps.channel.unary(FactService.method.search, request, options);
    for (const hit of page.hits) {
      if (left-- <= 0) return;
      yield { fact: readFact(hit.fact), score: hit.score };
    }
    pageToken = page.nextPageToken;
  } while (pageToken !== "" && left > 0);
}

export function filterOf(filter: FactFilter) {
  const { scope = "", entity = "", relation = "", source = "", fromMs, untilMs } = filter;
  return {
    scope,
    entity,
    relation,
    source,
    ...(fromMs === undefined ? {} : { fromTime: timestampFromMs(fromMs) }),
    ...(untilMs === undefined ? {} : { untilTime: timestampFromMs(untilMs) }),
  };
}

function keyOf(key: FactKey) {
  return "cid" in key
    ? { case: "cid" as const, value: key.cid }
    : { case: "index" as const, value: key.index };
}

function viewOf(view: "current" | "history" | undefined): View {
  return view === "history" ? View.HISTORY : View.CURRENT;
}

function asOf({ asOfSize, asOfMs }: QueryOptions) {
  if (asOfSize !== undefined) return { case: "asOfSize" as const, value: asOfSize };
  if (asOfMs !== undefined) return { case: "asOfTime" as const, value: timestampFromMs(asOfMs) };
  return { case: undefined };
}
