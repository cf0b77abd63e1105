// The tables of the journal whose rows the log itself does not tell, each as one running hash. The
// head anchor keeps them beside the newest head, so that a row of these tables cannot be edited,
// removed or put in between without a verification saying so.
import { concatBytes, equalBytes } from "@strongroom/protocol";
import type { JournalReader, SideDigest, SideTable } from "./port.ts";

/** In the order of the head anchor; a table is only ever added at the end. */
export const sideTables = [
  "checkpoint",
  "scope_head",
  "control",
  "cid_filter",
  "schema",
  "mutation_attempt",
  "attestation",
  "cosignature",
] as const satisfies readonly SideTable[];

const SEGMENT_ENTRIES = 65_536;
const HASH_BYTES = 32;
const RECORD_BYTES = 8 + HASH_BYTES;
const START: SideDigest = { next: 0, digest: new Uint8Array(HASH_BYTES) };

type FoldingJournal = Pick<JournalReader, "foldSideRows">;

export class SideDigests {
  #digests: SideDigest[];

  private constructor(digests: SideDigest[]) {
    this.#digests = digests;
  }

  /** Goes on from what an anchor holds, or from nothing. */
  static resume(bytes: Uint8Array = new Uint8Array(0)): SideDigests {
    return new SideDigests(sideTables.map((_, i) => decode(bytes, i) ?? START));
  }

  /** Takes in the rows that were added since, of a log of `size` entries. */
  advance(journal: FoldingJournal, size: number): void {
    this.#digests = this.#digests.map((from, i) => {
      const table = sideTables[i] as SideTable;
      return journal.foldSideRows(table, from, keyEnd(table, size));
    });
  }

  /** Per table: key after the newest row (8) ‖ digest (32). */
  encode(): Uint8Array {
    return concatBytes(
      ...this.#digests.map(({ next, digest }) => {
        const record = new Uint8Array(RECORD_BYTES);
        new DataView(record.buffer).setBigUint64(0, BigInt(next));
        record.set(digest, 8);
        return record;
      }),
    );
  }
}

/** Tables whose rows are not those that an anchor speaks of. */
export function changedSideTables(journal: FoldingJournal, bytes: Uint8Array): SideTable[] {
  return sideTables.filter((table) => isSideTableChanged(journal, table, bytes));
}

export function isSideTableChanged(
  journal: FoldingJournal,
  table: SideTable,
  bytes: Uint8Array,
): boolean {
  const anchored = decode(bytes, sideTables.indexOf(table));
  if (!anchored) return false;
  const start = { ...START, next: Number.MIN_SAFE_INTEGER };
  return !equalBytes(journal.foldSideRows(table, start, anchored.next).digest, anchored.digest);
}

function decode(bytes: Uint8Array, position: number): SideDigest | undefined {
  const at = position * RECORD_BYTES;
  if (bytes.length < at + RECORD_BYTES) return undefined;
  const next = Number(new DataView(bytes.buffer, bytes.byteOffset + at, 8).getBigUint64(0));
  return { next, digest: bytes.slice(at + 8, at + RECORD_BYTES) };
}

/** One past the last key that a log of this size can have. */
function keyEnd(table: SideTable, size: number): number {
  if (table === "checkpoint") return size + 1;
  if (table === "scope_head" || table === "control") return size;
  if (table === "cid_filter") return Math.floor(size / SEGMENT_ENTRIES);
  return Number.MAX_SAFE_INTEGER;
}
