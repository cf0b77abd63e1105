// The attestor's side of AttestationWorkService: leases, and what became of them.
import { durationFromMs, timestampMs } from "@bufbuild/protobuf/wkt";
import type {
  Attestation,
  FailureClass,
  TargetKind,
} from "@strongroom/proto/strongroom/attestation/v1/attestation";
import {
  AttestationService,
  type TargetStatus,
} from "@strongroom/proto/strongroom/attestation/v1/attestation_service";
import {
  type AttestationLease,
  AttestationWorkService,
  type DueAttestation,
} from "@strongroom/proto/strongroom/attestation/v1/attestation_work_service";
import { LogService } from "@strongroom/proto/strongroom/log/v1/log_service";
import type { CallOptions, Channel } from "./channel.ts";

export interface WorkTarget {
  readonly name: string;
  readonly kind: TargetKind;
}

export interface WorkLeases {
  readonly leases: readonly AttestationLease[];
  /** By the store's clock when it answered. */
  readonly nowMs: number;
  readonly nextDueAtMs?: number;
}

export interface WorkChanges {
  readonly due: readonly DueAttestation[];
  readonly nowMs: number;
}

/** Which lease a result belongs to. */
export type LeaseKey = Pick<AttestationLease, "id" | "token">;

export interface FailedAttempt {
  readonly failure: FailureClass;
  readonly message: string;
  readonly retryAfterMs?: number;
  readonly evidence?: Uint8Array;
}

/** Calls that need the role attestor. Results count only under the token of the lease in force. */
export class AttestationWork {
  readonly #channel: Channel;

  constructor(channel: Channel) {
    this.#channel = channel;
  }

  async lease(
    request: {
      readonly targets: readonly WorkTarget[];
      readonly worker: string;
      readonly limit: number;
      readonly leaseMs: number;
      readonly ids?: readonly string[];
    },
    options: CallOptions = {},
  ): Promise<WorkLeases> {
    const { targets, worker, limit, leaseMs, ids = [] } = request;
    const wanted = { targets: [...targets], worker, limit, ids: [...ids] };
    const { lease } = AttestationWorkService.method;
    const duration = durationFromMs(leaseMs);
    const answer = await this.#channel.unary(lease, { ...wanted, duration }, options);
    return {
      leases: answer.leases,
      nowMs: answer.now === undefined ? Date.now() : timestampMs(answer.now),
      ...(answer.nextDueAt === undefined ? {} : { nextDueAtMs: timestampMs(answer.nextDueAt) }),
    };
  }

  /** All that is open, then each change; something at least every ten seconds. */
  async *watch(
    targets: readonly WorkTarget[],
    options: CallOptions = {},
  ): AsyncGenerator<WorkChanges, void, undefined> {
    const { watch } = AttestationWorkService.method;
    for await (const { due, now } of this.#channel.serverStream(
      watch,
      { targets: [...targets] },
      options,
    )) {
      yield { due, nowMs: now === undefined ? Date.now() : timestampMs(now) };
    }
  }

  /** Stores the signed request before it is sent; what is returned is to be sent. */
  saveRequest(
    { id, token }: LeaseKey,
    made: { readonly request: Uint8Array; readonly requestLeafHash: Uint8Array },
    options: CallOptions = {},
  ): Promise<{ request: Uint8Array; requestLeafHash: Uint8Array }> {
    const { saveRequest } = AttestationWorkService.method;
    return this.#channel.unary(saveRequest, { id, token, ...made }, options);
  }

  /** `bundle` is empty for a folder. */
  async complete(
    { id, token }: LeaseKey,
    bundle: Uint8Array,
    options: CallOptions = {},
  ): Promise<Attestation | undefined> {
    const { complete } = AttestationWorkService.method;
    return (await this.#channel.unary(complete, { id, token, bundle }, options)).attestation;
  }

  async addCosignatures(
    { id, token }: LeaseKey,
    cosignatures: readonly Uint8Array[],
    options: CallOptions = {},
  ): Promise<Attestation | undefined> {
    const { addCosignature } = AttestationWorkService.method;
    const request = { id, token, cosignatures: [...cosignatures] };
    return (await this.#channel.unary(addCosignature, request, options)).attestation;
  }

  async fail(
    { id, token }: LeaseKey,
    { failure, message, retryAfterMs, evidence }: FailedAttempt,
    options: CallOptions = {},
  ): Promise<Attestation | undefined> {
    const request = {
      ...{ id, token, failure, message },
      ...(retryAfterMs === undefined ? {} : { retryAfter: durationFromMs(retryAfterMs) }),
      ...(evidence === undefined ? {} : { evidence }),
    };
    const { fail } = AttestationWorkService.method;
    return (await this.#channel.unary(fail, request, options)).attestation;
  }

  /**
   * Shows the store a note of its log that was found outside. Throws ROLLBACK_DETECTED or
   * FORK_DETECTED, after which the store signs nothing any more.
   */
  async offerNote(note: Uint8Array, options: CallOptions = {}): Promise<void> {
    await this.#channel.unary(LogService.method.getHead, { pinnedNote: note }, options);
  }

  async targets(options: CallOptions = {}): Promise<readonly TargetStatus[]> {
    const { list } = AttestationService.method;
    return (await this.#channel.unary(list, { pageSize: 1 }, options)).targets;
  }
}
