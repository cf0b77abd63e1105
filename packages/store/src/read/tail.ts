// The entries that the index does not hold yet, between its cursor and the signed head. Each is
// read once per thread and kept until the cursor has passed it, so that a read right after an
// append finds it without scanning the journal again.
import { ENTRY_KINDS, FACT_BYTES_MAX, hashFact, parseBody, scanFact } from "@strongroom/protocol";
import type { EntryRow, JournalReader } from "../engine/port.ts";
import { StoreError } from "../errors.ts";
import { decodeText, kindOf } from "./entry-fields.ts";

/** Commits wait when the index is 20,000 behind; more means that it is being rebuilt. */
const TAIL_MAX = 65_536;
const READ_ROWS = 512;

export interface TailFact {
  scope: string;
  entity: string;
  relation: string;
  source: string;
}

interface TailEntry {
  index: number;
  /** First 48 bits of the content id; −1 for other kinds. */
  cidHead: number;
  fact: TailFact | undefined;
  /** Index of the entry that a retraction or redaction ends; −1 for other kinds. */
  ends: number;
}

export class Tail {
  readonly #journal: JournalReader;
  #entries: TailEntry[] = [];
  #start = 0;
  #end = 0;

  constructor(journal: JournalReader) {
    this.#journal = journal;
  }

  /** Makes the tail hold [cursor, treeSize). Throws UNAVAILABLE while the index is rebuilt. */
  advance(cursor: number, treeSize: number): void {
    if (treeSize - cursor > TAIL_MAX) {
      throw new StoreError("UNAVAILABLE", "read by term: the index is being rebuilt", {
        metadata: { indexed: String(cursor), treeSize: String(treeSize) },
      });
    }
    if (cursor < this.#start || cursor > this.#end) {
      this.#entries = [];
      this.#end = cursor;
    } else if (cursor > this.#start) {
      this.#entries = this.#entries.slice(cursor - this.#start);
    }
    this.#start = cursor;
    while (this.#end < treeSize) this.#read(Math.min(READ_ROWS, treeSize - this.#end));
  }

  /** Indexes below `below` of facts that may have this content id, newest first. */
  findCid(cid: Uint8Array, below: number): number[] {
    const head = headOf(cid);
    return this.#newest(below, (entry) => entry.cidHead === head);
  }

  /** Indexes below `below` of facts that match, newest first. */
  findFacts(below: number, matches: (fact: TailFact) => boolean): number[] {
    return this.#newest(below, (entry) => entry.fact !== undefined && matches(entry.fact));
  }

  /** Entries below `below` that end `target`, oldest first. */
  findEnds(target: number, below: number): number[] {
    return this.#newest(below, (entry) => entry.ends === target).reverse();
  }

  /** Newest entry below `below` that ends any other; −1 if there is none. */
  newestEnd(below: number): number {
    return this.#newest(below, (entry) => entry.ends >= 0)[0] ?? -1;
  }

  #newest(below: number, matches: (entry: TailEntry) => boolean): number[] {
    const found: number[] = [];
    for (let i = Math.min(this.#entries.length, below - this.#start) - 1; i >= 0; i--) {
      const entry = this.#entries[i];
      if (entry && matches(entry)) found.push(entry.index);
    }
    return found;
  }

  #read(limit: number): void {
    const end = this.#end + limit;
    for (const row of this.#journal.readEntries(this.#end, limit)) {
      // A missing entry keeps its place: positions are indexes.
      while (this.#end < row.index) this.#entries.push(emptyEntry(this.#end++));
      this.#entries.push(toTailEntry(row));
      this.#end++;
    }
    while (this.#end < end) this.#entries.push(emptyEntry(this.#end++));
  }
}

function emptyEntry(index: number): TailEntry {
  return { index, cidHead: -1, fact: undefined, ends: -1 };
}

function toTailEntry(row: EntryRow): TailEntry {
  const entry = emptyEntry(row.index);
  if (row.body.length === 0) return entry;
  try {
    const kind = kindOf(row.leaf);
    if (kind === ENTRY_KINDS.fact) {
      entry.cidHead = headOf(hashFact(row.body));
      entry.fact = toTailFact(row.body);
    } else if (kind === ENTRY_KINDS.retraction) {
      entry.ends = Number(parseBody("retraction", row.body).index);
    } else if (kind === ENTRY_KINDS.redaction) {
      entry.ends = Number(parseBody("redaction", row.body).index);
    }
  } catch {
    // An edited body: whoever asks for the entry itself is told so.
  }
  return entry;
}

function toTailFact(body: Uint8Array): TailFact {
  const spans = scanFact(body, { bytesMax: FACT_BYTES_MAX });
  return {
    scope: decodeText(body, spans.scopeStart, spans.scopeEnd),
    entity: decodeText(body, spans.entityStart, spans.entityEnd),
    relation: decodeText(body, spans.relationStart, spans.relationEnd),
    source: decodeText(body, spans.sourceStart, spans.sourceEnd),
  };
}

function headOf(cid: Uint8Array): number {
  let head = 0;
  for (let i = 0; i < 6; i++) head = head * 256 + (cid[i] ?? 0);
  return head;
}
