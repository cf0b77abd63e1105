// A work row as the outside sees it.
import type { TargetRow, WorkRow } from "../engine/sqlite/attestation-work.ts";
import type { Attestation } from "./attestation-types.ts";

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
