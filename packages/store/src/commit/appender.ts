// The caller's side of the commit thread: checks, packs and queues what is to be appended, and
// makes receipts of the answers. The queue is bounded; beyond it the answer is OVERLOADED.
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { FactSchema } from "@strongroom/proto/strongroom/fact/v1/fact";
import {
  asCid,
  ENTRY_KINDS,
  encodeEvidencePrivate,
  encodeFact,
  encodeReceipt,
  encodeRetraction,
  FACT_BYTES_MAX,
  NONCE_BYTES,
  parseFact,
} from "@strongroom/protocol";
import { StoreError, toStoreError } from "../errors.ts";
import type { Reads } from "../read/reads.ts";
import type { ThreadClient } from "../threads/channel.ts";
import type { Appended, AppendedBatch, BatchResult, CallContext, NewFact } from "../types.ts";
import type {
  AppendEntryAnswer,
  AppendEntryRequest,
  AppendFactsAnswer,
  CommitMethods,
  PackedFacts,
} from "./commit-request.ts";
import { type CheckedFact, checkFact, packFacts } from "./pack-facts.ts";
import { takeRandom } from "./random-pool.ts";

export const BATCH_FACTS_MAX = 4096;
export const BATCH_BYTES_MAX = 4 * 1024 * 1024;
const QUEUED_FACTS_MAX = 65_536;
const QUEUED_BYTES_MAX = 64 * 1024 * 1024;
const CONTEXT_BYTES_MAX = 256;

/** A fact as fields; the nonce is filled in unless it is given, `asserted_at` never. */
export type FactInit = MessageInitShape<typeof FactSchema>;

export interface AppenderParts {
  committer: ThreadClient<CommitMethods>;
  reads: Reads;
  factBytesMax: number;
}

export class Appender {
  readonly #parts: AppenderParts;
  #queuedFacts = 0;
  #queuedBytes = 0;

  constructor(parts: AppenderParts) {
    this.#parts = parts;
  }

  /** Whether anything is queued or being committed. */
  get isBusy(): boolean {
    return this.#queuedFacts > 0;
  }

  /** Canonical bytes with a nonce, unless one is given. */
  encode(fact: FactInit): Uint8Array {
    const nonce = fact.nonce?.length ? fact.nonce : takeRandom(NONCE_BYTES);
    const bytesMax = this.#parts.factBytesMax;
    return encodeOrRefuse(() => encodeFact({ ...fact, nonce } as FactInit, { bytesMax }));
  }

