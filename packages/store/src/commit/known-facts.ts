// Whether a fact is already in the log, exactly: filter first, then what is too new for the index,
// then the index, each hit confirmed against the stored body. Never guesses.
import {
  concatBytes,
  ENTRY_KINDS,
  hashFact,
  LEAF_BYTES,
  parseBody,
  parseEvidencePublic,
  toHex,
} from "@strongroom/protocol";
import { unpackEvidence } from "../engine/pack-evidence.ts";
import type { EntryRow, JournalReader, TermIndexReader } from "../engine/port.ts";
import { cidToken, endorsedToken, targetToken } from "../index/terms.ts";
import { CidFilter } from "./cid-filter.ts";
import { RecentCids } from "./recent-cids.ts";

const SCAN_ROWS = 2048;
const HITS_MAX = 64;

export interface EndOfFact {
  index: number;
  code: "FACT_RETRACTED" | "FACT_REDACTED";
}

export class KnownFacts {
  readonly #journal: JournalReader;
  readonly #index: TermIndexReader;
  readonly #filter: CidFilter;
  readonly #recent = new RecentCids();
  readonly #ends = new Map<number, EndOfFact>();
  /** Keys that signed facts, until the index has the newest entry that they came with. */
  readonly #endorsers = new Map<number, { keys: Set<string>; newest: number }>();
  #indexed: number;

  /** Loads the filter, and what lies at or beyond `indexed` exactly. */
  constructor(journal: JournalReader, index: TermIndexReader, indexed: number) {
    this.#journal = journal;
    this.#index = index;
    this.#indexed = indexed;
    const size = journal.size();
    const segments = this.#loadSegments(CidFilter.segments(size));
    this.#filter = segments.filter;
    this.#loadTail(segments.from, size);
  }

  setIndexed(indexed: number): void {
    this.#indexed = indexed;
    for (const index of this.#ends.keys()) {
      const end = this.#ends.get(index);
      if (end && end.index < indexed) this.#ends.delete(index);
    }
    for (const [target, { newest }] of this.#endorsers) {
      if (newest < indexed) this.#endorsers.delete(target);
    }
  }

  add(cids: Uint8Array, offset: number, index: number): void {
    this.#filter.add(cids, offset, index);
    this.#recent.add(cids, offset, { index, indexed: this.#indexed });
  }

  addEnd(target: number, end: EndOfFact): void {
    this.#ends.set(target, end);
  }

  /** Keys that signed `target` in the entry at `index`: the fact itself or an endorsement. */
  addEndorsers(target: number, index: number, keys: Iterable<Uint8Array>): void {
    const known = this.#endorsers.get(target) ?? { keys: new Set<string>(), newest: index };
    for (const key of keys) known.keys.add(toHex(key));
    known.newest = Math.max(known.newest, index);
    this.#endorsers.set(target, known);
  }

  takeFilterSegments(size: number): { segment: number; fingerprints: Uint8Array }[] {
    return this.#filter.takeSegments(size);
  }

