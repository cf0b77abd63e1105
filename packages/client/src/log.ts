// Heads, proofs, receipts, entries and the verification of the whole store.
import {
  type Entry,
  type Finding,
  type GetInclusionProofResponse,
  LogService,
  type Checkpoint as StoredCheckpoint,
  type VerifyProgress,
  type VerifySummary,
} from "@strongroom/proto/strongroom/log/v1/log_service";
import type { Receipt } from "@strongroom/proto/strongroom/receipt/v1/receipt";
import {
  equalBytes,
  type ProvenReceipt,
  parseLeaf,
  verifyConsistency,
  verifyInclusion,
} from "@strongroom/protocol";
import { type Deps, otherAnswer } from "./append.ts";
import type { CallOptions } from "./channel.ts";
import { toAnswerError, toClientError } from "./errors.ts";
import type { FactKey } from "./read.ts";
import { backoffMs, pause } from "./retry.ts";

export interface ReceiptsOptions extends CallOptions {
  /** Ask for the private evidence; auditors only. */
  readonly privateEvidence?: boolean;
  /** Also ask for anchors under checkpoints that outside records name, where there are any. */
  readonly attested?: boolean;
  /** Skip the check under the pinned key, for a caller who checks under a policy of their own. */
  readonly unverified?: boolean;
}

const RECEIPT_KEYS_MAX = 1_000;

/** One verified receipt per key, in order; asks again when an answer is full. */
export async function* receipts(
  deps: Deps,
  keys: readonly FactKey[],
  options: ReceiptsOptions,
): AsyncGenerator<Receipt, void, undefined> {
  let done = 0;
  while (done < keys.length) {
    deps.trust.requireSound();
    const wanted = keys.slice(done, done + RECEIPT_KEYS_MAX);
    const request = {
      keys: wanted.map(receiptKey),
      privateEvidence: options.privateEvidence ?? false,
      attested: options.attested ?? false,
    };
    const sizeMin = deps.trust.pinnedSize;
    const answer = await deps.channel.unary(LogService.method.getReceipts, request, options);
    if (answer.receipts.length === 0) throw otherAnswer("no receipts");
    for (const [i, receipt] of answer.receipts.entries()) {
      if (!options.unverified) {
        requireKey(await deps.trust.verifyReceipt(receipt, sizeMin), wanted[i]);
      }
      yield receipt;
    }
    done += answer.receipts.length;
  }
}

/** A proof that one entry is under the signed tree of `treeSize` (the present head if absent). */
export async function inclusionProof(
  deps: Deps,
  key: { readonly index: bigint; readonly treeSize?: bigint },
  options: CallOptions,
): Promise<GetInclusionProofResponse> {
  const request = { index: key.index, treeSize: key.treeSize ?? 0n };
  const answer = await deps.channel.unary(LogService.method.getInclusionProof, request, options);
  const { leafHash, treeSize: size, proof, root } = answer;
  try {
    verifyInclusion({ leafHash: leafHash as never, index: key.index, size, proof, root });
  } catch (cause) {
    throw toAnswerError(cause);
  }
  return answer;
}

export interface ConsistencyProof {
  readonly fromSize: bigint;
  readonly fromRoot: Uint8Array;
  readonly toSize: bigint;
  readonly toRoot: Uint8Array;
  readonly proof: readonly Uint8Array[];
}

/** Proves that the tree of `fromSize` is a prefix of that of `toSize` (the present head). */
export async function consistencyProof(
  deps: Deps,
  sizes: { readonly fromSize: bigint; readonly toSize?: bigint },
  options: CallOptions,
): Promise<ConsistencyProof> {
  const request = { fromSize: sizes.fromSize, toSize: sizes.toSize ?? 0n };
  const answer = await deps.channel.unary(LogService.method.getConsistencyProof, request, options);
  const { fromSize, toSize, proof } = answer;
  const fromRoot = await rootAt(deps, fromSize, options);
  const toRoot = await rootAt(deps, toSize, options);
  try {
    verifyConsistency({ fromSize, fromRoot, toSize, toRoot, proof });
  } catch (cause) {
    throw toAnswerError(cause);
  }
  return { fromSize, fromRoot, toSize, toRoot, proof };
}

