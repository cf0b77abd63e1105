// What a failed attempt leaves: when the next one is due, what is parked, what is kept as evidence.
import type {
  SqliteAttestationWork,
  TargetRow,
  WorkRow,
} from "../engine/sqlite/attestation-work.ts";
import type { FailedAttempt } from "./attestation-types.ts";
import type { OfferedWork, WorkSettings } from "./offered-work.ts";
import { judgeFailure } from "./schedule.ts";
import { released } from "./work-row.ts";

export interface FailedWorkParts {
  rows: SqliteAttestationWork;
  settings: WorkSettings;
  /** In [0, 1). */
  random(): number;
}

const EVIDENCE_MAX = 256;
const NO_BYTES = new Uint8Array(0);

export class FailedWork {
  readonly #parts: FailedWorkParts;
  readonly #offers: OfferedWork;

  constructor(parts: FailedWorkParts, offers: OfferedWork) {
    this.#parts = parts;
    this.#offers = offers;
  }

  /** The row and its target after a failed attempt; the caller writes the row. */
  failRow(row: WorkRow, target: TargetRow, failed: FailedAttempt, nowMs: number): WorkRow {
    const { failure } = failed;
    const serverErrors = row.server_errors + (failure === "server-error" ? 1 : 0);
    const conflicts = row.conflicts + (failure === "conflict" ? 1 : 0);
    const { streak } = target;
    const { retryAfterMs } = failed;
    const soFar = { failure, retryAfterMs, streak, serverErrors, conflicts };
    const { isParked, waitMs } = judgeFailure(soFar, this.#parts.settings, this.#parts.random());
    // Of many that fail at once only the first counts: the target was down once.
    if (waitMs > 0 && target.not_before_ms <= nowMs) {
      const not_before_ms = nowMs + waitMs;
      this.#parts.rows.updateTarget({
        ...target,
        streak: streak + 1,
        scheduled_at_ms: nowMs,
        not_before_ms,
      });
    }
    return {
      ...row,
      state: isParked ? "parked" : row.state,
      scheduled_at_ms: nowMs,
      due_at_ms: nowMs + waitMs,
      ...released(failed.token),
      failure,
      error: failed.message,
      server_errors: serverErrors,
      conflicts,
    };
  }

  /** Due now, unless it is over. */
  retryRow(row: WorkRow, nowMs: number): WorkRow {
    if (row.state === "attested" || row.state === "superseded") return row;
    const target = this.#offers.requireTarget(row.target);
    this.#parts.rows.updateTarget({ ...target, streak: 0, not_before_ms: 0 });
    const next: WorkRow = {
      ...row,
      state: row.request ? "sent" : "pending",
      scheduled_at_ms: nowMs,
      due_at_ms: nowMs,
      server_errors: 0,
      conflicts: 0,
    };
    this.#parts.rows.update(next);
    return next;
  }

  parkedOf(name: string): WorkRow[] {
    this.#offers.requireTarget(name);
    const below = Number.MAX_SAFE_INTEGER;
    return this.#parts.rows.list({ below, limit: 1000, states: ["parked"], target: name });
  }

  /** An answer that did not verify is evidence. Past a bound only its digest is kept. */
  keepEvidence(failed: FailedAttempt & { digest?: Uint8Array }, atMs: number): void {
    const { id: work, message, evidence, digest } = failed;
    if (!evidence || !digest) return;
    const answer = this.#parts.rows.countEvidence() < EVIDENCE_MAX ? evidence : NO_BYTES;
    this.#parts.rows.insertEvidence({ work, atMs, message, digest, answer });
  }
}
