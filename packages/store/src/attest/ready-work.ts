// What of the work may be taken now, and when the next will be. A target whose newer checkpoints
// make older ones needless, or where order counts, works on one at a time.
import type {
  SqliteAttestationWork,
  TargetRow,
  WorkRow,
} from "../engine/sqlite/attestation-work.ts";
import type { DueAttestation, LeaseRequest, Target } from "./attestation-types.ts";
import type { OfferedWork, WorkSettings } from "./offered-work.ts";
import { isFree, isLeased, nextAttemptMs, toDue } from "./work-row.ts";

export type OpenWork = DueAttestation & { size: number };

export class ReadyWork {
  readonly #rows: SqliteAttestationWork;
  readonly #settings: WorkSettings;
  readonly #offers: OfferedWork;

  constructor(rows: SqliteAttestationWork, settings: WorkSettings, offers: OfferedWork) {
    this.#rows = rows;
    this.#settings = settings;
    this.#offers = offers;
  }

  /** In order of size, of one target. */
  ready(name: string, request: LeaseRequest, nowMs: number): WorkRow[] {
    const target = this.#offers.requireTarget(name);
    this.#offers.supersede(target, nowMs);
    const wanted = (row: WorkRow): boolean => request.ids?.includes(row.id) ?? true;
    if (target.not_before_ms > nowMs) return this.#conflicting(target, nowMs).filter(wanted);
    if (this.#isSerial(target)) {
      const head = this.#head(target, nowMs);
      const isReady = head && head.due_at_ms <= nowMs && !isLeased(head, nowMs);
      return isReady && wanted(head) ? [head] : [];
    }
    if (request.ids) {
      const rows = request.ids.flatMap((id) => this.#rows.row(id) ?? []);
      return rows.filter((row) => row.target === name && isFree(row, nowMs));
    }
    const range = { nowMs, limit: request.limit };
    return (["sent", "pending"] as const).flatMap((state) => this.#rows.due(name, state, range));
  }

  /** A conflict says what to do next: it does not wait for the target's patience. */
  #conflicting(target: TargetRow, nowMs: number): WorkRow[] {
    const head = this.#head(target, nowMs);
    return head?.failure === "conflict" && isFree(head, nowMs) ? [head] : [];
  }

  /** What is open of one target, in order of size, from after a size on. */
  open(name: string, range: { after: number; limit: number; nowMs: number }): OpenWork[] {
    const target = this.#rows.target(name);
    if (!target) return [];
    const rows = this.#isSerial(target)
      ? [this.#head(target, range.nowMs)].filter((row) => row && row.size > range.after)
      : (["sent", "pending"] as const)
          .flatMap((state) => this.#rows.open(name, state, range))
          .sort((a, b) => a.size - b.size)
          .slice(0, range.limit);
    return rows.flatMap((row) => (row ? { ...toDue(row, target), size: row.size } : []));
  }

  /** One attempt at a time, where newer checkpoints make older ones needless, or order counts. */
  #isSerial({ kind }: Target): boolean {
    return this.#settings.supersede || kind === "witness";
  }

  /** The one that a serial target works on, or will: what was sent is followed to the end first. */
  #head({ name }: Target, nowMs: number): WorkRow | undefined {
    const oldest = { after: 0, limit: 1 };
    return (
      this.#rows.leased(name, nowMs) ??
      this.#rows.open(name, "sent", oldest)[0] ??
      this.#rows.open(name, "pending", oldest)[0]
    );
  }

  nextDueMs(name: string, nowMs: number): number | undefined {
    const target = this.#offers.requireTarget(name);
    const head = this.#isSerial(target) ? this.#head(target, nowMs) : undefined;
    if (this.#isSerial(target)) return head && nextAttemptMs(head, target);
    const due = this.#rows.nextDueMs(name);
    return due === undefined ? undefined : Math.max(due, target.not_before_ms);
  }

  dueAfter(touched: readonly WorkRow[], nowMs: number): DueAttestation[] {
    return [...new Set(touched.map(({ target }) => target))].flatMap((name) => {
      const target = this.#offers.requireTarget(name);
      const ids = touched.filter((row) => row.target === name).map(({ id }) => id);
      const rows = this.#isSerial(target)
        ? [this.#head(target, nowMs)]
        : [...new Set(ids)].map((id) => this.#rows.row(id));
      const open = rows.filter((row) => row?.state === "pending" || row?.state === "sent");
      return open.flatMap((row) => (row ? toDue(row, target) : []));
    });
  }
}
