// The current view (formats.md §3): of each scope, entity and relation the newest entry as of a
// size. If that one is ended or expired there is none; nothing older comes back.
import { ENTRY_KINDS, FACT_BYTES_MAX, type FactSpans, scanFact } from "@strongroom/protocol";
import type { EntryRow } from "../../engine/port.ts";
import { decodeText, kindOf } from "../entry-fields.ts";
import type { Reader, ReadView } from "../reader-context.ts";

const HITS_MAX = 16;

/**
 * How facts come by. "whole": every entry of a triple as of the view's size, newest first, so that
 * the first one met is the newest and nothing need be looked up. "descending": newest first, but
 * not all. "any": in any order.
 */
export type WalkOrder = "whole" | "descending" | "any";

export class CurrentView {
  readonly #reader: Reader;
  readonly #view: ReadView;
  readonly #walk: WalkOrder;
  /** Triples met so far on this page. */
  readonly #met = new Set<string>();

  constructor(reader: Reader, view: ReadView, walk: WalkOrder) {
    this.#reader = reader;
    this.#view = view;
    this.#walk = walk;
  }

  /** Whether the fact is the newest of its triple. */
  isNewest(row: EntryRow, spans: FactSpans): boolean {
    const key = tripleKey(row.body, spans);
    if (this.#walk === "any") return !this.#hasNewer(row, spans, key);
    if (this.#met.has(key)) return false;
    this.#met.add(key);
    return this.#walk === "whole" || !this.#hasNewer(row, spans, key);
  }

  #hasNewer(row: EntryRow, spans: FactSpans, key: string): boolean {
    const { body } = row;
    const scope = decodeText(body, spans.scopeStart, spans.scopeEnd);
    const entity = decodeText(body, spans.entityStart, spans.entityEnd);
    const relation = decodeText(body, spans.relationStart, spans.relationEnd);
    const [newestInTail = -1] = this.#reader.tail.findFacts(
      this.#view.below,
      (fact) => fact.entity === entity && fact.relation === relation && fact.scope === scope,
    );
    if (newestInTail > row.index) return true;
    const below = Math.min(this.#view.indexed, this.#view.below);
    const tokens = [this.#reader.terms.triple(scope, entity, relation)];
    const hits = this.#reader.index.newest(tokens, { below, limit: HITS_MAX });
    return hits.some((index) => index > row.index && this.#isOfTriple(index, key));
  }

  // A newer entry that cannot be read as a fact was erased or edited: either way the triple's
  // newest entry is not this one.
  #isOfTriple(index: number, key: string): boolean {
    const row = this.#reader.journal.readEntry(index);
    if (!row || kindOf(row.leaf) !== ENTRY_KINDS.fact || row.body.length === 0) return true;
    try {
      return tripleKey(row.body, scanFact(row.body, { bytesMax: FACT_BYTES_MAX })) === key;
    } catch {
      return true;
    }
  }
}

function tripleKey(body: Uint8Array, spans: FactSpans): string {
  const scope = decodeText(body, spans.scopeStart, spans.scopeEnd);
  const entity = decodeText(body, spans.entityStart, spans.entityEnd);
  const relation = decodeText(body, spans.relationStart, spans.relationEnd);
  // The length keeps apart what two strings side by side would not.
  return `${scope} ${entity.length} ${entity}${relation}`;
}
