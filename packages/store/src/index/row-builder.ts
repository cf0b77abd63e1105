// Turns entries into index rows: from the packed facts of a commit, or from journal rows when
// catching up. Both ways give the same tokens.
import { ENTRY_KINDS, FACT_BYTES_MAX, parseBody, parseLeaf, text } from "@strongroom/protocol";
import { type PackedFacts, SPAN, SPAN_STRIDE } from "../commit/commit-request.ts";
import { packStored } from "../commit/pack-facts.ts";
import { scopeOfEntry } from "../commit/scope-of-entry.ts";
import type { EntryRow, IndexRow, JournalReader } from "../engine/port.ts";
import type { IndexPart, IndexWork } from "./index-work.ts";
import {
  blockOf,
  cidToken,
  endorsedToken,
  inBlock,
  kindToken,
  Terms,
  targetToken,
} from "./terms.ts";

const CACHED_MAX = 50_000;
type EntryPart = Extract<IndexPart, { type: "entry" }>;

export class RowBuilder {
  readonly #terms: Terms;
  readonly #textSearch: boolean;
  readonly #scopes = new Map<string, string>();
  readonly #relations = new Map<string, string>();
  readonly #sources = new Map<string, string>();
  #block = -1;

  constructor(termKey: Uint8Array, textSearch: boolean) {
    this.#terms = new Terms(termKey);
    this.#textSearch = textSearch;
  }

  ofWork(work: IndexWork): IndexRow[] {
    const rows: IndexRow[] = [];
    for (const part of work.parts) {
      if (part.type === "entry") rows.push(this.#entryRow(part));
      else this.#addFacts(rows, part.facts, part.indexes);
    }
    // An endorsement made within a batch of facts stands behind them: segments want order.
    return rows.sort((a, b) => a.index - b.index);
  }

  ofEntries(entries: readonly EntryRow[], journal: JournalReader): IndexRow[] {
    return entries.map((row) => this.#rowOfEntry(row, journal));
  }

  #addFacts(rows: IndexRow[], facts: PackedFacts, indexes: Float64Array): void {
    for (let i = 0; i < facts.count; i++) {
      const index = indexes[i] ?? -1;
      if (index >= 0) rows.push(this.#factRow(index, facts, i));
    }
  }

  #factRow(index: number, facts: PackedFacts, position: number): IndexRow {
    const { bytes, spans, cids } = facts;
    const at = position * SPAN_STRIDE;
    const part = (which: number): Uint8Array =>
      bytes.subarray(spans[at + which], spans[at + which + 1]);
    this.#enterBlock(index);
    const scope = part(SPAN.scopeStart);
    const entity = part(SPAN.entityStart);
    const relation = part(SPAN.relationStart);
    const source = text(part(SPAN.sourceStart));
    const terms = [
      cidToken(cids.subarray(position * 32, position * 32 + 32)),
      this.#cached(this.#scopes, text(scope), this.#scopeTokens),
      this.#terms.entityOfBytes(entity),
      this.#cached(this.#relations, text(relation), this.#relationTokens),
      this.#terms.tripleOfBytes(scope, entity, relation),
    ];
    if (source !== "") terms.push(this.#cached(this.#sources, source, this.#sourceTokens));
    const row: IndexRow = { index, terms: terms.join(" ") };
    const words = part(SPAN.textStart);
    if (this.#textSearch && words.length > 0) row.text = text(words);
    return row;
  }

  #entryRow(part: EntryPart): IndexRow {
    this.#enterBlock(part.index);
    const kind = kindToken(part.kind);
    const terms = [kind, inBlock(kind, this.#block)];
    if (part.scope) terms.push(this.#cached(this.#scopes, part.scope, this.#scopeTokens));
    if (part.ends !== undefined) terms.push(targetToken(part.ends));
    if (part.endorses !== undefined) terms.push(endorsedToken(part.endorses));
    return { index: part.index, terms: terms.join(" ") };
  }

  #rowOfEntry(row: EntryRow, journal: JournalReader): IndexRow {
    const { kind } = parseLeaf(row.leaf);
    if (kind === ENTRY_KINDS.fact && row.body.length > 0) {
      return this.#factRow(row.index, packStored(row.body, FACT_BYTES_MAX), 0);
    }
    const part: EntryPart = { type: "entry", index: row.index, kind };
    if (row.body.length > 0) {
      part.scope = scopeOfEntry(row, journal);
      if (kind === ENTRY_KINDS.retraction) part.ends = targetOf("retraction", row);
      if (kind === ENTRY_KINDS.redaction) part.ends = targetOf("redaction", row);
      if (kind === ENTRY_KINDS.endorsement) part.endorses = targetOf("endorsement", row);
    }
    return this.#entryRow(part);
  }

  /** Cached tokens hold the block number. */
  #enterBlock(index: number): void {
    const block = blockOf(index);
    if (block === this.#block) return;
    this.#block = block;
    this.#scopes.clear();
    this.#relations.clear();
    this.#sources.clear();
  }

  #cached(cache: Map<string, string>, term: string, make: (term: string) => string): string {
    const known = cache.get(term);
    if (known !== undefined) return known;
    const made = make(term);
    if (cache.size < CACHED_MAX) cache.set(term, made);
    return made;
  }

  readonly #scopeTokens = (scope: string): string => this.#terms.scopeGroup(scope, this.#block);
  readonly #relationTokens = (relation: string): string =>
    this.#withBlock(this.#terms.relation(relation));
  readonly #sourceTokens = (source: string): string => this.#withBlock(this.#terms.source(source));

  #withBlock(token: string): string {
    return `${token} ${inBlock(token, this.#block)}`;
  }
}

function targetOf(kind: "retraction" | "redaction" | "endorsement", row: EntryRow): number {
  return Number(parseBody(kind, row.body).index);
}
