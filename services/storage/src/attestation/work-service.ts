// The attestor's side of the work. The store keeps the rules; here the wire is checked and spoken.
import type { MessageInitShape } from "@bufbuild/protobuf";
import type {
  AttestationLeaseSchema,
  AttestationWorkService,
  CompleteRequest,
  FailRequest,
  LeaseRequest,
  WatchRequest,
} from "@strongroom/proto/strongroom/attestation/v1/attestation_work_service";
import {
  type AttestationLease,
  type FailureClass,
  type Store,
  StoreError,
} from "@strongroom/store";
import type { Call, HandlersOf } from "../grpc/adapter.ts";
import { toTimestamp } from "../requests.ts";
import {
  toAttestationId,
  toAttestationMessage,
  toDurationMs,
  toFailure,
  toTarget,
} from "./messages.ts";

const leaseMsDefault = 60_000;

export interface WorkSettings {
  /** How long nothing is sent on a watch before a sign of life, ms. */
  idleMs: number;
  countFailure(failure: FailureClass): void;
}

export function attestationWorkHandlers(
  store: Store,
  settings: WorkSettings,
): HandlersOf<typeof AttestationWorkService> {
  const { attestations } = store;
  return {
    lease: (request) => lease(store, request),
    watch: (request, call) => watch(store, request, call, settings),
    saveRequest: ({ id, ...saved }) =>
      attestations.saveRequest({ ...saved, id: toAttestationId(id) }),
    complete: (request) => complete(store, request, settings),
    fail: (request) => fail(store, request, settings),
    addCosignature: ({ id, token, cosignatures }) =>
      counting(settings, async () => ({
        attestation: toAttestationMessage(
          await attestations.addCosignatures({ id: toAttestationId(id), token, cosignatures }),
        ),
      })),
  };
}

async function lease(store: Store, request: LeaseRequest) {
  const { targets, worker, limit, ids } = request;
  const { leases, nextDueAtMs } = await store.attestations.lease({
    targets: targets.map(toTarget),
    worker,
    limit,
    durationMs: toDurationMs(request.duration) ?? leaseMsDefault,
    ...(ids.length === 0 ? {} : { ids: ids.map(toAttestationId) }),
  });
  return {
    leases: leases.map(toLeaseMessage),
    now: toTimestamp(Date.now()),
    ...(nextDueAtMs === undefined ? {} : { nextDueAt: toTimestamp(nextDueAtMs) }),
  };
}

function toLeaseMessage(one: AttestationLease): MessageInitShape<typeof AttestationLeaseSchema> {
  const { request, requestLeafHash } = one;
  return {
    id: String(one.id),
    target: one.target,
    token: one.token,
    expiresAt: toTimestamp(one.expiresAtMs),
    attempt: one.attempt,
    treeSize: BigInt(one.treeSize),
    note: one.note,
    ...(request === undefined ? {} : { request }),
    ...(requestLeafHash === undefined ? {} : { requestLeafHash }),
    attestedSize: BigInt(one.attestedSize),
  };
}

async function* watch(store: Store, request: WatchRequest, call: Call, settings: WorkSettings) {
  const { idleMs } = settings;
  const targets = request.targets.map(toTarget);
  for await (const message of store.attestations.watch(targets, { idleMs, signal: call.signal })) {
    yield {
      isCaughtUp: message.isCaughtUp,
      now: toTimestamp(Date.now()),
      due: message.due.map(({ id, target, attempt, dueAtMs }) => ({
        id: String(id),
        target,
        attempt,
        dueAt: toTimestamp(dueAtMs),
      })),
    };
  }
}

function complete(store: Store, request: CompleteRequest, settings: WorkSettings) {
  const { id, token, bundle } = request;
  return counting(settings, async () => {
    const done = { id: toAttestationId(id), token, bundle };
    return { attestation: toAttestationMessage(await store.attestations.complete(done)) };
  });
}

/** An answer that the store itself finds not to hold is a failed attempt as well. */
async function counting<T>(settings: WorkSettings, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const code = error instanceof StoreError ? error.code : undefined;
    if (code === "ATTESTATION_INVALID") settings.countFailure("invalid-answer");
    if (code === "KEY_NOT_REGISTERED") settings.countFailure("permanent");
    throw error;
  }
}

async function fail(store: Store, request: FailRequest, settings: WorkSettings) {
  const { token, message, evidence } = request;
  const failure = toFailure(request.failure);
  const retryAfterMs = toDurationMs(request.retryAfter);
  const attestation = await store.attestations.fail({
    id: toAttestationId(request.id),
    token,
    failure,
    message,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(evidence.length === 0 ? {} : { evidence }),
  });
  settings.countFailure(failure);
  return { attestation: toAttestationMessage(attestation) };
}
