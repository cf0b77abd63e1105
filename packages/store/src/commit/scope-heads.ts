// The newest entry of each scope: where the next entry of that scope links to. Heads in use are
// kept here; another one is found through the index, whose tail was read from the journal's
// scope_head rows at open.
import { parseEvidencePublic, parseLeaf } from "@strongroom/protocol";
import { unpackEvidence } from "../engine/pack-evidence.ts";
import type { JournalReader, ScopeHead } from "../engine/port.ts";
import { scopeOfEntry } from "./scope-of-entry.ts";

const HEADS_MAX = 100_000;
/** Name of the chain of key events and epochs. */
export const CONTROL_SCOPE = "";

export interface ChainHead {
  index: number;
  scopeIndex: number;
  /** The leaf's evidence hash: what the next entry's scope_previous is. */
  evidence: Uint8Array;
}

export interface ScopeHeadSources {
  journal: JournalReader;
  /** Newest indexed entries of a scope, newest first. */
  newestOfScope(scope: string): number[];
}

export class ScopeHeads {
  readonly #heads = new Map<string, ChainHead>();
  readonly #sources: ScopeHeadSources;

  constructor(sources: ScopeHeadSources) {
    this.#sources = sources;
  }

  /** Reads what commits at or after `from` moved. */
  loadTail(from: number): void {
    const newest = new Map<string, ScopeHead>();
    for (let at = from; ; ) {
      const rows = this.#sources.journal.readScopeHeads(at, 1000);
      for (const row of rows) for (const head of row.heads) newest.set(head.scope, head);
      const last = rows.at(-1);
      if (!last) break;
      at = last.lastIndex + 1;
    }
    for (const [scope, head] of newest) this.#heads.set(scope, this.#read(head.index));
  }

  loadControl(): void {
    const newest = this.#sources.journal.readControl().at(-1);
    if (newest !== undefined) this.#heads.set(CONTROL_SCOPE, this.#read(newest));
  }

  get(scope: string): ChainHead | undefined {
    const known = this.#heads.get(scope);
    if (known || scope === CONTROL_SCOPE) return known;
    const found = this.#find(scope);
    if (found) this.#heads.set(scope, found);
    return found;
  }

  set(scope: string, head: ChainHead): void {
    this.#heads.set(scope, head);
  }

  /** Forgets heads that the index can give back. */
  trim(indexed: number): void {
    if (this.#heads.size <= HEADS_MAX) return;
    for (const [scope, head] of this.#heads) {
      if (this.#heads.size <= HEADS_MAX / 2) return;
      if (head.index < indexed && scope !== CONTROL_SCOPE) this.#heads.delete(scope);
    }
  }

  #find(scope: string): ChainHead | undefined {
    for (const index of this.#sources.newestOfScope(scope)) {
      const row = this.#sources.journal.readEntry(index);
      if (row && scopeOfEntry(row, this.#sources.journal) === scope) return this.#read(index);
    }
    return undefined;
  }

  #read(index: number): ChainHead {
    const row = this.#sources.journal.readEntry(index);
    if (!row) throw new Error(`scope head names entry ${index}, which is missing`);
    const evidence = parseEvidencePublic(unpackEvidence(row.evidence).public);
    return {
      index,
      scopeIndex: Number(evidence.scopeIndex),
      evidence: Uint8Array.from(parseLeaf(row.leaf).evidence),
    };
  }
}
