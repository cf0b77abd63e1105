// What a reader thread answers. Every method takes the newest signed head and shows nothing beyond
// it. Whatever asks the index does so in one snapshot of it, or a rebuild that begins in between
// would hide what is there.
import { StoreError } from "../errors.ts";
import { Transfer } from "../threads/channel.ts";
import type { EntryKey, VerifyMode } from "../types.ts";
import { requireEntry } from "./checked-entry.ts";
import { findFact, toStoredFact } from "./fact-lookup.ts";
import {
  type EntriesRequest,
  type EventsRequest,
  maySee,
  readLogEntries,
  scanEvents,
} from "./log-scan.ts";
import {
  proveEntry,
  proveGrowth,
  readCheckpoints,
  readTileBytes,
  type TileRequest,
} from "./log-tree.ts";
import { packFacts, transferOf } from "./packed-facts.ts";
import { coveringProof, proofsAfter, proofsOf } from "./proofs.ts";
import { type QueryRequest, queryPage } from "./query/query-page.ts";
import { type SearchRequest, searchPage } from "./query/search-page.ts";
import { beginRead, type HeadArgument, type Reader } from "./reader-context.ts";
import { makeReceipts, type ReceiptsRequest } from "./receipts.ts";

export interface GetRequest {
  head: HeadArgument;
  key: EntryKey;
  mode: VerifyMode;
  scopes: readonly string[] | undefined;
}

export function readMethods(reader: () => Reader) {
  return {
    get(request: GetRequest) {
      const fact = reader().index.inSnapshot(() => getFact(reader(), request));
      const packed = packFacts([fact], request.mode);
      return new Transfer(packed, transferOf(packed));
    },

    queryPage(request: QueryRequest) {
      const { facts, nextPageToken, treeSize } = reader().index.inSnapshot(() =>
        queryPage(reader(), request),
      );
      const packed = packFacts(facts, request.query.verify ?? "body");
      return new Transfer({ packed, nextPageToken, treeSize }, transferOf(packed));
    },

    async searchPage(request: SearchRequest) {
      const { facts, ...rest } = await searchPage(reader(), request);
      const packed = packFacts(facts, request.query.verify ?? "body");
      return new Transfer({ packed, ...rest }, transferOf(packed));
    },

    scanEvents(request: EventsRequest) {
      const { facts, ...rest } = scanEvents(reader(), request);
      const packed = packFacts(facts, "body");
      return new Transfer({ packed, ...rest }, transferOf(packed));
    },

    receipts(request: ReceiptsRequest) {
      const answer = reader().index.inSnapshot(() => makeReceipts(reader(), request));
      return new Transfer(answer, [answer.buffer.buffer as ArrayBuffer]);
    },

    readEntries: (request: EntriesRequest) => readLogEntries(reader(), request),
    inclusionProof: (request: Parameters<typeof proveEntry>[1]) => proveEntry(reader(), request),
    consistencyProof: (request: Parameters<typeof proveGrowth>[1]) =>
      proveGrowth(reader(), request),
    tile: (request: TileRequest) => readTileBytes(reader(), request),
    proofsAfter: (request: Parameters<typeof proofsAfter>[1]) => proofsAfter(reader(), request),
    proofsOf: (size: number) => proofsOf(reader(), size),
    coveringProof: (request: Parameters<typeof coveringProof>[1]) =>
      coveringProof(reader(), request),
    checkpoints: (request: Parameters<typeof readCheckpoints>[1]) =>
      readCheckpoints(reader(), request),
  };
}

function getFact(reader: Reader, request: GetRequest) {
  const { key, head, mode, scopes } = request;
  const view = beginRead(reader, head.size);
  const isInLog = "cid" in key || isIndexBelow(key.index, head.size);
  const row = !isInLog
    ? undefined
    : "cid" in key
      ? findFact(reader, key.cid, view)
      : requireEntry(reader, key.index);
  if (row && maySee(reader, row, scopes)) return toStoredFact(reader, row, { view, mode, head });
  throw new StoreError("NOT_FOUND", "get a fact: there is no such entry");
}

function isIndexBelow(index: number, size: number): boolean {
  return Number.isSafeInteger(index) && index >= 0 && index < size;
}
