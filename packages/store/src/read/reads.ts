// The store's read methods, on the main thread: defaults and limits here, the work in the reader
// threads. What a reader finds not to hold is reported once more here, so that it is logged and
// raises an alarm, and reaches the caller as an error.
import { fromBinary } from "@bufbuild/protobuf";
import {
  fromHex,
  parseCid,
  type Receipt,
  ReceiptSchema,
  type VerificationCode,
  verificationCodes,
} from "@strongroom/protocol";
import { StoreError } from "../errors.ts";
import type {
  EntryKey,
  FactPage,
  Head,
  LogEntry,
  PageOptions,
  Query,
  SearchPage,
  StoredCheckpoint,
  StoredFact,
  VerifyMode,
  WatchEvent,
  WatchOptions,
} from "../types.ts";
import type { ConsistencyAnswer, InclusionAnswer } from "./log-tree.ts";
import { unpackFacts } from "./packed-facts.ts";
import { PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX } from "./query/query-page.ts";
import type { ReaderAnswer, ReaderArgument, ReaderMethod, ReaderPool } from "./reader-pool.ts";
import { watchLog } from "./watch.ts";

const RECEIPTS_MAX = 1000;
const ENTRIES_MAX = 4096;
const ANSWER_BYTES_MAX = 4 * 1024 * 1024;
const QUERY_PAGE = 256;
const CID_BYTES = 32;

/** Something that a read found not to hold. */
export interface Mismatch {
  index: number;
  /** Content id that the entry should have; empty where it is not known. */
  cid: Uint8Array;
  verdict: string;
  /** SHA-256 of the body that was found; empty where there was none. */
  offeredDigest: Uint8Array;
  message: string;
}

export interface ReadsDeps {
  pool: ReaderPool;
  /** The newest signed head. */
  head(): Head;
  onHead(listener: (head: Head) => void): () => void;
  reportMismatch(mismatch: Mismatch): void;
  textSearch: boolean;
}

export class Reads {
  readonly #deps: ReadsDeps;

  constructor(deps: ReadsDeps) {
    this.#deps = deps;
  }

