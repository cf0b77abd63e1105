// Proofs of completed attestations on their way into the journal. While commits go on they ride
// along in the next one's transaction and cost no sync of their own; an idle store writes them
// alone. What fails here fails here: facts never wait for it.
import type { JournalWriter, ProofRows } from "../engine/port.ts";
import { StoreError } from "../errors.ts";

const AT_ONCE_MAX = 256;

interface Waiting {
  rows: ProofRows;
  resolve(): void;
  reject(reason: unknown): void;
}

export class ProofQueue {
  #waiting: Waiting[] = [];
  /** Taken for a commit that has not ended yet. */
  #taken: Waiting[] = [];

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  /** Resolves when the rows are durable. */
  add(rows: ProofRows): Promise<void> {
    return new Promise((resolve, reject) => this.#waiting.push({ rows, resolve, reject }));
  }

  /** For a commit's transaction; settle() or fail() must follow. */
  take(): ProofRows[] {
    this.#taken = this.#waiting.splice(0, AT_ONCE_MAX);
    return this.#taken.map(({ rows }) => rows);
  }

  settle(): void {
    for (const one of this.#taken) one.resolve();
    this.#taken = [];
  }

  fail(reason: unknown): void {
    for (const one of [...this.#taken, ...this.#waiting.splice(0)]) one.reject(reason);
    this.#taken = [];
  }

  /** Writes what waits in a transaction of its own; `onFailed` hears of what must end writing. */
  writeAlone(journal: JournalWriter, onFailed: (reason: unknown) => void): void {
    const rows = this.take();
    if (rows.length === 0) return;
    try {
      journal.insertProofs(rows);
      this.settle();
    } catch (reason) {
      this.fail(reason);
      // Nothing was written for want of space, and no fact was in it: writing goes on.
      if (!(reason instanceof StoreError) || reason.code !== "DISK_FULL") onFailed(reason);
    }
  }
}
