// The client as callers see it: one method per thing to do, each in its own file.
import type {
  Entry,
  GetInclusionProofResponse,
  GetVerifierKeysResponse,
  Checkpoint as StoredCheckpoint,
  VerifySummary,
} from "@strongroom/proto/strongroom/log/v1/log_service";
import { LogService } from "@strongroom/proto/strongroom/log/v1/log_service";
import type { Receipt } from "@strongroom/proto/strongroom/receipt/v1/receipt";
import type { Checkpoint, ProvenReceipt } from "@strongroom/protocol";
import { Admin } from "./admin.ts";
import {
  type Appended,
  type AppendOptions,
  append,
  type Deps,
  otherAnswer,
  type Retracted,
  type RetractOptions,
  retract,
  validate,
} from "./append.ts";
import { type AppendManyOptions, type AppendOutcome, appendMany } from "./append-many.ts";
import { AttestationWork } from "./attestation-work.ts";
import { Attestations } from "./attestations.ts";
import type { FactSource } from "./batch-reader.ts";
import type { CallOptions, Channel } from "./channel.ts";
import { ClientError, toAnswerError, toClientError } from "./errors.ts";
import {
  type ConsistencyProof,
  consistencyProof,
  inclusionProof,
  listCheckpoints,
  type ReadEntriesOptions,
  type ReceiptsOptions,
  readEntries,
  receipts,
  type VerifyOptions,
  verifyStore,
} from "./log.ts";
import type { FactInput } from "./prepare-fact.ts";
import {
  batchGet,
  type FactKey,
  get,
  type QueryOptions,
  query,
  type ReadOptions,
  type SearchHit,
  type SearchOptions,
  search,
} from "./read.ts";
import type { ReadFact } from "./read-fact.ts";
import type { Trust } from "./trust.ts";
import { type VerifyReceiptOptions, verifyReceipt } from "./verify-receipt.ts";
import { type WatchEvent, type WatchOptions, watch } from "./watch.ts";

export interface Head extends Checkpoint {
  /** The signed note, byte for byte. */
  readonly note: Uint8Array;
}

/** Every method throws ClientError and nothing else. Made by `connect`; close it. */
export class Client {
  readonly admin: Admin;
  readonly attestationWork: AttestationWork;
  readonly attestations: Attestations;
  readonly #deps: Deps;

  constructor(channel: Channel, trust: Trust) {
    this.#deps = { channel, trust };
    this.admin = new Admin(channel);
    this.attestationWork = new AttestationWork(channel);
    this.attestations = new Attestations(channel);
  }

  /** Origin of the log that this client is pinned to. */
  get origin(): string {
    return this.#deps.trust.origin;
  }

  /** Verifier key lines that this client trusts for the log. */
  get logKeys(): readonly string[] {
    return this.#deps.trust.logKeys;
  }

