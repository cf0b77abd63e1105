// Times of entries never decrease, so a time is an index by bisection.
import type { JournalReader } from "../../engine/port.ts";
import { timeOf } from "../entry-fields.ts";

/** Number of entries of the first `size` with a time before `timeMs`. */
export function sizeBefore(journal: JournalReader, size: number, timeMs: number): number {
  let low = 0;
  let high = size;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (timeAt(journal, middle, high) < timeMs) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Time of the newest entry of the first `size`; 0 where there is none. */
export function timeOfSize(journal: JournalReader, size: number): number {
  return size === 0 ? 0 : timeAt(journal, size - 1, size);
}

// A missing entry takes the time of the next one: its absence is for verify to report.
function timeAt(journal: JournalReader, index: number, end: number): number {
  const [found] = journal.readLeaves(index, 1);
  const [next] = found ? [found] : journal.readLeaves(index, Math.min(1024, end - index));
  return next ? timeOf(next.leaf) : Number.POSITIVE_INFINITY;
}
