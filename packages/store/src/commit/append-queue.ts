// What waits for the next commit, in the order it came.
import type { CommitAnswer, CommitRequest } from "./writer.ts";

const ENTRIES_MAX = 4096;
const BYTES_MAX = 4 * 1024 * 1024;

export interface Queued {
  request: CommitRequest;
  entries: number;
  bytes: number;
  resolve(answer: CommitAnswer): void;
  reject(reason: unknown): void;
}

export class AppendQueue {
  readonly #waiting: Queued[] = [];

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  /** Resolves to the answer of the commit that takes it. */
  add(request: CommitRequest): Promise<CommitAnswer> {
    const [entries, bytes] =
      request.type === "facts"
        ? [request.request.facts.count, request.request.facts.bytes.length]
        : [1, request.request.body.length];
    return new Promise((resolve, reject) => {
      this.#waiting.push({ request, entries, bytes, resolve, reject });
    });
  }

  /** As much as one commit takes: at least one request. */
  takeBatch(): Queued[] {
    let entries = 0;
    let bytes = 0;
    let count = 0;
    for (const one of this.#waiting) {
      entries += one.entries;
      bytes += one.bytes;
      if (count > 0 && (entries > ENTRIES_MAX || bytes > BYTES_MAX)) break;
      count++;
    }
    return this.#waiting.splice(0, count);
  }
}
