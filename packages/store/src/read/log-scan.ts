// Ranges of the log in order: entries as stored, and events for a watch. Both examine a bounded
// stretch per call and say where to go on.
import {
  ENTRY_KINDS,
  equalBytes,
  FACT_BYTES_MAX,
  hashFact,
  matchesScope,
  parseBody,
  scanFact,
} from "@strongroom/protocol";
import type { EntryRow } from "../engine/port.ts";
import type { FactFilter, LogEntry, StoredFact } from "../types.ts";
import { checkEntry, evidenceOf, mismatch } from "./checked-entry.ts";
import { decodeText, isLeafShaped, kindOf, timeOf } from "./entry-fields.ts";
import { describeFact } from "./fact-lookup.ts";
import { CompiledFilter } from "./query/fact-filter.ts";
import type { HeadArgument, Reader } from "./reader-context.ts";

const NO_BYTES = new Uint8Array(0);
const SCAN_ROWS = 128;
const SCAN_ENTRIES_MAX = 1024;
const SCAN_BYTES_MAX = 1024 * 1024;
const ENTRIES_BYTES_MAX = 4 * 1024 * 1024;

/** Whether a caller limited to these scopes may see the entry. */
export function maySee(reader: Reader, row: EntryRow, scopes: readonly string[] | undefined) {
  if (scopes === undefined) return true;
  const scope = scopeOf(reader, row);
  return scope !== undefined && scopes.some((pattern) => matchesScope(pattern, scope));
}

/** Scope of an entry's chain in clear; undefined for kinds without one and for erased bodies. */
function scopeOf(reader: Reader, row: EntryRow): string | undefined {
  if (row.body.length === 0) return undefined;
  switch (kindOf(row.leaf)) {
    case ENTRY_KINDS.fact: {
      const spans = scanFact(row.body, { bytesMax: FACT_BYTES_MAX });
      return decodeText(row.body, spans.scopeStart, spans.scopeEnd);
    }
    case ENTRY_KINDS.retraction:
      return parseBody("retraction", row.body).scope;
    case ENTRY_KINDS.endorsement: {
      const target = reader.journal.readEntry(Number(parseBody("endorsement", row.body).index));
      return target && target.index < row.index ? scopeOf(reader, target) : undefined;
    }
    default:
      return undefined;
  }
}

export interface EntriesRequest {
  head: HeadArgument;
  from: number;
  until: number;
  limit: number;
  bodies: boolean;
  privateEvidence: boolean;
  scopes: readonly string[] | undefined;
}

/** Entries as they are stored, without checking them: a reader of a log checks it itself. */
export function readLogEntries(
  reader: Reader,
  request: EntriesRequest,
): { entries: LogEntry[]; next: number } {
  const until = Math.min(request.until, request.head.size);
  const entries: LogEntry[] = [];
  let next = request.from;
  let bytes = 0;
  let examined = 0;
  while (next < until && examined < SCAN_ENTRIES_MAX) {
    const rows = reader.journal.readEntries(next, Math.min(SCAN_ROWS, until - next));
    if (rows.length === 0)
      throw mismatch("LEAF_MISMATCH", { index: next, message: "it is missing" });
    for (const row of rows) {
      if (row.index !== next) {
        throw mismatch("LEAF_MISMATCH", { index: next, message: "it is missing" });
      }
      const isFull = entries.length >= request.limit || bytes > ENTRIES_BYTES_MAX;
      if (isFull) return { entries, next };
      next++;
      examined++;
      if (!maySee(reader, row, request.scopes)) continue;
      const entry = toLogEntry(row, request);
      bytes += entry.leaf.length + entry.body.length + entry.evidencePublic.length + 64;
      entries.push(entry);
    }
  }
  return { entries, next };
}

function toLogEntry(row: EntryRow, request: EntriesRequest): LogEntry {
  const { bodies, privateEvidence } = request;
  const evidence = bodies || privateEvidence ? evidenceOf(row) : undefined;
  return {
    index: row.index,
    leaf: row.leaf,
    body: bodies ? row.body : NO_BYTES,
    blind: bodies ? row.blind : NO_BYTES,
    evidencePublic: evidence?.public ?? NO_BYTES,
    evidencePrivateHash: evidence?.privateHash ?? NO_BYTES,
    evidencePrivate: privateEvidence ? (evidence?.private ?? NO_BYTES) : NO_BYTES,
  };
}

