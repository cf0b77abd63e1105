// Signed notes that were seen and are not yet proven to lie on one line with the pinned one. None is
// ever dropped unproven, or a server could answer once from a fork and never be caught.
import { type Checkpoint, equalBytes } from "@strongroom/protocol";

export interface Seen extends Checkpoint {
  readonly note: Uint8Array;
}

const NOTES_MAX = 256;

export class UnsettledNotes {
  #notes: Seen[] = [];

  get isFull(): boolean {
    return this.#notes.length >= NOTES_MAX;
  }

  /** As they are now; later ones do not appear in it. */
  get all(): readonly Seen[] {
    return [...this.#notes];
  }

  add(seen: Seen): void {
    this.#notes.push(seen);
  }

  /** Forgets these, once they are proven; what came meanwhile stays. */
  drop(proven: readonly Seen[]): void {
    this.#notes = this.#notes.filter((note) => !proven.includes(note));
  }
}

/** Runs one piece of work after another, whatever became of the one before. */
export class Sequence {
  #last: Promise<unknown> = Promise.resolve();

  run<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => {});
    return result;
  }
}

export function isSameTree(a: Seen, b: Seen): boolean {
  return a.size === b.size && equalBytes(a.root, b.root);
}

export function bySize(a: Seen, b: Seen): number {
  return a.size < b.size ? -1 : Number(a.size > b.size);
}
