// Which signed heads are stored for good: one each so many entries or so much time, and only if a
// fact or retraction is new, since bookkeeping alone is nothing to attest.
import type { CheckpointRow, JournalWriter } from "../engine/port.ts";
import type { SignedHead } from "./commit-request.ts";

export interface CheckpointPolicyOptions {
  entries: number;
  ageMs: number;
  /** A checkpoint is durable. */
  onStored(row: CheckpointRow): void;
  onFailed(reason: unknown): void;
}

export class CheckpointPolicy {
  #journal: JournalWriter;
  readonly #options: CheckpointPolicyOptions;
  #storedSize = 0;
  #isNotable = false;
  #isDue = false;
  #isStopped = false;
  /** Taken for a commit that has not been reported yet. */
  #taken: CheckpointRow | undefined;
  #head: SignedHead | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(journal: JournalWriter, options: CheckpointPolicyOptions) {
    this.#journal = journal;
    this.#options = options;
  }

  start(head: SignedHead): void {
    this.#isStopped = false;
    this.#isDue = false;
    this.#taken = undefined;
    this.#storedSize = this.#journal.readCheckpoints(Number.MAX_SAFE_INTEGER, 1)[0]?.size ?? 0;
    this.note(head, head.size > this.#storedSize ? 1 : 0);
  }

  useJournal(journal: JournalWriter): void {
    this.#journal = journal;
  }

  /** Takes note of a new head with so many new facts and retractions. */
  note(head: SignedHead, notable: number): void {
    this.#head = head;
    if (this.#taken) this.#options.onStored(this.#taken);
    this.#taken = undefined;
    this.#isNotable ||= notable > 0;
    if (!this.#isNotable) return;
    if (head.size - this.#storedSize >= this.#options.entries) this.#isDue = true;
    else this.#timer ??= setTimeout(() => this.#storeAlone(), this.#options.ageMs);
  }

  /** The checkpoint that is due, for the next commit's transaction: it then costs no sync. */
  takeDue(): CheckpointRow | undefined {
    const row = this.#isDue ? this.#row() : undefined;
    if (row) this.#settle(row);
    this.#taken = row;
    return row;
  }

  /** Stores what is due when no commit follows. */
  storeDue(): void {
    if (this.#isDue) this.#storeAlone();
  }

  /** Stores nothing more until start(). */
  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  #storeAlone(): void {
    const row = this.#row();
    if (!row || this.#isStopped) return;
    try {
      this.#journal.insertCheckpoint(row);
    } catch (reason) {
      this.#options.onFailed(reason);
      return;
    }
    this.#settle(row);
    this.#options.onStored(row);
  }

  #row(): CheckpointRow | undefined {
    const head = this.#head;
    if (!head || head.size <= this.#storedSize) return undefined;
    return { size: head.size, note: head.note, storedAtMs: Date.now() };
  }

  #settle(row: CheckpointRow): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#storedSize = row.size;
    this.#isNotable = false;
    this.#isDue = false;
  }
}