export interface EventsRequest {
  head: HeadArgument;
  from: number;
  filter: FactFilter;
  scopes: readonly string[] | undefined;
}

export interface RetractionSeen {
  index: number;
  scope: string;
  factIndex: number;
  cid: Uint8Array;
  reason: string;
  appendedAtMs: number;
}

export interface EventsAnswer {
  facts: StoredFact[];
  retractions: RetractionSeen[];
  /** Where to go on; equal to the head's size at the end. */
  next: number;
}

/**
 * Facts and retractions in [from, head), each fact as it was when it was appended: what ended it
 * later is an event of its own. Facts erased since are left out.
 */
export function scanEvents(reader: Reader, request: EventsRequest): EventsAnswer {
  const compiled = new CompiledFilter(request.filter, request.scopes);
  const answer: EventsAnswer = { facts: [], retractions: [], next: request.from };
  const end = Math.min(request.head.size, request.from + SCAN_ENTRIES_MAX);
  let bytes = 0;
  while (answer.next < end && bytes < SCAN_BYTES_MAX) {
    const rows = reader.journal.readEntries(answer.next, Math.min(SCAN_ROWS, end - answer.next));
    if (rows.length === 0) {
      throw mismatch("LEAF_MISMATCH", { index: answer.next, message: "it is missing" });
    }
    for (const row of rows) {
      if (row.index !== answer.next || !isLeafShaped(row.leaf)) {
        throw mismatch("LEAF_MISMATCH", { index: answer.next, message: "it is missing or edited" });
      }
      bytes += examine(reader, row, { compiled, head: request.head, answer });
      answer.next++;
      if (bytes >= SCAN_BYTES_MAX) break;
    }
  }
  return answer;
}

interface EventScan {
  compiled: CompiledFilter;
  head: HeadArgument;
  answer: EventsAnswer;
}

/** Returns how many bytes the entry adds to the answer. */
function examine(reader: Reader, row: EntryRow, scan: EventScan): number {
  const kind = kindOf(row.leaf);
  if (row.body.length === 0) return 0;
  if (kind !== ENTRY_KINDS.fact && kind !== ENTRY_KINDS.retraction) return 0;
  const { compiled, head, answer } = scan;
  const cid = checkEntry(reader, row, { mode: "body", head });
  if (!compiled.matchesTime(timeOf(row.leaf))) return 0;
  if (kind === ENTRY_KINDS.retraction) {
    const retraction = toRetraction(row);
    if (!isWanted(reader, retraction, compiled)) return 0;
    answer.retractions.push(retraction);
    return retraction.reason.length;
  }
  const spans = scanFact(row.body, { bytesMax: FACT_BYTES_MAX });
  if (!compiled.matchesBody(row.body, spans)) return 0;
  answer.facts.push(describeFact(row, { cid, end: undefined, mode: "body" }));
  return row.body.length;
}

function toRetraction(row: EntryRow): RetractionSeen {
  const body = parseBody("retraction", row.body);
  return {
    index: row.index,
    scope: body.scope,
    factIndex: Number(body.index),
    cid: body.cid,
    reason: body.reason,
    appendedAtMs: timeOf(row.leaf),
  };
}

// A retraction says its scope; for the rest of the filter the fact itself is asked.
function isWanted(reader: Reader, retraction: RetractionSeen, compiled: CompiledFilter): boolean {
  if (!compiled.matchesScope(retraction.scope)) return false;
  if (compiled.isScopeOnly) return true;
  const fact = reader.journal.readEntry(retraction.factIndex);
  if (!fact || !equalBytes(hashFact(fact.body), retraction.cid)) return false;
  return compiled.matchesBody(fact.body, scanFact(fact.body, { bytesMax: FACT_BYTES_MAX }));
}
