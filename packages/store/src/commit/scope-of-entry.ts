// Which scope chain an entry belongs to, told from its body.
import { ENTRY_KINDS, FACT_BYTES_MAX, parseBody, parseFact, parseLeaf } from "@strongroom/protocol";
import type { EntryRow, JournalReader } from "../engine/port.ts";

/** The scope in clear; undefined for kinds without one and for bodies that were erased. */
export function scopeOfEntry(row: EntryRow, journal: JournalReader): string | undefined {
  if (row.body.length === 0) return undefined;
  const { kind } = parseLeaf(row.leaf);
  switch (kind) {
    case ENTRY_KINDS.fact:
      return parseFact(row.body, { bytesMax: FACT_BYTES_MAX }).scope;
    case ENTRY_KINDS.retraction:
      return parseBody("retraction", row.body).scope;
    case ENTRY_KINDS.redaction:
      return scopeOfTarget(row, parseBody("redaction", row.body).index, journal);
    case ENTRY_KINDS.endorsement:
      return scopeOfTarget(row, parseBody("endorsement", row.body).index, journal);
    default:
      return undefined;
  }
}

function scopeOfTarget(row: EntryRow, index: bigint, journal: JournalReader): string | undefined {
  const target = journal.readEntry(Number(index));
  return target && target.index < row.index ? scopeOfEntry(target, journal) : undefined;
}