  /** Index of the fact's first entry, which may be of the commit being built. */
  find(cids: Uint8Array, offset: number): number | undefined {
    if (!this.#filter.mayContain(cids, offset)) return undefined;
    const recent = this.#recent.find(cids, offset);
    if (recent !== undefined) return recent;
    const cid = cids.subarray(offset, offset + 32);
    return this.#index
      .newest([cidToken(cid)], { limit: HITS_MAX })
      .findLast((index) => this.#holds(index, cid));
  }

  /** What ended a fact, if anything did. */
  endOf(target: number): EndOfFact | undefined {
    const recent = this.#ends.get(target);
    if (recent) return recent;
    // The first one counts: a later one finds the fact ended already.
    for (const index of this.#index.newest([targetToken(target)], { limit: HITS_MAX }).reverse()) {
      const row = this.#journal.readEntry(index);
      const end = row && endSpokenOf(row);
      if (end?.target === target) return { index, code: end.code };
    }
    return undefined;
  }

  /** Public keys in hex that signed or endorsed a stored fact. */
  endorsersOf(target: number): Set<string> {
    const keys = new Set(this.#endorsers.get(target)?.keys);
    this.#addAuthors(keys, target);
    for (let below = Number.MAX_SAFE_INTEGER; ; ) {
      const options = { below, limit: HITS_MAX };
      const stored = this.#index.newest([endorsedToken(target)], options);
      for (const index of stored) this.#addAuthors(keys, index);
      if (stored.length < HITS_MAX) return keys;
      below = stored.at(-1) ?? 0;
    }
  }

  #addAuthors(keys: Set<string>, index: number): void {
    const row = this.#journal.readEntry(index);
    if (!row) return;
    const evidence = parseEvidencePublic(unpackEvidence(row.evidence).public);
    for (const author of evidence.authorSignatures) keys.add(toHex(author.publicKey));
  }

  #holds(index: number, cid: Uint8Array): boolean {
    const row = this.#journal.readEntry(index);
    if (!row || !isReadableFact(row)) return false;
    return toHex(hashFact(row.body)) === toHex(cid);
  }

  #loadSegments(segments: number): { filter: CidFilter; from: number } {
    const from = CidFilter.segmentStart(segments);
    const filter = new CidFilter(from);
    for (let segment = 0; segment < segments; segment++) {
      const stored = this.#journal.readFilterSegment(segment);
      // An epoch entry may have ended a segment without storing it: its facts are hashed again.
      if (stored) filter.load(stored);
      else filter.restore(segment, this.#fingerprint(segment));
    }
    return { filter, from };
  }

  #fingerprint(segment: number): Uint8Array {
    const end = CidFilter.segmentStart(segment + 1);
    const heads: Uint8Array[] = [];
    for (let at = CidFilter.segmentStart(segment); at < end; at += SCAN_ROWS) {
      for (const row of this.#journal.readEntries(at, Math.min(SCAN_ROWS, end - at))) {
        if (isReadableFact(row)) heads.push(hashFact(row.body).subarray(0, 4));
      }
    }
    return concatBytes(...heads);
  }

  #loadTail(filterFrom: number, size: number): void {
    for (let at = Math.min(filterFrom, this.#indexed); at < size; at += SCAN_ROWS) {
      for (const row of this.#journal.readEntries(at, SCAN_ROWS)) this.#loadRow(row, filterFrom);
    }
  }

  #loadRow(row: EntryRow, filterFrom: number): void {
    const isRecent = row.index >= this.#indexed;
    if (isReadableFact(row)) {
      const cid = hashFact(row.body);
      if (row.index >= filterFrom) this.#filter.add(cid, 0, row.index);
      if (isRecent) this.#recent.add(cid, 0, { index: row.index, indexed: this.#indexed });
      return;
    }
    if (!isRecent || row.body.length === 0) return;
    const end = endSpokenOf(row);
    if (end && !this.#ends.has(end.target)) {
      this.#ends.set(end.target, { index: row.index, code: end.code });
    }
    this.#loadEndorsement(row);
  }

  #loadEndorsement(row: EntryRow): void {
    if (kindOf(row) !== ENTRY_KINDS.endorsement) return;
    const evidence = parseEvidencePublic(unpackEvidence(row.evidence).public);
    const body = parseBody("endorsement", row.body);
    this.addEndorsers(
      Number(body.index),
      row.index,
      evidence.authorSignatures.map((author) => author.publicKey),
    );
  }
}

function isReadableFact(row: EntryRow): boolean {
  return row.body.length > 0 && kindOf(row) === ENTRY_KINDS.fact;
}

function endSpokenOf(row: EntryRow): { target: number; code: EndOfFact["code"] } | undefined {
  const kind = kindOf(row);
  if (kind === ENTRY_KINDS.retraction) {
    const body = parseBody("retraction", row.body);
    return { target: Number(body.index), code: "FACT_RETRACTED" };
  }
  if (kind === ENTRY_KINDS.redaction) {
    const body = parseBody("redaction", row.body);
    return { target: Number(body.index), code: "FACT_REDACTED" };
  }
  return undefined;
}

/** Undefined for a leaf that somebody cut: its read and verify say so, open goes on. */
function kindOf(row: EntryRow): number | undefined {
  return row.leaf.length === LEAF_BYTES ? row.leaf[1] : undefined;
}