export interface ReadEntriesOptions {
  readonly fromIndex?: bigint;
  /** One past the last; the present head's size if absent. */
  readonly untilIndex?: bigint;
  readonly bodies?: boolean;
  readonly privateEvidence?: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** Entries in order; resumes after breaks. Each leaf names its own index. */
export async function* readEntries(
  deps: Deps,
  options: ReadEntriesOptions,
): AsyncGenerator<Entry, void, undefined> {
  let fromIndex = options.fromIndex ?? 0n;
  const untilIndex = options.untilIndex ?? 0n;
  const { bodies = false, privateEvidence = false } = options;
  for (let failures = 0; ; ) {
    deps.trust.requireSound();
    try {
      const request = { fromIndex, untilIndex, bodies, privateEvidence };
      const stream = deps.channel.serverStream(LogService.method.readEntries, request, {
        signal: options.signal,
      });
      for await (const { entries } of stream) {
        failures = 0;
        for (const entry of entries) {
          if (entry.index < fromIndex || parseLeaf(entry.leaf).index !== entry.index) {
            throw otherAnswer("an entry out of place");
          }
          fromIndex = entry.index + 1n;
          yield entry;
        }
      }
      return;
    } catch (cause) {
      const error = toClientError(cause);
      if (!error.retryable || ++failures >= 6) throw error;
      await pause(backoffMs(failures), options.signal);
    }
  }
}

export interface VerifyOptions {
  readonly fromIndex?: bigint;
  readonly onProgress?: (progress: VerifyProgress) => void;
  readonly onFinding?: (finding: Finding) => void;
  readonly signal?: AbortSignal | undefined;
}

/** Lets the server recompute the whole store; its root must be the one it signed for that size. */
export async function verifyStore(deps: Deps, options: VerifyOptions): Promise<VerifySummary> {
  const request = { fromIndex: options.fromIndex ?? 0n };
  const stream = deps.channel.serverStream(LogService.method.verify, request, {
    signal: options.signal,
  });
  let summary: VerifySummary | undefined;
  for await (const { event } of stream) {
    if (event.case === "progress") options.onProgress?.(event.value);
    if (event.case === "finding") options.onFinding?.(event.value);
    if (event.case === "summary") summary = event.value;
  }
  if (summary === undefined) throw otherAnswer("no summary");
  if (summary.verdict === "verified") await requireSigned(deps, summary);
  return summary;
}

/** The recomputed root must be a prefix of the head that the log signs now. */
async function requireSigned(deps: Deps, { treeSize, root }: VerifySummary): Promise<void> {
  const head = await deps.trust.confirmHead();
  const sizes = { fromSize: treeSize, toSize: head.size };
  const method = LogService.method.getConsistencyProof;
  const { proof } =
    treeSize === head.size ? { proof: [] } : await deps.channel.unary(method, sizes, {});
  try {
    verifyConsistency({ ...sizes, fromRoot: root, toRoot: head.root, proof });
  } catch (cause) {
    throw toAnswerError(cause);
  }
}

/** Stored checkpoints, newest first. */
export async function* listCheckpoints(
  deps: Deps,
  options: CallOptions & { readonly limit?: number },
): AsyncGenerator<StoredCheckpoint, void, undefined> {
  let left = options.limit ?? Number.POSITIVE_INFINITY;
  let pageToken = "";
  do {
    const pageSize = Math.min(left, 1_000);
    const request = { pageSize, pageToken };
    const page = await deps.channel.unary(LogService.method.listCheckpoints, request, options);
    yield* page.checkpoints;
    left -= page.checkpoints.length;
    pageToken = page.nextPageToken;
  } while (pageToken !== "" && left > 0);
}

async function rootAt(deps: Deps, size: bigint, options: CallOptions): Promise<Uint8Array> {
  return (await inclusionProof(deps, { index: size - 1n, treeSize: size }, options)).root;
}

function receiptKey(key: FactKey) {
  return "cid" in key
    ? { key: { case: "cid" as const, value: key.cid } }
    : { key: { case: "index" as const, value: key.index } };
}

function requireKey(proven: ProvenReceipt, key: FactKey | undefined): void {
  if (key === undefined) throw otherAnswer("more receipts than were asked for");
  const same =
    "cid" in key
      ? proven.cid !== undefined && equalBytes(proven.cid, key.cid)
      : proven.index === key.index;
  if (!same) throw otherAnswer("the receipt of another entry");
}
