// Checkpoints, proofs and receipts: what any principal may hold against the store.
import type {
  GetCheckpointRequest,
  GetConsistencyProofRequest,
  GetHeadRequest,
  GetInclusionProofRequest,
  GetReceiptsRequest,
  ListCheckpointsRequest,
  LogService,
} from "@strongroom/proto/strongroom/log/v1/log_service";
import { parseCheckpoint, parseNote } from "@strongroom/protocol";
import type { EntryKey, Store, StoredCheckpoint } from "@strongroom/store";
import { hasRole } from "../access.ts";
import type { Call, HandlersOf } from "../grpc/adapter.ts";
import {
  encodePosition,
  parseNumberPosition,
  refuse,
  toCid,
  toPageSize,
  toSafeInteger,
  toTimestamp,
} from "../requests.ts";
import { authorisePrivateEvidence, entryScopes } from "./entry-access.ts";
import { readEntries } from "./read-entries.ts";
import { verify } from "./verify.ts";

const receiptKeysMax = 1000;

export function logHandlers(store: Store): HandlersOf<typeof LogService> {
  return {
    getHead: (request, call) => getHead(store, request, call),
    getCheckpoint: (request) => getCheckpoint(store, request),
    listCheckpoints: (request) => listCheckpoints(store, request),
    getInclusionProof: (request) => getInclusionProof(store, request),
    getConsistencyProof: (request) => getConsistencyProof(store, request),
    getReceipts: (request, call) => getReceipts(store, request, call),
    getVerifierKeys: () => ({
      origin: store.origin,
      logVkeys: [store.logVkey],
      snapshotVkey: store.snapshotVkey,
      storeId: store.id,
    }),
    readEntries: (request, call) => readEntries(store, request, call),
    verify: (request, call) => verify(store, request, call),
  };
}

async function getHead(store: Store, request: GetHeadRequest, call: Call) {
  const { pinnedNote } = request;
  // First the verdict: after a rollback or a fork no note leaves any more.
  if (pinnedNote.length > 0) await store.offerPinnedNote(pinnedNote);
  // What an attestor shows is the newest note that it found outside, and no mere memory.
  if (pinnedNote.length > 0 && hasRole(call.principal, ["attestor"])) {
    await store.attestations.confirmHead(pinnedNote);
  }
  const head = store.head();
  const consistency = await proveSincePinned(store, pinnedNote, head.size);
  return { checkpoint: head.note, treeSize: BigInt(head.size), consistency };
}

/** Between exactly the pinned size and the head that is answered, however fast the log grows. */
async function proveSincePinned(
  store: Store,
  pinnedNote: Uint8Array,
  headSize: number,
): Promise<Uint8Array[]> {
  if (pinnedNote.length === 0) return [];
  const pinned = parseCheckpoint(parseNote(pinnedNote).text);
  const foreign = pinned.origin !== store.origin || pinned.size > BigInt(headSize);
  if (foreign || pinned.size === 0n) return [];
  const { proof } = await store.consistencyProof(Number(pinned.size), headSize);
  return [...proof];
}

async function getCheckpoint(store: Store, request: GetCheckpointRequest) {
  const size = toSafeInteger(request.treeSize, "tree_size");
  return { checkpoint: toCheckpointMessage(await store.checkpoint(size === 0 ? undefined : size)) };
}

async function listCheckpoints(store: Store, request: ListCheckpointsRequest) {
  const limit = toPageSize(request.pageSize);
  const before = parseNumberPosition("checkpoints", request.pageToken);
  const found = await store.checkpoints({ limit, ...(before === undefined ? {} : { before }) });
  const last = found.at(-1);
  return {
    checkpoints: found.map(toCheckpointMessage),
    nextPageToken:
      last && found.length === limit ? encodePosition("checkpoints", String(last.size)) : "",
  };
}

function toCheckpointMessage(checkpoint: StoredCheckpoint) {
  const { size, note, storedAtMs } = checkpoint;
  return { treeSize: BigInt(size), note, storedAt: toTimestamp(storedAtMs) };
}

async function getInclusionProof(store: Store, request: GetInclusionProofRequest) {
  const index = toSafeInteger(request.index, "index");
  const size = toSafeInteger(request.treeSize, "tree_size");
  const proven = await store.inclusionProof(index, size === 0 ? store.head().size : size);
  const { leafHash, proof, root } = proven;
  return { leafHash, treeSize: BigInt(proven.size), proof: [...proof], root };
}

async function getConsistencyProof(store: Store, request: GetConsistencyProofRequest) {
  const from = toSafeInteger(request.fromSize, "from_size");
  const to = toSafeInteger(request.toSize, "to_size");
  const proven = await store.consistencyProof(from, to === 0 ? store.head().size : to);
  return {
    fromSize: BigInt(proven.from),
    toSize: BigInt(proven.to),
    proof: [...proven.proof],
  };
}

async function getReceipts(store: Store, request: GetReceiptsRequest, call: Call) {
  if (request.keys.length === 0 || request.keys.length > receiptKeysMax) {
    refuse(`check keys: expected 1 to ${receiptKeysMax}, got ${request.keys.length}`);
  }
  const { privateEvidence, attested } = request;
  authorisePrivateEvidence(privateEvidence, call);
  const keys = request.keys.map(({ key }): EntryKey => {
    if (key.case === "cid") return { cid: toCid(key.value) };
    if (key.case === "index") return { index: toSafeInteger(key.value, "index") };
    return refuse("check keys: set cid or index");
  });
  const options = { privateEvidence, attested, ...entryScopes(call) };
  const { receipts, treeSize } = await store.receipts(keys, options);
  return { receipts, treeSize: BigInt(treeSize) };
}
