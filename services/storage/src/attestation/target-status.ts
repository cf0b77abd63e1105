// How the targets do, one by one and all together.
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { TargetStatusSchema } from "@strongroom/proto/strongroom/attestation/v1/attestation_service";
import type { TargetStatus } from "@strongroom/store";
import { kindNumbers } from "./messages.ts";

export function toTargetStatusMessage(
  status: TargetStatus,
): MessageInitShape<typeof TargetStatusSchema> {
  const { name, kind, attestedSize, lag, pending, parked, lastSuccessMs, lastAskedMs } = status;
  return {
    name,
    kind: kindNumbers[kind],
    attestedSize: BigInt(attestedSize),
    lag: BigInt(lag),
    pending: BigInt(pending),
    oldestPendingSeconds: BigInt(oldestSeconds([status])),
    parked: BigInt(parked),
    lastSuccessSeconds: BigInt(Math.floor((lastSuccessMs ?? 0) / 1000)),
    lastAskedSeconds: BigInt(Math.floor(lastAskedMs / 1000)),
  };
}

/** For the status of the whole store. */
export function describeTargets(targets: readonly TargetStatus[]) {
  const sum = (count: (target: TargetStatus) => number): bigint =>
    BigInt(targets.reduce((total, target) => total + count(target), 0));
  const sizes = targets.map(({ attestedSize }) => attestedSize);
  return {
    attestationsPending: sum(({ pending }) => pending),
    oldestPendingSeconds: BigInt(oldestSeconds(targets)),
    attestationsParked: sum(({ parked }) => parked),
    attestedSize: BigInt(sizes.length === 0 ? 0 : Math.min(...sizes)),
  };
}

/** Age of the oldest open attestation; 0 if none is open. */
export function oldestSeconds(targets: readonly TargetStatus[], nowMs = Date.now()): number {
  const oldest = targets.map(({ oldestPendingAtMs }) => oldestPendingAtMs ?? nowMs);
  return Math.max(0, Math.floor((nowMs - Math.min(nowMs, ...oldest)) / 1000));
}