  /** Appends a fact and returns its verified receipt. Safe to call again after a failure. */
  append(fact: FactInput, options: AppendOptions = {}): Promise<Appended> {
    return failing(() => append(this.#deps, fact, options));
  }

  /** Checks everything that append would check, and returns the content id. */
  validate(fact: FactInput, options: AppendOptions = {}): Promise<Uint8Array> {
    return failing(() => validate(this.#deps, fact, options));
  }

  /** Appends any number of facts with back-pressure; one outcome each, in order. */
  appendMany(
    facts: FactSource,
    options: AppendManyOptions = {},
  ): AsyncGenerator<AppendOutcome, void, undefined> {
    return failingEach(appendMany(this.#deps, facts, options));
  }

  retract(options: RetractOptions): Promise<Retracted> {
    return failing(() => retract(this.#deps, options));
  }

  get(key: FactKey, options: ReadOptions = {}): Promise<ReadFact> {
    return failing(() => get(this.#deps, key, options));
  }

  batchGet(
    cids: readonly Uint8Array[],
    options: ReadOptions = {},
  ): Promise<(ReadFact | ClientError)[]> {
    return failing(() => batchGet(this.#deps, cids, options));
  }

  query(options: QueryOptions): AsyncGenerator<ReadFact, void, undefined> {
    return failingEach(query(this.#deps, options));
  }

  search(options: SearchOptions): AsyncGenerator<SearchHit, void, undefined> {
    return failingEach(search(this.#deps, options));
  }

  watch(options: WatchOptions = {}): AsyncGenerator<WatchEvent, void, undefined> {
    return failingEach(watch(this.#deps, options));
  }

  /** The present head, proven to extend the pinned note and pinned in its place. */
  head(): Promise<Head> {
    return failing(() => this.#deps.trust.confirmHead());
  }

  async receipt(key: FactKey, options: ReceiptsOptions = {}): Promise<Receipt> {
    for await (const receipt of this.receipts([key], options)) return receipt;
    throw otherAnswer("no receipt");
  }

  receipts(
    keys: readonly FactKey[],
    options: ReceiptsOptions = {},
  ): AsyncGenerator<Receipt, void, undefined> {
    return failingEach(receipts(this.#deps, keys, options));
  }

  /** Verifies a receipt of this log under the pinned key, and under a policy if one is given. */
  verifyReceipt(receipt: Receipt, options: VerifyReceiptOptions = {}): Promise<ProvenReceipt> {
    return failing(() => verifyReceipt(this.#deps.trust, receipt, options));
  }

  inclusionProof(
    key: { readonly index: bigint; readonly treeSize?: bigint },
    options: CallOptions = {},
  ): Promise<GetInclusionProofResponse> {
    return failing(() => inclusionProof(this.#deps, key, options));
  }

  consistencyProof(
    sizes: { readonly fromSize: bigint; readonly toSize?: bigint },
    options: CallOptions = {},
  ): Promise<ConsistencyProof> {
    return failing(() => consistencyProof(this.#deps, sizes, options));
  }

  async checkpoint(treeSize = 0n, options: CallOptions = {}): Promise<StoredCheckpoint> {
    const method = LogService.method.getCheckpoint;
    const { checkpoint } = await this.#deps.channel.unary(method, { treeSize }, options);
    if (checkpoint === undefined) throw otherAnswer("no checkpoint");
    await failing(() => this.#deps.trust.observe(checkpoint.note, 0n));
    return checkpoint;
  }

  checkpoints(
    options: CallOptions & { readonly limit?: number } = {},
  ): AsyncGenerator<StoredCheckpoint, void, undefined> {
    return failingEach(listCheckpoints(this.#deps, options));
  }

  /** What the server says its keys are; compare with `logKeys`, which are the trusted ones. */
  verifierKeys(options: CallOptions = {}): Promise<GetVerifierKeysResponse> {
    return this.#deps.channel.unary(LogService.method.getVerifierKeys, {}, options);
  }

  entries(options: ReadEntriesOptions = {}): AsyncGenerator<Entry, void, undefined> {
    return failingEach(readEntries(this.#deps, options));
  }

  verify(options: VerifyOptions = {}): Promise<VerifySummary> {
    return failing(() => verifyStore(this.#deps, options));
  }

  /** Pins the newest note seen, if the server can still prove it, and closes the connection. */
  async close(): Promise<void> {
    try {
      await this.#deps.trust.settle();
    } catch (cause) {
      const error = toClientError(cause);
      // Not being able to pin further is no failure of what was done; a verdict is.
      if (error.kind === "verification") throw error;
    } finally {
      this.#deps.channel.close();
    }
  }
}

async function failing<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw toClientError(cause);
  }
}

async function* failingEach<T>(items: AsyncGenerator<T, void, undefined>) {
  try {
    yield* items;
  } catch (cause) {
    throw cause instanceof ClientError ? cause : toAnswerError(cause);
  }
}
