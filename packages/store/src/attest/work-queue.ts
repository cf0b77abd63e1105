// The rules of the work on attestations. The rows are the truth: a result counts only under the
// token of the lease in force, so that a late worker changes nothing; what was never sent gives
// way to a newer checkpoint; and a target that fails is left alone for longer and longer, whatever
// checkpoint it is asked for. Runs in the state thread, in one transaction per call.
import { randomBytes } from "node:crypto";
import type { SqliteAttestationWork, WorkRow } from "../engine/sqlite/attestation-work.ts";
import { StoreError } from "../errors.ts";
import type {
  Attestation,
  AttestationLease,
  AttestationsPage,
  DueAttestation,
  FailedAttempt,
  LeaseRequest,
  Target,
  TargetStatus,
} from "./attestation-types.ts";
import { FailedWork } from "./failed-work.ts";
import { OfferedWork, type WorkSettings } from "./offered-work.ts";
import { type OpenWork, ReadyWork } from "./ready-work.ts";
import {
  attested,
  describeWork,
  interleave,
  isLeased,
  isToken,
  type KeptProof,
  succeeded,
} from "./work-row.ts";

export interface WorkQueueParts {
  rows: SqliteAttestationWork;
  settings: WorkSettings;
  now(): number;
  /** In [0, 1). */
  random(): number;
  /** What became due or will be, after each change. */
  onDue(due: DueAttestation[]): void;
}

/** A lease without the note, which the journal has. */
export type LeasedWork = Omit<AttestationLease, "note">;

const NO_BYTES = new Uint8Array(0);

export class WorkQueue {
  readonly #parts: WorkQueueParts;
  readonly #rows: SqliteAttestationWork;
  readonly #offers: OfferedWork;
  readonly #ready: ReadyWork;
  readonly #failures: FailedWork;
  #lastMs: number;

  constructor(parts: WorkQueueParts) {
    this.#parts = parts;
    this.#rows = parts.rows;
    this.#offers = new OfferedWork(parts.rows, parts.settings);
    this.#ready = new ReadyWork(parts.rows, parts.settings, this.#offers);
    this.#failures = new FailedWork(parts, this.#offers);
    this.#lastMs = parts.now();
    this.#rows.rewind(this.#lastMs);
  }

