// What the journal and the index keep beside the entries, held against them: filter segments,
// scope heads, and the index's projection. The index is compared by sample, one entry in 256 and
// the ends of each range; a rebuilt index is exact, so `store reindex` is the remedy.
import { ENTRY_KINDS, FACT_BYTES_MAX, scanFact } from "@strongroom/protocol";
import type { ScopeHead } from "../engine/port.ts";
import { blockOf, cidToken, inBlock, targetToken } from "../index/terms.ts";
import { decodeText, kindOf } from "../read/entry-fields.ts";
import { publicEvidence, scanEvidence } from "../read/evidence-fields.ts";
import type { Reader } from "../read/reader-context.ts";
import type { CheckedEntry } from "./entry-check.ts";
import type { RangeFindings, RangeRequest } from "./range-report.ts";

const SEGMENT_ENTRIES = 65_536;
const SAMPLE = 256;
const HITS_MAX = 16;
const ROWS = 256;

/** Fingerprints of one filter segment; kept from range to range by each thread. */
export interface FilterSegment {
  segment: number;
  count: number;
  fingerprints: Set<number>;
}

export function readSegment(reader: Reader, segment: number): FilterSegment | undefined {
  const bytes = reader.journal.readFilterSegment(segment);
  if (!bytes) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const fingerprints = new Set<number>();
  for (let at = 0; at + 4 <= bytes.length; at += 4) fingerprints.add(view.getUint32(at));
  return { segment, count: bytes.length / 4, fingerprints };
}

/** Number of the range's segment, if it is due by the size that is verified. */
export function segmentOfRange(request: RangeRequest): number | undefined {
  const segment = Math.floor(request.from / SEGMENT_ENTRIES);
  return (segment + 1) * SEGMENT_ENTRIES <= request.size ? segment : undefined;
}

/** Says which facts their filter segment lacks. */
export function checkFilter(
  entries: readonly CheckedEntry[],
  segment: FilterSegment,
  findings: RangeFindings,
): void {
  for (const { kind, bodyHash, index } of entries) {
    if (kind !== ENTRY_KINDS.fact || !bodyHash) continue;
    const [a = 0, b = 0, c = 0, d = 0] = bodyHash;
    const fingerprint = (a * 0x1000000 + ((b << 16) | (c << 8) | d)) >>> 0;
    if (segment.fingerprints.has(fingerprint === 0 ? 1 : fingerprint)) continue;
    findings.entry("FILTER_WRONG", index, "its filter segment does not know it");
  }
}

/** Holds the range's entries against the rows that name the newest entry of each scope. */
export function checkScopeHeads(
  reader: Reader,
  entries: readonly CheckedEntry[],
  range: { request: RangeRequest; findings: RangeFindings },
): void {
  const { request, findings } = range;
  let at = 0;
  let next = request.from;
  while (at < entries.length) {
    const rows = reader.journal.readScopeHeads(next, ROWS);
    for (const row of rows) {
      const newest = new Map<string, CheckedEntry>();
      for (let entry = entries[at]; entry && entry.index <= row.lastIndex; entry = entries[++at]) {
        if (entry.scope !== undefined && entry.link) newest.set(entry.scope, entry);
      }
      checkRow(reader, { row, newest, request, findings });
      if (row.lastIndex >= request.until - 1) return;
      next = row.lastIndex + 1;
    }
    if (rows.length < ROWS) break;
  }
  const uncovered = entries.slice(at).find((entry) => entry.link && entry.scope !== undefined);
  if (!uncovered) return;
  findings.entry("SCOPE_HEAD_WRONG", uncovered.index, "no scope head row covers it");
}

function checkRow(
  reader: Reader,
  at: {
    row: { lastIndex: number; heads: ScopeHead[] };
    newest: Map<string, CheckedEntry>;
    request: RangeRequest;
    findings: RangeFindings;
  },
): void {
  const { row, newest, request, findings } = at;
  const heads = new Map(row.heads.map((head) => [head.scope, head]));
  for (const [scope, entry] of newest) {
    const head = heads.get(scope);
    const isHead = head?.index === entry.index && head.scopeIndex === entry.link?.scopeIndex;
    const isLater = head !== undefined && head.index >= request.until;
    if (isHead || isLater) continue;
    findings.entry("SCOPE_HEAD_WRONG", entry.index, "the scope head row of its commit is wrong");
  }
  for (const head of row.heads) {
    if (newest.has(head.scope) || head.index >= request.until) continue;
    if (isHeadOf(reader, head, row.lastIndex)) continue;
    const message = `scope head row ${row.lastIndex}: it names entry ${head.index} wrongly`;
    const index = row.lastIndex;
    findings.add({ verdict: "SCOPE_HEAD_WRONG", part: "entry", index, message });
  }
}

// A head outside the range, or whose scope its body no longer tells.
function isHeadOf(reader: Reader, head: ScopeHead, lastIndex: number): boolean {
  const row = head.index <= lastIndex ? reader.journal.readEntry(head.index) : undefined;
  if (!row) return false;
  try {
    const { scopeIndex } = scanEvidence(publicEvidence(row.evidence));
    if (scopeIndex !== head.scopeIndex) return false;
    if (kindOf(row.leaf) !== ENTRY_KINDS.fact || row.body.length === 0) return true;
    const spans = scanFact(row.body, { bytesMax: FACT_BYTES_MAX });
    return decodeText(row.body, spans.scopeStart, spans.scopeEnd) === head.scope;
  } catch {
    // The entry itself is reported by the range that it lies in.
    return true;
  }
}

/** Compares the index with a sample of the range's entries. */
export function checkProjection(
  reader: Reader,
  entries: readonly CheckedEntry[],
  findings: RangeFindings,
): void {
  reader.index.inSnapshot(() => {
    const indexed = reader.index.cursor().size;
    entries.forEach((entry, i) => {
      const isSample = i % SAMPLE === 0 || i === entries.length - 1;
      const isEnd = entry.kind === ENTRY_KINDS.retraction || entry.kind === ENTRY_KINDS.redaction;
      if (entry.index >= indexed || !(isSample || isEnd) || !entry.bodyHash) return;
      if (isProjected(reader, entry)) return;
      const { index } = entry;
      const message = `entry ${index}: the index does not know it; run store reindex`;
      findings.add({ verdict: "PROJECTION_WRONG", part: "index", index, message });
    });
  });
}

function isProjected(reader: Reader, entry: CheckedEntry): boolean {
  const { index, body, bodyHash } = entry;
  if (!bodyHash) return true;
  const isNewestBelow = (token: string): boolean =>
    reader.index.newest([token], { below: index + 1, limit: 1 })[0] === index;
  if (entry.kind === ENTRY_KINDS.fact) {
    const spans = scanFact(body, { bytesMax: FACT_BYTES_MAX });
    const scope = decodeText(body, spans.scopeStart, spans.scopeEnd);
    const entity = decodeText(body, spans.entityStart, spans.entityEnd);
    const relation = decodeText(body, spans.relationStart, spans.relationEnd);
    const hits = reader.index.newest([cidToken(bodyHash)], { limit: HITS_MAX });
    return (
      hits.includes(index) &&
      isNewestBelow(reader.terms.triple(scope, entity, relation)) &&
      isNewestBelow(inBlock(reader.terms.scope(scope), blockOf(index)))
    );
  }
  if (entry.ends === undefined) return true;
  return reader.index.newest([targetToken(entry.ends)], { limit: HITS_MAX }).includes(index);
}
