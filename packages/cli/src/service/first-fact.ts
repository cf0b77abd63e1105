// One fact through the front door: appended, receipt verified, and verified once more when the
// witness has seen a checkpoint that covers it. Tells the newcomer that it works.
import { setTimeout as sleep } from "node:timers/promises";
import { timestampNow } from "@bufbuild/protobuf/wkt";
import type { Client } from "@strongroom/client";
import {
  formatCid,
  parseCid,
  parsePolicy,
  type Receipt,
  VerificationError,
  verifyReceipt,
} from "@strongroom/protocol";

export interface FirstFact {
  readonly cid: string;
  readonly index: string;
  readonly treeSize: string;
  readonly proven: readonly string[];
}

const WAIT_MS = 15_000;
const POLL_MS = 200;

export async function appendFirstFact(client: Client): Promise<FirstFact> {
  const appended = await client.append({
    scope: "strongroom/start",
    entity: "strongroom",
    relation: "started",
    value: { case: "datetime", value: timestampNow() },
    source: "strongroom dev",
    assertedAt: timestampNow(),
  });
  return {
    cid: formatCid(appended.cid),
    index: String(appended.index),
    treeSize: String(appended.treeSize),
    proven: appended.proven.proven,
  };
}

/**
 * What its receipt proves under a policy that asks for the witness, with nothing but the two; or
 * undefined if the witness takes longer than a newcomer should wait.
 */
export async function proveWitnessed(
  client: Client,
  { cid, policy }: { readonly cid: string; readonly policy: string },
  signal: AbortSignal,
): Promise<readonly string[] | undefined> {
  const untilMs = performance.now() + WAIT_MS;
  const key = { cid: parseCid(cid) };
  while (performance.now() < untilMs && !signal.aborted) {
    const proven = proveOffline(await client.receipt(key, { attested: true }), policy);
    if (proven !== undefined) return proven;
    await sleep(POLL_MS);
  }
  return undefined;
}

function proveOffline(receipt: Receipt, policy: string): readonly string[] | undefined {
  try {
    return verifyReceipt(receipt, parsePolicy(policy), Date.now()).proven;
  } catch (cause) {
    const isWaiting = cause instanceof VerificationError && cause.code === "WITNESS_REQUIRED";
    if (isWaiting) return undefined;
    throw cause;
  }
}
