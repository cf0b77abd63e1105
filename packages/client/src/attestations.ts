// What outside records say of the log, and an operator's hand in it.
import {
  type Attestation,
  AttestationState,
} from "@strongroom/proto/strongroom/attestation/v1/attestation";
import {
  AttestationService,
  type TargetStatus,
} from "@strongroom/proto/strongroom/attestation/v1/attestation_service";
import { otherAnswer } from "./append.ts";
import type { CallOptions, Channel } from "./channel.ts";
import type { FactKey } from "./read.ts";

export const attestationStates = ["pending", "sent", "attested", "parked", "superseded"] as const;
export type AttestationStateName = (typeof attestationStates)[number];

const states = {
  pending: AttestationState.PENDING,
  sent: AttestationState.SENT,
  attested: AttestationState.ATTESTED,
  parked: AttestationState.PARKED,
  superseded: AttestationState.SUPERSEDED,
} as const satisfies Record<AttestationStateName, AttestationState>;

export interface AttestationFilter {
  /** All if absent. */
  readonly states?: readonly AttestationStateName[] | undefined;
  readonly target?: string | undefined;
}

/** Calls of AttestationService; each says in its .proto which role it needs. */
export class Attestations {
  readonly #channel: Channel;

  constructor(channel: Channel) {
    this.#channel = channel;
  }

  /** Newest first; up to `limit`, all by default. */
  async *list(
    options: CallOptions & AttestationFilter & { readonly limit?: number | undefined } = {},
  ): AsyncGenerator<Attestation, void, undefined> {
    const { target = "" } = options;
    const wanted = (options.states ?? []).map((name) => states[name]);
    let left = options.limit ?? Number.POSITIVE_INFINITY;
    let pageToken = "";
    do {
      const request = { pageSize: Math.min(left, 1_000), pageToken, target, states: wanted };
      const page = await this.#channel.unary(AttestationService.method.list, request, options);
      yield* page.attestations;
      left -= page.attestations.length;
      pageToken = page.nextPageToken;
    } while (pageToken !== "" && left > 0);
  }

  /** How each target does that a worker has asked for. */
  async targets(options: CallOptions = {}): Promise<readonly TargetStatus[]> {
    const request = { pageSize: 1 };
    return (await this.#channel.unary(AttestationService.method.list, request, options)).targets;
  }

  /** With note and proof: by id, or the newest one that covers an entry. */
  async get(key: { readonly id: string } | FactKey, options: CallOptions = {}) {
    const request = { key: toGetKey(key) };
    const answer = await this.#channel.unary(AttestationService.method.get, request, options);
    if (answer.attestation === undefined) throw otherAnswer("no attestation");
    return answer.attestation;
  }

  /** Makes them due now: by ids, or all that are parked of a target. Returns them as they are. */
  async retry(
    what: { readonly ids: readonly string[] } | { readonly target: string },
    options: CallOptions = {},
  ): Promise<readonly Attestation[]> {
    const request = "ids" in what ? { ids: [...what.ids] } : { target: what.target };
    const answer = await this.#channel.unary(AttestationService.method.retry, request, options);
    return answer.attestations;
  }
}

function toGetKey(key: { readonly id: string } | FactKey) {
  if ("id" in key) return { case: "id" as const, value: key.id };
  return "cid" in key
    ? { case: "cid" as const, value: key.cid }
    : { case: "index" as const, value: key.index };
}
