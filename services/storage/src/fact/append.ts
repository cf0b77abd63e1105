// Append and retract, one fact or many. The store commits a fact whole or not at all, whatever
// becomes of the caller; a cancelled call only loses its answer.
import type { MessageInitShape } from "@bufbuild/protobuf";
import type {
  AppendBatchRequest,
  AppendRequest,
  AppendResultSchema,
  AppendStreamRequest,
  NewFact as NewFactMessage,
  RetractRequest,
} from "@strongroom/proto/strongroom/fact/v1/fact_service";
import { hashFact, parseReceipt, utf8 } from "@strongroom/protocol";
import type { AppendedBatch, BatchResult, NewFact, Store } from "@strongroom/store";
import { type Call, EncodedResponse } from "../grpc/adapter.ts";
import { refuse, toCallContext, toCid } from "../requests.ts";
import { toRpcStatus } from "../server.ts";
import { encodeAppendResponse } from "./append-response.ts";
import { authoriseFact, getVisible } from "./fact-scope.ts";

const batchFactsMax = 4096;
const batchBytesMax = 4 * 1024 * 1024;
const authorSignaturesMax = 16;
const reasonBytesMax = 1024;

type ResultInit = MessageInitShape<typeof AppendResultSchema>;

export type FactCounter = (outcome: "appended" | "existing" | "refused", count: number) => void;

export interface AppendTarget {
  store: Store;
  countFacts: FactCounter;
}

export async function append(target: AppendTarget, request: AppendRequest, call: Call) {
  const { store, countFacts } = target;
  const fact = toNewFact(request.fact);
  authoriseFact(call.principal, fact.bytes);
  const context = toCallContext(call, request.requestId);
  if (request.validateOnly) {
    store.validate(fact);
    return { cid: hashFact(fact.bytes) };
  }
  const appended = await store.appendOne(fact, context);
  countFacts(appended.existing ? "existing" : "appended", 1);
  return new EncodedResponse(encodeAppendResponse(appended));
}

export async function retract(store: Store, request: RetractRequest, call: Call) {
  const cid = toCid(request.cid);
  const context = toCallContext(call, request.requestId);
  if (utf8(request.reason).length > reasonBytesMax) {
    refuse(`check reason: more than ${reasonBytesMax} bytes`);
  }
  await getVisible(store, { cid }, "body", call.principal);
  if (request.validateOnly) return {};
  const retracted = await store.retract({ cid, reason: request.reason }, context);
  const { index, treeSize, existing } = retracted;
  const receipt = parseReceipt(retracted.receipt);
  return { index: BigInt(index), treeSize: BigInt(treeSize), receipt, existing };
}

export async function appendBatch(target: AppendTarget, request: AppendBatchRequest, call: Call) {
  if (request.validateOnly) return { results: validateAll(target.store, request, call) };
  const { results, treeSize, checkpoint } = await appendAll(target, request, call);
  return { results, treeSize, checkpoint };
}

/** Appends what is allowed; what is not gets its own error in its own place. */
export async function appendAll(
  target: AppendTarget,
  request: AppendBatchRequest | AppendStreamRequest,
  call: Call,
): Promise<{ results: ResultInit[]; treeSize: bigint; checkpoint: Uint8Array }> {
  checkBatch(request.facts);
  const context = toCallContext(call, request.requestId);
  const results: ResultInit[] = new Array(request.facts.length);
  const allowed: NewFact[] = [];
  const places: number[] = [];
  for (const [place, message] of request.facts.entries()) {
    try {
      const fact = toNewFact(message);
      authoriseFact(call.principal, fact.bytes);
      allowed.push(fact);
      places.push(place);
    } catch (error) {
      results[place] = { error: toRpcStatus(error) };
    }
  }
  const outcome = await appendAllowed(target.store, allowed, context);
  for (const [i, result] of outcome.results.entries()) {
    results[places[i] ?? 0] = toResultMessage(result);
  }
  countOutcomes(target, results);
  return { results, treeSize: BigInt(outcome.treeSize), checkpoint: outcome.checkpoint };
}

function countOutcomes(target: AppendTarget, results: readonly ResultInit[]): void {
  const refused = results.filter(({ error }) => error !== undefined).length;
  const existing = results.filter((result) => result.existing === true).length;
  target.countFacts("refused", refused);
  target.countFacts("existing", existing);
  target.countFacts("appended", results.length - refused - existing);
}

async function appendAllowed(
  store: Store,
  facts: readonly NewFact[],
  context: ReturnType<typeof toCallContext>,
): Promise<AppendedBatch> {
  if (facts.length > 0) return await store.appendBatch([...facts], context);
  const { size, note } = store.head();
  return { results: [], treeSize: size, checkpoint: note };
}

function validateAll(store: Store, request: AppendBatchRequest, call: Call): ResultInit[] {
  checkBatch(request.facts);
  toCallContext(call, request.requestId);
  return request.facts.map((message) => {
    try {
      const fact = toNewFact(message);
      authoriseFact(call.principal, fact.bytes);
      store.validate(fact);
      return { cid: hashFact(fact.bytes) };
    } catch (error) {
      return { error: toRpcStatus(error) };
    }
  });
}

function checkBatch(facts: readonly NewFactMessage[]): void {
  if (facts.length === 0 || facts.length > batchFactsMax) {
    refuse(`check facts: expected 1 to ${batchFactsMax}, got ${facts.length}`);
  }
  let bytes = 0;
  for (const { fact } of facts) bytes += fact.length;
  if (bytes > batchBytesMax) refuse(`check facts: more than ${batchBytesMax} bytes in all`);
}

function toNewFact(message: NewFactMessage | undefined): NewFact {
  if (message === undefined) return refuse("check fact: missing");
  const { fact: bytes, authorSignatures } = message;
  if (authorSignatures.length === 0) return { bytes };
  if (authorSignatures.length > authorSignaturesMax) {
    refuse(`check author_signatures: more than ${authorSignaturesMax}`);
  }
  return {
    bytes,
    authorSignatures: authorSignatures.map(({ publicKey, signature }) => ({
      publicKey,
      signature,
    })),
  };
}

function toResultMessage(result: BatchResult): ResultInit {
  if (result.error === undefined) {
    return { cid: result.cid, index: BigInt(result.index), existing: result.existing };
  }
  const error = toRpcStatus(result.error);
  return result.cid === undefined ? { error } : { cid: result.cid, error };
}
