// Which signed heads are stored for good: one each so many entries or so much time, and only if a
// fact or retraction is new, since bookkeeping alone is nothing to attest.
import type { CheckpointRow, JournalWriter } from "../engine/port.ts";
import type { SignedHead } from "./commit-request.ts";

export interface CheckpointPolicyOptions {
  entries: number;
  ageMs: number;
  onStored(row: CheckpointRow): void;
  onFailed(reason: unknown): void;
}

export class CheckpointPolicy {
  #journal: JournalWriter;
  readonly #options: CheckpointPolicyOptions;
  #storedSize = 0;
  #isNotable = false;
  #head: SignedHead | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(journal: JournalWriter, options: CheckpointPolicyOptions) {
    this.#journal = journal;
    this.#options = options;
  }

  start(head: SignedHead): void {
    this.#storedSize = this.#journal.readCheckpoints(Number.MAX_SAFE_INTEGER, 1)[0]?.size ?? 0;
    this.note(head, head.size > this.#storedSize ? 1 : 0);
  }

  useJournal(journal: JournalWriter): void {
    this.#journal = journal;
  }

  /** Takes note of a new head with so many new facts and retractions. */
  note(head: SignedHead, notable: number): void {
    this.#head = head;
    this.#isNotable ||= notable > 0;
    if (!this.#isNotable) return;
    if (head.size - this.#storedSize >= this.#options.entries) this.#store();
    else this.#timer ??= setTimeout(() => this.#store(), this.#options.ageMs);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #store(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const head = this.#head;
    if (!head || head.size <= this.#storedSize) return;
    const row = { size: head.size, note: head.note, storedAtMs: Date.now() };
    try {
      this.#journal.insertCheckpoint(row);
    } catch (reason) {
      this.#options.onFailed(reason);
      return;
    }
    this.#storedSize = head.size;
    this.#isNotable = false;
    this.#options.onStored(row);
  }
}
