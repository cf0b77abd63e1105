// The main path: one leased checkpoint, one attempt at its target, one report to the store.
import { type Client, ClientError } from "@strongroom/client";
import { FailureClass as FailureNumber } from "@strongroom/proto/strongroom/attestation/v1/attestation";
import type { AttestationLease } from "@strongroom/proto/strongroom/attestation/v1/attestation_work_service";
import { parseVkey, verifyCheckpoint } from "@strongroom/protocol";
import { Backoff, type LeasedWork, type Logger } from "@strongroom/runtime";
import type {
  AttestationTarget,
  FailureClass,
  TargetFailure,
  TargetResult,
  TargetWork,
} from "./targets/target.ts";

export interface AttestDeps {
  readonly client: Client;
  readonly target: AttestationTarget;
  readonly logger: Logger;
  /** Told of every attempt that came to an end. */
  readonly onOutcome: (outcome: "attested" | FailureClass) => void;
}

type Lease = LeasedWork<AttestationLease>;

const MESSAGE_BYTES_MAX = 1_024;
const EVIDENCE_BYTES_MAX = 256 * 1024;
const failureNumbers: Readonly<Record<FailureClass, FailureNumber>> = {
  retry: FailureNumber.RETRY,
  pushback: FailureNumber.PUSHBACK,
  "unknown-outcome": FailureNumber.UNKNOWN_OUTCOME,
  permanent: FailureNumber.PERMANENT,
  "server-error": FailureNumber.SERVER_ERROR,
  conflict: FailureNumber.CONFLICT,
  frozen: FailureNumber.FROZEN,
  "invalid-answer": FailureNumber.INVALID_ANSWER,
};

/** Throws when the store cannot be told: the lease runs out, and the work comes again. */
export async function attest(lease: Lease, deps: AttestDeps, signal: AbortSignal): Promise<void> {
  requireOwnNote(lease.payload, deps);
  const result = await attempt(lease, deps, signal);
  // An attempt that was cut short says nothing: what became of it is for the next one to find out.
  if (signal.aborted && result.kind === "failed") throw signal.reason;
  if (result.kind === "failed") await reportFailure(lease, result, deps, signal);
  else await handOver(lease, result, deps, signal);
}

/** Nothing that our log's key did not sign gets the attestor's signature. */
function requireOwnNote({ note }: AttestationLease, { client }: AttestDeps): void {
  verifyCheckpoint(note, client.logKeys.map(parseVkey));
}

async function attempt(lease: Lease, deps: AttestDeps, signal: AbortSignal): Promise<TargetResult> {
  try {
    return await deps.target.attest(workOf(lease, deps, signal), signal);
  } catch (error) {
    if (signal.aborted || isLost(error)) throw error;
    deps.logger.warn({ id: lease.id, err: error }, "attempt failed in a way of ours");
    const message = `attempt failed: ${error instanceof Error ? error.message : "unknown"}`;
    return { kind: "failed", failure: "retry", message };
  }
}

function workOf({ payload }: Lease, { client }: AttestDeps, signal: AbortSignal): TargetWork {
  const { note, treeSize, attempt, request, requestLeafHash, attestedSize } = payload;
  return {
    ...{ note, treeSize, attempt, attestedSize },
    ...(request.length > 0 && { stored: { request, leafHash: requestLeafHash } }),
    saveRequest: async (made) => {
      const wanted = { request: made.request, requestLeafHash: made.leafHash };
      const kept = await client.attestationWork.saveRequest(payload, wanted, { signal });
      return { request: kept.request, leafHash: kept.requestLeafHash };
    },
    consistencyProof: async (fromSize) => {
      const { proof } = await client.consistencyProof({ fromSize, toSize: treeSize }, { signal });
      return proof;
    },
  };
}

async function reportFailure(
  lease: Lease,
  result: TargetFailure,
  { client, logger, onOutcome }: AttestDeps,
  signal: AbortSignal,
): Promise<void> {
  const { id, attempt } = lease;
  const { failure, retryAfterMs, evidence } = result;
  const message = truncate(result.message);
  const isGrave = failure === "invalid-answer" || failure === "frozen" || failure === "permanent";
  logger[isGrave ? "error" : "warn"]({ id, attempt, failure, said: message }, "attempt failed");
  onOutcome(failure);
  await untilHeard(signal, () =>
    client.attestationWork.fail(lease.payload, {
      ...{ failure: failureNumbers[failure], message },
      ...(retryAfterMs !== undefined && { retryAfterMs: Math.round(retryAfterMs) }),
      ...(evidence && { evidence: evidence.subarray(0, EVIDENCE_BYTES_MAX) }),
    }),
  );
}

async function handOver(
  lease: Lease,
  { bundle, cosignatures }: Extract<TargetResult, { kind: "attested" }>,
  { client, logger, onOutcome }: AttestDeps,
  signal: AbortSignal,
): Promise<void> {
  const { id, attempt, payload } = lease;
  const work = client.attestationWork;
  try {
    await untilHeard(signal, () =>
      cosignatures === undefined
        ? work.complete(payload, bundle ?? new Uint8Array())
        : work.addCosignatures(payload, cosignatures),
    );
    logger.info({ id, attempt, size: payload.treeSize }, "attested");
    onOutcome("attested");
  } catch (error) {
    // The store has kept the answer as evidence, or waits for the operator to register our key.
    if (codeOf(error) === "ATTESTATION_INVALID") onOutcome("invalid-answer");
    if (codeOf(error) === "KEY_NOT_REGISTERED") onOutcome("permanent");
    throw error;
  }
}

/** A result is told again while the store is away: under one token it counts once. */
async function untilHeard(signal: AbortSignal, tell: () => Promise<unknown>): Promise<void> {
  const away = new Backoff({ firstMs: 100, maxMs: 5_000 });
  for (;;) {
    try {
      await tell();
      return;
    } catch (error) {
      const isAway = error instanceof ClientError && error.kind === "unavailable";
      if (!isAway || signal.aborted) throw error;
      await away.wait(signal);
    }
  }
}

function isLost(error: unknown): boolean {
  return codeOf(error) === "LEASE_LOST";
}

function codeOf(error: unknown): string | undefined {
  return error instanceof ClientError ? error.code : undefined;
}

function truncate(message: string): string {
  const bytes = Buffer.from(message, "utf8");
  return bytes.length <= MESSAGE_BYTES_MAX ? message : bytes.toString("utf8", 0, 1_000);
}
