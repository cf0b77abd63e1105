// A work row: as the outside sees it, and what becomes of it.

import { equalBytes } from "@strongroom/protocol";
import type { TargetRow, WorkRow } from "../engine/sqlite/attestation-work.ts";
import type { Attestation, DueAttestation, Target } from "./attestation-types.ts";

/** What the journal keeps of a completed attestation. */
export interface KeptProof {
  target: Target;
  size: number;
  attestedAtMs: number;
  logId?: string | undefined;
  logIndex?: number | undefined;
  signedAtMs?: number | undefined;
}

export function describeWork(row: WorkRow, target: TargetRow, nowMs: number): Attestation {
  const isOpen = row.state === "pending" || row.state === "sent";
  const until = row.lease_token === null ? 0 : (row.leased_until_ms ?? 0);
  return {
    id: row.id,
    treeSize: row.size,
    target: row.target,
    kind: row.kind,
    state: row.state,
    attempts: row.attempts,
    createdAtMs: row.created_at_ms,
    ...(isOpen ? { nextAttemptAtMs: nextAttemptMs(row, target) } : {}),
    ...(isOpen && until > nowMs ? { leasedUntilMs: until, leasedBy: row.worker } : {}),
    ...(row.failure === null ? {} : { lastFailure: row.failure }),
    lastError: row.error,
    ...(row.attested_at_ms === null ? {} : { attestedAtMs: row.attested_at_ms }),
    ...(row.log_id ? { logId: row.log_id, logIndex: row.log_index ?? 0 } : {}),
    ...(row.signed_at_ms === null ? {} : { signedAtMs: row.signed_at_ms }),
  };
}

/** When it may be leased: once it is due, free, and its target is not left alone. */
export function nextAttemptMs(row: WorkRow, target: TargetRow): number {
  const free = row.lease_token === null ? 0 : (row.leased_until_ms ?? 0);
  const patience = row.failure === "conflict" ? 0 : target.not_before_ms;
  return Math.max(row.due_at_ms, free, patience);
}

export function attested(row: WorkRow, proof: KeptProof, token: Uint8Array | null): WorkRow {
  return {
    ...row,
    state: "attested",
    ...released(token),
    failure: null,
    error: "",
    request: null,
    request_leaf_hash: null,
    attested_at_ms: proof.attestedAtMs,
    log_id: proof.logId ?? null,
    log_index: proof.logIndex ?? null,
    signed_at_ms: proof.signedAtMs ?? null,
  };
}

export function succeeded(target: TargetRow, { size }: KeptProof, atMs: number): TargetRow {
  const attested_size = Math.max(target.attested_size, size);
  return { ...target, attested_size, last_success_ms: atMs, streak: 0, not_before_ms: 0 };
}

export function released(token: Uint8Array | null) {
  return { lease_token: null, leased_at_ms: null, leased_until_ms: null, done_token: token };
}

export function isLeased(row: WorkRow, nowMs: number): boolean {
  return row.lease_token !== null && (row.leased_until_ms ?? 0) > nowMs;
}

export function isFree(row: WorkRow, nowMs: number): boolean {
  const isOpen = row.state === "pending" || row.state === "sent";
  return isOpen && row.due_at_ms <= nowMs && !isLeased(row, nowMs);
}

export function isToken(known: Uint8Array | null, token: Uint8Array): boolean {
  return known !== null && equalBytes(known, token);
}

export function toDue(row: WorkRow, target: TargetRow): DueAttestation {
  const dueAtMs = nextAttemptMs(row, target);
  return { id: row.id, target: row.target, attempt: row.attempts + 1, dueAtMs };
}

/** One of each target in turn, so that none waits behind another's backlog. */
export function interleave<T>(lists: readonly T[][]): T[] {
  const longest = Math.max(0, ...lists.map((list) => list.length));
  return Array.from({ length: longest }, (_, i) => lists.flatMap((list) => list[i] ?? [])).flat();
}