  /** Offers stored checkpoints, ascending, to every target that is known. */
  offer(sizes: readonly number[]): void {
    this.#change((nowMs, touched) => {
      for (const target of this.#rows.targets()) {
        for (const row of this.#offers.offerTo(target, sizes, nowMs)) touched.push(row);
      }
    });
  }

  /** Makes targets known, and offers them the newest stored checkpoint. */
  know(targets: readonly Target[], newestSize: number): void {
    this.#change((nowMs, touched) => {
      for (const target of targets) touched.push(...this.#offers.know(target, newestSize, nowMs));
    });
  }

  lease(request: LeaseRequest, newestSize: number): { leases: LeasedWork[]; nextDueAtMs?: number } {
    return this.#change((nowMs, touched) => {
      for (const target of request.targets)
        touched.push(...this.#offers.know(target, newestSize, nowMs));
      const ready = request.targets.map(({ name }) => this.#ready.ready(name, request, nowMs));
      const taken = interleave(ready).slice(0, request.limit);
      const leases = taken.map((row) => this.#take(row, request, nowMs));
      touched.push(...taken);
      if (leases.length === request.limit) return { leases, nextDueAtMs: nowMs };
      const next = request.targets.map(({ name }) => this.#ready.nextDueMs(name, nowMs));
      const nextDueAtMs = Math.min(...next.map((due) => due ?? Number.POSITIVE_INFINITY));
      return { leases, ...(Number.isFinite(nextDueAtMs) ? { nextDueAtMs } : {}) };
    });
  }

  /** The work under a lease in force. Throws LEASE_LOST, NOT_FOUND. */
  leased(id: number, token: Uint8Array): Attestation {
    return this.#describe(this.#requireLease(this.#require(id), token, this.#now()));
  }

  /** The outcome of an attempt that this token ended, so that its result may be repeated. */
  ended(id: number, token: Uint8Array): Attestation | undefined {
    const row = this.#require(id);
    return isToken(row.done_token, token) ? this.#describe(row) : undefined;
  }

  /** Keeps the request before it is sent. One that is kept already is given back instead. */
  saveRequest(saved: {
    id: number;
    token: Uint8Array;
    request: Uint8Array;
    requestLeafHash: Uint8Array;
  }): { request: Uint8Array; requestLeafHash: Uint8Array } {
    return this.#change((nowMs, touched) => {
      const row = this.#requireLease(this.#require(saved.id), saved.token, nowMs);
      if (row.request) {
        return { request: row.request, requestLeafHash: row.request_leaf_hash ?? NO_BYTES };
      }
      const { request, requestLeafHash } = saved;
      this.#rows.update({ ...row, state: "sent", request, request_leaf_hash: requestLeafHash });
      touched.push(row);
      return { request, requestLeafHash };
    });
  }

  fail(failed: FailedAttempt & { digest?: Uint8Array }): Attestation {
    return this.#change((nowMs, touched) => {
      const row = this.#require(failed.id);
      if (isToken(row.done_token, failed.token)) return this.#describe(row);
      const target = this.#offers.requireTarget(row.target);
      this.#requireLease(row, failed.token, nowMs);
      const next = this.#failures.failRow(row, target, failed, nowMs);
      this.#rows.update(next);
      this.#failures.keepEvidence(failed, nowMs);
      if (next.state === "pending") this.#offers.supersede(target, nowMs);
      touched.push(next);
      return this.#describe(this.#require(row.id));
    });
  }

  /** The proof is in the journal: whoever holds the lease by now, the work is done. */
  settle(id: number, proof: { token: Uint8Array; kept: KeptProof }): Attestation {
    return this.#change((nowMs, touched) => {
      const row = this.#require(id);
      const next = attested(row, proof.kept, proof.token);
      this.#rows.update(next);
      const target = this.#offers.requireTarget(row.target);
      this.#rows.updateTarget(succeeded(target, proof.kept, nowMs));
      this.#offers.supersede(target, nowMs);
      this.#offers.prune(row.target);
      touched.push(next);
      return this.#describe(next);
    });
  }

  /** Takes over what the journal has and these rows do not: after a crash, or when they are new. */
  adopt(proofs: readonly KeptProof[]): void {
    this.#change((nowMs) => {
      for (const proof of proofs) this.#adopt(proof, nowMs);
      for (const name of new Set(proofs.map(({ target }) => target.name))) this.#offers.prune(name);
    });
  }

  /** Makes what is parked or waits due now; what is over stays as it is. */
  retry(what: { ids: readonly number[]; target: string | undefined }): Attestation[] {
    return this.#change((nowMs, touched) => {
      const parked = what.target === undefined ? [] : this.#failures.parkedOf(what.target);
      const rows = [...what.ids.map((id) => this.#require(id)), ...parked];
      return rows.map((row) => {
        const next = this.#failures.retryRow(row, nowMs);
        touched.push(next);
        return this.#describe(next);
      });
    });
  }

  get(id: number): Attestation {
    return this.#describe(this.#require(id));
  }

  find(target: string, size: number): Attestation | undefined {
    const row = this.#rows.rowOf(target, size);
    return row && this.#describe(row);
  }

  list(page: AttestationsPage): Attestation[] {
    const { below = Number.MAX_SAFE_INTEGER, limit, states = [], target } = page;
    const rows = this.#rows.list({ below, limit, states, target });
    return rows.map((row) => this.#describe(row));
  }

  status(newestSize: number): TargetStatus[] {
    return this.#rows.targets().map((target) => {
      const { count, oldest } = this.#rows.count(target.name, ["pending", "sent"]);
      return {
        name: target.name,
        kind: target.kind,
        attestedSize: target.attested_size,
        lag: Math.max(newestSize - target.attested_size, 0),
        pending: count,
        ...(oldest === undefined ? {} : { oldestPendingAtMs: oldest }),
        parked: this.#rows.count(target.name, ["parked"]).count,
        ...(target.last_success_ms === 0 ? {} : { lastSuccessMs: target.last_success_ms }),
        lastAskedMs: target.asked_at_ms,
      };
    });
  }

  /** Newest checkpoint that every known target was offered; undefined if none is known. */
  offeredSize(): number | undefined {
    const sizes = this.#rows.targets().map(({ name }) => this.#rows.newestSize(name));
    return sizes.length === 0 ? undefined : Math.min(...sizes);
  }

  /** What is open of one target, in order of size, from after a size on. */
  open(name: string, range: { after: number; limit: number }): OpenWork[] {
    return this.#ready.open(name, { ...range, nowMs: this.#now() });
  }

  #take(row: WorkRow, request: LeaseRequest, nowMs: number): LeasedWork {
    const token = new Uint8Array(randomBytes(16));
    const leased = {
      ...row,
      attempts: row.attempts + 1,
      lease_token: token,
      leased_at_ms: nowMs,
      leased_until_ms: nowMs + request.durationMs,
      worker: request.worker,
    };
    this.#rows.update(leased);
    return {
      id: row.id,
      target: row.target,
      token,
      expiresAtMs: leased.leased_until_ms,
      attempt: leased.attempts,
      treeSize: row.size,
      ...(row.request ? { request: row.request } : {}),
      ...(row.request_leaf_hash ? { requestLeafHash: row.request_leaf_hash } : {}),
      attestedSize: this.#offers.requireTarget(row.target).attested_size,
    };
  }

  #adopt(proof: KeptProof, nowMs: number): void {
    const { target, size } = proof;
    if (!this.#rows.target(target.name)) this.#offers.insertTarget(target, 0);
    const known = this.#rows.rowOf(target.name, size);
    const id = known?.id ?? this.#rows.insert({ target, size, nowMs: proof.attestedAtMs });
    const row = known ?? this.#require(id);
    if (row.state !== "attested") this.#rows.update(attested(row, proof, row.done_token));
    const now = this.#offers.requireTarget(target.name);
    const { attestedAtMs } = proof;
    if (size <= now.attested_size) return;
    this.#rows.updateTarget(succeeded(now, proof, Math.min(attestedAtMs, nowMs)));
  }

  #requireLease(row: WorkRow, token: Uint8Array, nowMs: number): WorkRow {
    if (isToken(row.lease_token, token) && isLeased(row, nowMs)) return row;
    throw new StoreError(
      "LEASE_LOST",
      `attestation ${row.id}: the lease ran out or is another's; its result changes nothing`,
      { metadata: { id: String(row.id) } },
    );
  }

  #require(id: number): WorkRow {
    const row = this.#rows.row(id);
    if (row) return row;
    throw new StoreError("NOT_FOUND", `attestation ${id}: there is none of that id`);
  }

  #describe(row: WorkRow): Attestation {
    return describeWork(row, this.#offers.requireTarget(row.target), this.#now());
  }

  /** One transaction, and afterwards word of what is due now. */
  #change<T>(work: (nowMs: number, touched: WorkRow[]) => T): T {
    const touched: WorkRow[] = [];
    const nowMs = this.#now();
    const result = this.#rows.transaction(() => work(nowMs, touched));
    const due = this.#ready.dueAfter(touched, nowMs);
    if (due.length > 0) this.#parts.onDue(due);
    return result;
  }

  /** A clock that was put back must not make anything wait for the time it had shown. */
  #now(): number {
    const nowMs = this.#parts.now();
    if (nowMs < this.#lastMs) this.#rows.rewind(nowMs);
    this.#lastMs = nowMs;
    return nowMs;
  }
}
