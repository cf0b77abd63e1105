// One fact in, one verified receipt out.
import { FactService } from "@strongroom/proto/strongroom/fact/v1/fact_service";
import type { Receipt } from "@strongroom/proto/strongroom/receipt/v1/receipt";
import { equalBytes, type ProvenReceipt } from "@strongroom/protocol";
import type { CallOptions, Channel } from "./channel.ts";
import { ClientError } from "./errors.ts";
import { type FactInput, type PrepareOptions, prepareFact } from "./prepare-fact.ts";
import type { Trust } from "./trust.ts";

export interface AppendOptions extends CallOptions, PrepareOptions {
  /** At most 128 bytes; kept in the private evidence. */
  readonly requestId?: string;
  /** Check everything, append nothing. */
  readonly validateOnly?: boolean;
}

export interface Appended {
  readonly cid: Uint8Array;
  readonly index: bigint;
  readonly treeSize: bigint;
  /** Whether the fact was there before this call. */
  readonly existing: boolean;
  readonly receipt: Receipt;
  /** What the receipt proves under the pinned key. */
  readonly proven: ProvenReceipt;
}

export interface Deps {
  readonly channel: Channel;
  readonly trust: Trust;
}

export async function append(
  deps: Deps,
  input: FactInput,
  options: AppendOptions,
): Promise<Appended> {
  deps.trust.requireSound();
  const prepared = prepareFact(input, options);
  const sizeMin = deps.trust.pinnedSize;
  const { requestId = "" } = options;
  const request = { fact: prepared.message, requestId };
  const answer = await deps.channel.unary(FactService.method.append, request, options);
  const { cid, index, treeSize, existing } = answer;
  if (!equalBytes(cid, prepared.cid)) throw otherAnswer("another content id");
  const receipt = requireReceipt(answer.receipt);
  const proven = await deps.trust.verifyReceipt(receipt, sizeMin);
  if (proven.index !== index || proven.cid === undefined || !equalBytes(proven.cid, cid)) {
    throw otherAnswer("the receipt of another entry");
  }
  if (!existing && index < sizeMin) throw otherAnswer("an index inside the pinned log");
  return { cid, index, treeSize, existing, receipt, proven };
}

/** Checks everything that append would, and appends nothing. */
export async function validate(
  deps: Deps,
  input: FactInput,
  options: AppendOptions,
): Promise<Uint8Array> {
  const prepared = prepareFact(input, options);
  const request = {
    fact: prepared.message,
    requestId: options.requestId ?? "",
    validateOnly: true,
  };
  await deps.channel.unary(FactService.method.append, request, options);
  return prepared.cid;
}

export interface RetractOptions extends CallOptions {
  readonly cid: Uint8Array;
  /** At most 1,024 bytes. */
  readonly reason: string;
  readonly requestId?: string;
}

export interface Retracted {
  readonly index: bigint;
  readonly treeSize: bigint;
  /** Whether the fact had been retracted before; the first retraction is the one returned. */
  readonly existing: boolean;
  readonly receipt: Receipt;
  readonly proven: ProvenReceipt;
}

export async function retract(deps: Deps, options: RetractOptions): Promise<Retracted> {
  deps.trust.requireSound();
  const sizeMin = deps.trust.pinnedSize;
  const { cid, reason, requestId = "" } = options;
  const request = { cid, reason, requestId };
  const answer = await deps.channel.unary(FactService.method.retract, request, options);
  const receipt = requireReceipt(answer.receipt);
  const proven = await deps.trust.verifyReceipt(receipt, sizeMin);
  if (proven.index !== answer.index || proven.kind !== "retraction") {
    throw otherAnswer("the receipt of another entry");
  }
  const { index, treeSize, existing } = answer;
  return { index, treeSize, existing, receipt, proven };
}

function requireReceipt(receipt: Receipt | undefined): Receipt {
  if (receipt === undefined) throw otherAnswer("no receipt");
  return receipt;
}

export function otherAnswer(what: string): ClientError {
  return new ClientError("PROTOCOL_VIOLATION", `the server answered with ${what}`, {
    kind: "verification",
  });
}
