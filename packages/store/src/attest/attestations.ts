// The store's attestation half, on the main thread. The state thread owns the work, the commit
// thread keeps proofs in the journal, readers fetch notes; an append waits for none of it.
import {
  type NoteVerifier,
  sha256,
  VerificationError,
  verifyCheckpoint,
} from "@strongroom/protocol";
import type { CommitMethods } from "../commit/commit-request.ts";
import { StoreError } from "../errors.ts";
import type { EventHub } from "../events.ts";
import type { Reads } from "../read/reads.ts";
import type { Integrity } from "../state/integrity.ts";
import type { StateMethods } from "../state/state-thread.ts";
import type { ThreadClient } from "../threads/channel.ts";
import type { EntryKey } from "../types.ts";
import type {
  Attestation,
  AttestationLease,
  AttestationsPage,
  DueAttestation,
  FailedAttempt,
  LeaseRequest,
  ProvenAttestation,
  Target,
  TargetStatus,
} from "./attestation-types.ts";
import * as check from "./check-request.ts";
import { Offering } from "./offering.ts";
import { proveAttestation } from "./prove-attestation.ts";
import type { RegisteredKeys } from "./registered-keys.ts";
import { watchWork } from "./watch-work.ts";
import type { OfferedProof } from "./work-methods.ts";

export interface AttestationsParts {
  state: ThreadClient<StateMethods>;
  committer: ThreadClient<CommitMethods>;
  reads: Reads;
  keys: RegisteredKeys;
  integrity: Integrity;
  events: EventHub;
  /** The log key in force. */
  verifier: NoteVerifier;
  /** Why the store takes no work: it is a standby, or has stopped writing. */
  refusal(): StoreError | undefined;
}

export class Attestations {
  readonly #parts: AttestationsParts;
  readonly #offering: Offering;
  #isHeadConfirmed = false;

  constructor(parts: AttestationsParts) {
    this.#parts = parts;
    this.#offering = new Offering(parts);
  }

  /** Whether an outside record was held against this log since it was opened. */
  get isHeadConfirmed(): boolean {
    return this.#isHeadConfirmed;
  }

