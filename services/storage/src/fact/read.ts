// Get, query, search. A fact outside the caller's scopes is answered exactly like a missing one.
import type { MessageInitShape } from "@bufbuild/protobuf";
import type {
  BatchGetRequest,
  BatchGetResultSchema,
  GetRequest,
  QueryRequest,
  SearchRequest,
} from "@strongroom/proto/strongroom/fact/v1/fact_service";
import { isScope } from "@strongroom/protocol";
import {
  type EntryKey,
  type FactFilter,
  type Store,
  type StoredFact,
  StoreError,
  type VerifyMode,
} from "@strongroom/store";
import { maySeeScope } from "../access.ts";
import type { Call } from "../grpc/adapter.ts";
import { refuse, toCid, toMs, toPageSize, toSafeInteger } from "../requests.ts";
import { toRpcStatus } from "../server.ts";
import { getVisible } from "./fact-scope.ts";
import { toFactFilter, toStoredFactMessage, toVerifyMode, toView } from "./stored-fact.ts";

const cidsMax = 1000;
const getsAtOnce = 32;
const searchTextBytesMax = 1024;
/** Below the message limit, with room for the rest of each fact's message. */
const answerBytesMax = 4 * 1024 * 1024;

type ResultInit = MessageInitShape<typeof BatchGetResultSchema>;

export async function get(store: Store, request: GetRequest, call: Call) {
  const fact = await getVisible(
    store,
    toKey(request),
    toVerifyMode(request.verify),
    call.principal,
  );
  return { fact: toStoredFactMessage(fact), treeSize: BigInt(store.head().size) };
}

export async function batchGet(store: Store, request: BatchGetRequest, call: Call) {
  const { cids } = request;
  if (cids.length === 0 || cids.length > cidsMax) {
    refuse(`check cids: expected 1 to ${cidsMax}, got ${cids.length}`);
  }
  for (const cid of cids) toCid(cid);
  const verify = toVerifyMode(request.verify);
  const results: ResultInit[] = [];
  let bytes = 0;
  for (let i = 0; i < cids.length; i += getsAtOnce) {
    call.signal.throwIfAborted();
    const full = bytes >= answerBytesMax;
    const some = cids.slice(i, i + getsAtOnce);
    const answers = await Promise.all(
      some.map((cid) => (full ? answerIsFull() : getResult(store, cid, verify, call))),
    );
    for (const { result, factBytes } of answers) {
      results.push({ result });
      bytes += factBytes;
    }
  }
  return { results, treeSize: BigInt(store.head().size) };
}

export async function query(store: Store, request: QueryRequest, call: Call) {
  const filter = toFactFilter(request.filter);
  const { scope, entity, relation, source } = filter;
  if (scope === undefined && !entity && !relation && !source) {
    refuse("check filter: set at least one of scope, entity, relation and source");
  }
  authoriseFilter(filter, call);
  const page = await fittingPage(toPageSize(request.pageSize), (pageSize) =>
    store.queryPage({
      ...filter,
      view: toView(request.view),
      ...toAsOf(request),
      verify: toVerifyMode(request.verify),
      ...pageOptions(request.pageToken, call),
      pageSize,
    }),
  );
  return {
    facts: page.facts.map(toStoredFactMessage),
    nextPageToken: page.nextPageToken,
    treeSize: BigInt(page.treeSize),
  };
}

export async function search(store: Store, request: SearchRequest, call: Call) {
  const textBytes = Buffer.byteLength(request.text);
  if (textBytes === 0 || textBytes > searchTextBytesMax) {
    refuse(`check text: expected 1 to ${searchTextBytesMax} bytes, got ${textBytes}`);
  }
  if (request.bytesMax < 0) refuse("check bytes_max: negative");
  const filter = toFactFilter(request.filter);
  authoriseFilter(filter, call);
  const page = await store.search({
    ...filter,
    text: request.text,
    view: toView(request.view),
    ...pageOptions(request.pageToken, call),
    pageSize: toPageSize(request.pageSize),
    bytesMax: Math.min(request.bytesMax || answerBytesMax, answerBytesMax),
  });
  return {
    hits: page.hits.map(({ fact, score }) => ({ fact: toStoredFactMessage(fact), score })),
    nextPageToken: page.nextPageToken,
    treeSize: BigInt(page.treeSize),
  };
}

function toKey(request: GetRequest): EntryKey {
  const { key } = request;
  if (key.case === "cid") return { cid: toCid(key.value) };
  if (key.case === "index") return { index: toSafeInteger(key.value, "index") };
  return refuse("check key: set cid or index");
}

interface CountedResult {
  result: NonNullable<ResultInit["result"]>;
  factBytes: number;
}

async function getResult(
  store: Store,
  cid: Uint8Array,
  verify: VerifyMode,
  call: Call,
): Promise<CountedResult> {
  try {
    const fact = await getVisible(store, { cid }, verify, call.principal);
    const result = { case: "fact" as const, value: toStoredFactMessage(fact) };
    return { result, factBytes: fact.bytes.length };
  } catch (error) {
    return { result: { case: "error", value: toRpcStatus(error) }, factBytes: 0 };
  }
}

async function answerIsFull(): Promise<CountedResult> {
  const error = new StoreError("LIMIT_EXCEEDED", "get facts: answer is full, ask again for these");
  return { result: { case: "error", value: toRpcStatus(error) }, factBytes: 0 };
}

/** Asking by name for a scope that is not one's own is refused; patterns are narrowed instead. */
function authoriseFilter(filter: FactFilter, call: Call): void {
  const { scope } = filter;
  if (scope === undefined || !isScope(scope) || maySeeScope(call.principal, scope)) return;
  throw new StoreError("PERMISSION_DENIED", "authorise query: its scope is not allowed");
}

function pageOptions(pageToken: string, call: Call) {
  return {
    ...(pageToken === "" ? {} : { pageToken }),
    principal: call.principal.name,
    scopes: call.principal.scopes,
  };
}

function toAsOf(request: QueryRequest): { asOfSize?: number; asOfMs?: number } {
  const { asOf } = request;
  if (asOf.case === "asOfSize") return { asOfSize: toSafeInteger(asOf.value, "as_of_size") };
  if (asOf.case === "asOfTime") return { asOfMs: toMs(asOf.value) };
  return {};
}

/** Asks again for fewer facts while the page is too large for one message. */
async function fittingPage<P extends { facts: StoredFact[] }>(
  pageSize: number,
  read: (pageSize: number) => Promise<P>,
): Promise<P> {
  let size = pageSize;
  while (true) {
    const page = await read(size);
    const bytes = page.facts.reduce((sum, fact) => sum + fact.bytes.length, 0);
    if (bytes <= answerBytesMax || size === 1) return page;
    size = Math.max(1, Math.floor((size * answerBytesMax) / bytes / 2));
  }
}
