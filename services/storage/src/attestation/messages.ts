// Attestations between the wire and the store.
import type { MessageInitShape } from "@bufbuild/protobuf";
import { type Duration, durationMs } from "@bufbuild/protobuf/wkt";
import {
  type AttestationSchema,
  FailureClass as FailureNumber,
  TargetKind as KindNumber,
  AttestationState as StateNumber,
} from "@strongroom/proto/strongroom/attestation/v1/attestation";
import type { Target as TargetMessage } from "@strongroom/proto/strongroom/attestation/v1/attestation_work_service";
import type {
  Attestation,
  AttestationState,
  FailureClass,
  ProvenAttestation,
  Target,
  TargetKind,
} from "@strongroom/store";
import { refuse, toTimestamp } from "../requests.ts";

export const kindNumbers: Readonly<Record<TargetKind, KindNumber>> = {
  rekor: KindNumber.REKOR,
  witness: KindNumber.WITNESS,
  file: KindNumber.FILE,
};
const stateNumbers: Readonly<Record<AttestationState, StateNumber>> = {
  pending: StateNumber.PENDING,
  sent: StateNumber.SENT,
  attested: StateNumber.ATTESTED,
  parked: StateNumber.PARKED,
  superseded: StateNumber.SUPERSEDED,
};
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

export function toAttestationMessage(
  attestation: Attestation | ProvenAttestation,
): MessageInitShape<typeof AttestationSchema> {
  const { id, treeSize, target, kind, state, attempts, createdAtMs, lastError } = attestation;
  const { nextAttemptAtMs, leasedUntilMs, leasedBy, lastFailure } = attestation;
  const { attestedAtMs, logId, logIndex, signedAtMs } = attestation;
  return {
    id: id === 0 ? "" : String(id),
    treeSize: BigInt(treeSize),
    target,
    targetKind: kindNumbers[kind],
    state: stateNumbers[state],
    attempts,
    lastError,
    ...(createdAtMs === 0 ? {} : { createdAt: toTimestamp(createdAtMs) }),
    ...(nextAttemptAtMs === undefined ? {} : { nextAttemptAt: toTimestamp(nextAttemptAtMs) }),
    ...(leasedUntilMs === undefined ? {} : { leasedUntil: toTimestamp(leasedUntilMs) }),
    ...(leasedBy === undefined ? {} : { leasedBy }),
    ...(lastFailure === undefined ? {} : { lastFailure: failureNumbers[lastFailure] }),
    ...(attestedAtMs === undefined ? {} : { attestedAt: toTimestamp(attestedAtMs) }),
    ...(logId === undefined ? {} : { logId, logIndex: BigInt(logIndex ?? 0) }),
    ...(signedAtMs === undefined ? {} : { signedAt: toTimestamp(signedAtMs) }),
    ...("note" in attestation ? proofFields(attestation) : {}),
  };
}

function proofFields({ note, bundle, cosignatures }: ProvenAttestation) {
  return { note, cosignatures, ...(bundle === undefined ? {} : { bundle }) };
}

export function toState(number: StateNumber): AttestationState {
  return nameOf(stateNumbers, number) ?? refuse("check states: no such state");
}

export function toFailure(number: FailureNumber): FailureClass {
  return nameOf(failureNumbers, number) ?? refuse("check failure: no such class");
}

export function toTarget({ name, kind }: TargetMessage): Target {
  return { name, kind: nameOf(kindNumbers, kind) ?? refuse("check targets: no such kind") };
}

export function toAttestationId(id: string): number {
  if (!/^[1-9]\d{0,14}$/.test(id)) refuse("check id: not that of an attestation");
  return Number(id);
}

/** Undefined if unset. */
export function toDurationMs(duration: Duration | undefined): number | undefined {
  if (duration === undefined) return undefined;
  const isSane = duration.seconds >= 0n && duration.seconds <= 31_536_000n && duration.nanos >= 0;
  return isSane ? Math.floor(durationMs(duration)) : refuse("check duration: out of range");
}

function nameOf<Name extends string>(
  numbers: Readonly<Record<Name, number>>,
  number: number,
): Name | undefined {
  return (Object.keys(numbers) as Name[]).find((name) => numbers[name] === number);
}