  /**
   * Takes the newest note that a worker found outside, once offerPinnedNote() took it without a
   * verdict. It confirms the head if nothing newer is known to be attested.
   */
  async confirmHead(note: Uint8Array): Promise<void> {
    const size = ownSize(note, this.#parts.verifier);
    if (size === undefined || size === 0) return;
    const targets = await this.status();
    const newest = Math.max(0, ...targets.map(({ attestedSize }) => attestedSize));
    this.#isHeadConfirmed ||= size >= newest;
  }

  /** Takes up what the journal has and the work rows do not; called once after opening. */
  async start(): Promise<void> {
    await this.#offering.start();
  }

  /** Leases what is due, and offers the newest stored checkpoint to targets that are new. */
  async lease(
    request: LeaseRequest,
  ): Promise<{ leases: AttestationLease[]; nextDueAtMs?: number }> {
    check.checkLease(request);
    this.#requireWork();
    const newestSize = await this.#offering.newestSize();
    const answer = await this.#parts.state.call("leaseWork", { request, newestSize });
    const leases = answer.leases.map(async (lease) => {
      const { note } = await this.#parts.reads.checkpoint(lease.treeSize);
      return { ...lease, note };
    });
    return { ...answer, leases: await Promise.all(leases) };
  }

  /**
   * First all that is open, then each change; an empty list is a sign of life after `idleMs`
   * without one. Ends when the signal aborts.
   */
  async *watch(
    targets: readonly Target[],
    options: { idleMs: number; signal: AbortSignal },
  ): AsyncGenerator<{ due: DueAttestation[]; isCaughtUp: boolean }, void, undefined> {
    check.checkTargets(targets);
    this.#requireWork();
    const { state, events } = this.#parts;
    const newestSize = await this.#offering.newestSize();
    await state.call("knowTargets", { targets, newestSize });
    yield* watchWork({ state, events, names: targets.map(({ name }) => name) }, options);
  }

  /** Keeps the exact request before it is sent; one that is kept already is given back instead. */
  async saveRequest(saved: {
    id: number;
    token: Uint8Array;
    request: Uint8Array;
    requestLeafHash: Uint8Array;
  }): Promise<{ request: Uint8Array; requestLeafHash: Uint8Array }> {
    check.checkIds([saved.id]);
    check.checkToken(saved.token);
    check.checkSavedRequest(saved);
    this.#requireWork();
    return this.#parts.state.call("saveRequest", saved);
  }

  /**
   * Verifies a bundle and keeps it; for a folder `bundle` is empty and nothing is proven. Throws
   * LEASE_LOST, KEY_NOT_REGISTERED, or ATTESTATION_INVALID once the answer is kept as evidence.
   */
  async complete(done: {
    id: number;
    token: Uint8Array;
    bundle: Uint8Array;
  }): Promise<Attestation> {
    const { bundle, ...lease } = done;
    check.checkBundle(bundle);
    return this.#keep({ ...lease, proof: bundle.length === 0 ? "file" : { bundle } });
  }

  /** Verifies the lines of a witness and keeps them. Throws as complete() does. */
  async addCosignatures(added: {
    id: number;
    token: Uint8Array;
    cosignatures: readonly Uint8Array[];
  }): Promise<Attestation> {
    const { cosignatures, ...lease } = added;
    check.checkCosignatures(cosignatures);
    return this.#keep({ ...lease, proof: { cosignatures } });
  }

  async fail(failed: FailedAttempt): Promise<Attestation> {
    check.checkIds([failed.id]);
    check.checkToken(failed.token);
    check.checkFailed(failed);
    this.#requireWork();
    const attestation = await this.#parts.state.call("failWork", failed);
    if (failed.failure === "invalid-answer" && attestation.state === "parked") {
      const digest = failed.evidence ? sha256(failed.evidence) : new Uint8Array(0);
      await this.#alarm(attestation, digest, failed.message);
    }
    return attestation;
  }

  /** Makes what is parked or waits due now: by ids, or all that is parked of a target. */
  async retry(what: { ids?: readonly number[]; target?: string }): Promise<Attestation[]> {
    const { ids = [], target } = what;
    check.checkIds(ids);
    if (ids.length > 0 === (target !== undefined)) {
      throw new StoreError("INVALID_ARGUMENT", "retry attestations: give ids or a target");
    }
    this.#requireWork();
    return this.#parts.state.call("retryWork", { ids, target });
  }

  /** Newest first. */
  list(page: AttestationsPage): Promise<Attestation[]> {
    return this.#parts.state.call("listWork", page);
  }

  async status(): Promise<TargetStatus[]> {
    return this.#parts.state.call("targetStatus", await this.#offering.newestSize());
  }

  /** One attestation with its note and proof. Throws NOT_FOUND. */
  async get(id: number): Promise<ProvenAttestation> {
    check.checkIds([id]);
    const work = await this.#parts.state.call("getWork", id);
    return proveAttestation(this.#parts, work);
  }

  /** The newest that a transparency log, else a witness, keeps and that covers an entry. */
  async covering(
    key: EntryKey,
    options: { scopes?: readonly string[] } = {},
  ): Promise<ProvenAttestation> {
    const { size, target, kind } = await this.#parts.reads.coveringProof(key, options.scopes);
    const work = await this.#parts.state.call("findWork", { target, size });
    const unknown = { id: 0, attempts: 0, createdAtMs: 0, lastError: "" } as const;
    const forgotten = { ...unknown, treeSize: size, target, kind, state: "attested" } as const;
    return proveAttestation(this.#parts, work ?? forgotten);
  }

  /** Verified by the state thread, kept by the commit thread, then marked as done. */
  async #keep(done: Pick<OfferedProof, "id" | "token" | "proof">): Promise<Attestation> {
    const { state, committer, keys } = this.#parts;
    const { id, token } = done;
    check.checkIds([id]);
    check.checkToken(token);
    this.#requireWork();
    const { treeSize } = await state.call("workUnderLease", { id, token });
    const { note } = await this.#parts.reads.checkpoint(treeSize);
    const judged = await state.call("judgeProof", { ...done, note, keys: keys.inForce() });
    switch (judged.outcome) {
      case "repeated":
        return judged.attestation;
      case "verified":
        await committer.call("appendProofs", judged.rows);
        return state.call("settleWork", { id, token, kept: judged.kept });
      case "no-key":
        throw new StoreError(
          "KEY_NOT_REGISTERED",
          `attestation ${id}: no registered key could verify it; register one, then retry`,
          { metadata: { id: String(id) } },
        );
      case "invalid":
        await this.#alarm(judged.attestation, judged.digest, judged.reason);
        throw new StoreError(
          "ATTESTATION_INVALID",
          `attestation ${id}: the answer does not verify (${judged.reason}); it is kept as evidence`,
          { metadata: { id: String(id) } },
        );
    }
  }

  async #alarm(attestation: Attestation, digest: Uint8Array, reason: string): Promise<void> {
    const { treeSize, target } = attestation;
    await this.#parts.integrity.report({
      index: treeSize - 1,
      cid: new Uint8Array(0),
      verdict: "ATTESTATION_INVALID",
      offeredDigest: digest,
      message: `an answer of target ${target} for the checkpoint of ${treeSize} entries does not verify: ${reason}`,
    });
  }

  #requireWork(): void {
    const refusal = this.#parts.refusal();
    if (refusal) throw refusal;
  }
}

/** Size of a note that our own key signed. */
function ownSize(note: Uint8Array, verifier: NoteVerifier): number | undefined {
  try {
    return Number(verifyCheckpoint(note, [verifier]).size);
  } catch (reason) {
    if (reason instanceof VerificationError) return undefined;
    throw reason;
  }
}