  /** Throws what is wrong with a fact; says nothing of existence. */
  validate(fact: NewFact): CheckedFact {
    try {
      return checkFact(fact, this.#parts.factBytesMax);
    } catch (reason) {
      throw toStoreError(reason);
    }
  }

  async appendOne(fact: NewFact, context: CallContext): Promise<Appended> {
    const packed = packFacts([this.validate(fact)]);
    const answer = await this.#append(packed, { context, receipts: true });
    const [refusal] = answer.refusals;
    if (refusal) throw new StoreError(refusal.code, refusal.message);
    const index = answer.indexes[0] ?? 0;
    const receipt = answer.receipts?.[0] ?? (await this.#receiptOf(index));
    const existing = answer.existing[0] === 1;
    const cid = asCid(packed.cids.slice());
    return { cid, index, treeSize: answer.head.size, existing, receipt };
  }

  async appendBatch(facts: readonly NewFact[], context: CallContext): Promise<AppendedBatch> {
    requireBatch(facts);
    const results: BatchResult[] = new Array(facts.length);
    const accepted: number[] = [];
    const checked: CheckedFact[] = [];
    facts.forEach((fact, i) => {
      try {
        checked.push(this.validate(fact));
        accepted.push(i);
      } catch (reason) {
        results[i] = { error: toStoreError(reason) };
      }
    });
    const packed = packFacts(checked);
    // The answer needs the content ids after the buffer has been moved.
    const cids = packed.cids.slice();
    const answer = await this.#append(packed, { context, receipts: false });
    accepted.forEach((position, i) => {
      const cid = cids.subarray(i * 32, i * 32 + 32);
      const existing = answer.existing[i] === 1;
      results[position] = { cid, index: answer.indexes[i] ?? 0, existing };
    });
    for (const { position, code, message } of answer.refusals) {
      const cid = cids.subarray(position * 32, position * 32 + 32);
      results[accepted[position] ?? 0] = { cid, error: new StoreError(code, message) };
    }
    return { results, treeSize: answer.head.size, checkpoint: answer.head.note };
  }

  async retract(
    target: { cid: Uint8Array; reason: string },
    context: CallContext,
  ): Promise<Omit<Appended, "cid">> {
    const fact = await this.#parts.reads.get({ cid: target.cid }, { verify: "body" });
    if (fact.state === "redacted") throw ended("FACT_REDACTED", fact.index);
    if (fact.state === "erased") throw ended("SCOPE_ERASED", fact.index);
    const { scope } = parseFact(fact.bytes, { bytesMax: FACT_BYTES_MAX });
    const { cid, reason } = target;
    const body = encodeOrRefuse(() =>
      encodeRetraction({ scope, index: BigInt(fact.index), cid, reason }),
    );
    const kind = ENTRY_KINDS.retraction;
    const answer = await this.appendEntry({ kind, body, scope, ends: fact.index }, context);
    const { index, existing, head } = answer;
    const receipt = answer.receipt ?? (await this.#receiptOf(index));
    return { index, existing, treeSize: head.size, receipt };
  }

  /** Appends one entry of another kind. */
  appendEntry(
    request: Omit<AppendEntryRequest, "evidencePrivate">,
    context: CallContext,
  ): Promise<AppendEntryAnswer> {
    const evidencePrivate = encodeContext(context);
    const { committer } = this.#parts;
    return this.#queued(1, request.body.length, () =>
      committer.call("appendEntry", { ...request, evidencePrivate }),
    );
  }

  #append(
    facts: PackedFacts,
    options: { context: CallContext; receipts: boolean },
  ): Promise<AppendFactsAnswer> {
    const evidencePrivate = encodeContext(options.context);
    const { committer } = this.#parts;
    const request = { facts, evidencePrivate, receipts: options.receipts };
    // The caller of a single fact still needs it for the receipt.
    const moved = options.receipts ? [] : [facts.bytes.buffer as ArrayBuffer];
    return this.#queued(facts.count, facts.bytes.length, () =>
      committer.call("appendFacts", request, moved),
    );
  }

  async #queued<T>(facts: number, bytes: number, call: () => Promise<T>): Promise<T> {
    const isFull =
      this.#queuedFacts > 0 &&
      (this.#queuedFacts + facts > QUEUED_FACTS_MAX ||
        this.#queuedBytes + bytes > QUEUED_BYTES_MAX);
    if (isFull) {
      throw new StoreError("OVERLOADED", "append: too much is queued; try again a little later");
    }
    this.#queuedFacts += facts;
    this.#queuedBytes += bytes;
    try {
      return await call();
    } finally {
      this.#queuedFacts -= facts;
      this.#queuedBytes -= bytes;
    }
  }

  /** Receipt of an entry that was there before. */
  async #receiptOf(index: number): Promise<Uint8Array> {
    const { receipts } = await this.#parts.reads.receipts([{ index }]);
    const [receipt] = receipts;
    if (!receipt) throw new StoreError("NOT_FOUND", `make a receipt: there is no entry ${index}`);
    return encodeReceipt(receipt);
  }
}

function requireBatch(facts: readonly NewFact[]): void {
  if (facts.length === 0) throw new StoreError("INVALID_ARGUMENT", "append batch: it is empty");
  if (facts.length > BATCH_FACTS_MAX) {
    throw new StoreError("LIMIT_EXCEEDED", `append batch: more than ${BATCH_FACTS_MAX} facts`);
  }
  const bytes = facts.reduce((sum, fact) => sum + fact.bytes.length, 0);
  if (bytes > BATCH_BYTES_MAX) {
    throw new StoreError("LIMIT_EXCEEDED", `append batch: more than ${BATCH_BYTES_MAX} bytes`);
  }
}

function encodeContext(context: CallContext): Uint8Array {
  for (const value of [context.principal, context.requestId, context.peer]) {
    if (Buffer.byteLength(value) > CONTEXT_BYTES_MAX) {
      throw new StoreError("LIMIT_EXCEEDED", "append: name, request id or peer is too long");
    }
  }
  return encodeOrRefuse(() => encodeEvidencePrivate({ ...context, salt: takeRandom(16) }));
}

function encodeOrRefuse(encode: () => Uint8Array): Uint8Array {
  try {
    return encode();
  } catch (reason) {
    throw toStoreError(reason);
  }
}

function ended(code: "FACT_REDACTED" | "SCOPE_ERASED", index: number): StoreError {
  return new StoreError(code, `retract fact: entry ${index} holds no fact any more`);
}