  async get(
    key: EntryKey,
    options: { verify?: VerifyMode; scopes?: readonly string[] } = {},
  ): Promise<StoredFact> {
    checkKey(key);
    const mode = options.verify ?? "body";
    const packed = await this.#call("get", {
      head: this.#head(),
      key,
      mode,
      scopes: options.scopes,
    });
    const [fact] = unpackFacts(packed);
    if (!fact) throw new StoreError("INTERNAL", "get a fact: the reader answered nothing");
    return fact;
  }

  /** All pages of a query, as one size of the log; each page is read when it is needed. */
  async *query(query: Query & PageOptions): AsyncGenerator<StoredFact, void, undefined> {
    let pageToken = query.pageToken ?? "";
    do {
      const page = await this.queryPage({ pageSize: QUERY_PAGE, ...query, pageToken });
      yield* page.facts;
      pageToken = page.nextPageToken;
    } while (pageToken !== "");
  }

  async queryPage(query: Query & PageOptions): Promise<FactPage> {
    const answer = await this.#call("queryPage", this.#pageRequest(query));
    const { nextPageToken, treeSize } = answer;
    return { facts: unpackFacts(answer.packed), nextPageToken, treeSize };
  }

  /** Best first. Throws TEXT_SEARCH_DISABLED where the store keeps no text index. */
  async search(
    query: Query & PageOptions & { text: string; bytesMax?: number },
  ): Promise<SearchPage> {
    if (!this.#deps.textSearch) {
      throw new StoreError(
        "TEXT_SEARCH_DISABLED",
        "search for text: the store keeps no text index",
      );
    }
    const bytesMax = Math.min(query.bytesMax ?? ANSWER_BYTES_MAX, ANSWER_BYTES_MAX);
    const answer = await this.#call("searchPage", {
      ...this.#pageRequest(query),
      text: query.text,
      bytesMax,
    });
    const { nextPageToken, treeSize, scores } = answer;
    const hits = unpackFacts(answer.packed).map((fact, i) => ({ fact, score: scores[i] ?? 0 }));
    return { hits, nextPageToken, treeSize };
  }

  /** Facts are given as they were appended; what ends them follows as an event of its own. */
  watch(options: WatchOptions = {}): AsyncGenerator<WatchEvent, void, undefined> {
    const source = {
      head: () => this.#deps.head(),
      onHead: (listener: () => void) => this.#deps.onHead(listener),
      scan: async (from: number, head: Head) => {
        const { packed, retractions, next } = await this.#call("scanEvents", {
          head: { size: head.size, root: head.root },
          from,
          filter: plainFilter(options.filter ?? {}),
          scopes: options.scopes,
        });
        return { facts: unpackFacts(packed), retractions, next };
      },
    };
    return watchLog(source, options);
  }

  async receipts(
    keys: readonly EntryKey[],
    options: { privateEvidence?: boolean; attested?: boolean; scopes?: readonly string[] } = {},
  ): Promise<{ receipts: Receipt[]; treeSize: number }> {
    if (keys.length > RECEIPTS_MAX) {
      throw new StoreError("LIMIT_EXCEEDED", `make receipts: at most ${RECEIPTS_MAX} at once`);
    }
    for (const key of keys) checkKey(key);
    const { size, root, note } = this.#deps.head();
    const { buffer, lengths } = await this.#call("receipts", {
      head: { size, root, note },
      keys,
      privateEvidence: options.privateEvidence ?? false,
      attested: options.attested ?? false,
      scopes: options.scopes,
    });
    let at = 0;
    const receipts = lengths.map((length) => {
      at += length;
      return fromBinary(ReceiptSchema, buffer.subarray(at - length, at));
    });
    return { receipts, treeSize: size };
  }

  inclusionProof(index: number, size?: number): Promise<InclusionAnswer> {
    return this.#call("inclusionProof", { head: this.#head(), index, size });
  }

  consistencyProof(from: number, to?: number): Promise<ConsistencyAnswer> {
    return this.#call("consistencyProof", { head: this.#head(), from, to });
  }

  /** `next` is where to go on; it equals the end of the range when that is read. */
  readEntries(request: {
    from: number;
    until?: number;
    limit: number;
    bodies: boolean;
    privateEvidence: boolean;
    scopes?: readonly string[];
  }): Promise<{ entries: LogEntry[]; next: number }> {
    const { from, limit, bodies, privateEvidence, scopes } = request;
    const head = this.#head();
    const until = request.until ?? head.size;
    if (![from, until].every(isIndex) || !Number.isInteger(limit) || limit < 1) {
      throw new StoreError("INVALID_ARGUMENT", "read entries: give a range and a limit from 1");
    }
    return this.#call("readEntries", {
      head,
      from,
      until,
      limit: Math.min(limit, ENTRIES_MAX),
      bodies,
      privateEvidence,
      scopes,
    });
  }

  tile(tile: { level: number | "entries"; n: number; width: number }): Promise<Uint8Array> {
    const { level, n, width } = tile;
    return this.#call("tile", { head: this.#head(), level, n, width });
  }

  /** Newest first. */
  checkpoints(request: { before?: number; limit: number }): Promise<StoredCheckpoint[]> {
    const limit = Math.min(Math.max(1, request.limit), PAGE_SIZE_MAX);
    return this.#call("checkpoints", { head: this.#head(), before: request.before, limit });
  }

  /** What outside records say of one stored checkpoint. */
  proofsOf(size: number) {
    return this.#call("proofsOf", size);
  }

  /** All of it, in the order in which it was kept. */
  proofsAfter(after: { attestation: number; cosignature: number }, limit: number) {
    return this.#call("proofsAfter", { after, limit });
  }

  /** The newest that covers an entry. Throws NOT_FOUND. */
  coveringProof(key: EntryKey, scopes: readonly string[] | undefined) {
    checkKey(key);
    return this.#call("coveringProof", { head: this.#head(), key, scopes });
  }

  /** The stored checkpoint of a size, or the newest. Throws NOT_FOUND. */
  async checkpoint(size?: number): Promise<StoredCheckpoint> {
    const before = size === undefined ? undefined : size + 1;
    const [found] = await this.#call("checkpoints", { head: this.#head(), before, limit: 1 });
    if (found && (size === undefined || found.size === size)) return found;
    throw new StoreError("NOT_FOUND", "read a checkpoint: none is stored of that size");
  }

  #head(): { size: number; root: Uint8Array } {
    const { size, root } = this.#deps.head();
    return { size, root };
  }

  #pageRequest(query: Query & PageOptions) {
    const pageSize = query.pageSize ?? PAGE_SIZE_DEFAULT;
    if (!Number.isInteger(pageSize) || pageSize < 1 || pageSize > PAGE_SIZE_MAX) {
      throw new StoreError("INVALID_ARGUMENT", `query: pages have 1 to ${PAGE_SIZE_MAX} facts`);
    }
    return {
      head: this.#head(),
      query: plainFilter(query),
      pageSize,
      pageToken: query.pageToken ?? "",
      principal: query.principal ?? "",
      scopes: query.scopes,
      nowMs: Date.now(),
    };
  }

  async #call<K extends ReaderMethod>(
    method: K,
    argument: ReaderArgument<K>,
  ): Promise<ReaderAnswer<K>> {
    try {
      return await this.#deps.pool.call(method, argument);
    } catch (reason) {
      if (reason instanceof StoreError) this.#report(reason);
      throw reason;
    }
  }

  #report(error: StoreError): void {
    const { index, foundDigest, cid } = error.metadata;
    if (index === undefined || foundDigest === undefined) return;
    if (!verificationCodes.includes(error.code as VerificationCode)) return;
    this.#deps.reportMismatch({
      index: Number(index),
      cid: cid === undefined ? new Uint8Array(0) : parseCid(cid),
      verdict: error.code,
      offeredDigest: fromHex(foundDigest),
      message: error.message,
    });
  }
}

function checkKey(key: EntryKey): void {
  if ("cid" in key) {
    if (key.cid.length === CID_BYTES) return;
    throw new StoreError("MALFORMED_CID", "read a fact: its content id is not 32 bytes");
  }
  if (isIndex(key.index)) return;
  throw new StoreError("INVALID_ARGUMENT", "read an entry: its index is an integer from 0");
}

function isIndex(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

/** Only the members that a reader knows: what else the object holds may not cross threads. */
function plainFilter(query: Query): Query {
  const { scope, entity, relation, source, fromMs, untilMs } = query;
  const { view, asOfSize, asOfMs, verify } = query;
  const members = { scope, entity, relation, source, fromMs, untilMs };
  const given = Object.entries({ ...members, view, asOfSize, asOfMs, verify });
  return Object.fromEntries(given.filter(([, value]) => value !== undefined)) as Query;
}
