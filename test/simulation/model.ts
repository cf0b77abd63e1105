// What must be true of a store, in plain TypeScript: which entries may come into its log, and what
// every read then answers. It knows nothing of threads, files or indexes. Redactions (kind 3) and
// scope erasures (kind 10) will be admitted here once the store writes them; today they fail.
import assert from "node:assert/strict";
import { matchesScope } from "@strongroom/protocol";
import type { PlainEntry } from "./log-copy.ts";

/** A filter of a query, a search or a watch. */
export interface Filter {
  scope?: string;
  entity?: string;
  relation?: string;
  source?: string;
  fromMs?: number;
  untilMs?: number;
}

export interface ModelQuery extends Filter {
  view?: "current" | "history";
  asOfSize?: number;
  asOfMs?: number;
}

interface KnownFact {
  entry: PlainEntry;
  endedBy: number | undefined;
  /** Public keys that signed or endorsed it, with the index of the entry. */
  signers: Map<string, number>;
}

/** Something a caller asked to be written, which may or may not have come into the log. */
export type Asked =
  | { type: "fact"; cid: string; signers: readonly string[] }
  | { type: "retraction"; cid: string; reason: string }
  | { type: "key-event" };

export class Model {
  readonly entries: PlainEntry[] = [];
  readonly #facts = new Map<string, KnownFact>();
  readonly #takesAnything: boolean;
  #asked: Asked[] = [];

  /** With `takesAnything` it admits what nobody told it of, as long as the log may hold it. */
  constructor(options: { takesAnything?: boolean } = {}) {
    this.#takesAnything = options.takesAnything ?? false;
  }

  get size(): number {
    return this.entries.length;
  }

  /** Until settle(), an entry that does this may come into the log. */
  ask(asked: readonly Asked[]): void {
    this.#asked.push(...asked);
  }

  settle(): void {
    this.#asked = [];
  }

  isAskedMoreThanOnce(cid: string): boolean {
    return this.#asked.filter((one) => one.type === "fact" && one.cid === cid).length > 1;
  }

  /** A request whose answer was lost came into the log whole, or not at all. */
  checkWhole(request: readonly Asked[], startSize: number): void {
    const cids = request.flatMap((one) => (one.type === "fact" ? [one.cid] : []));
    const all = this.#asked.flatMap((one) => (one.type === "fact" ? [one.cid] : []));
    const times = (list: readonly string[], cid: string) => list.filter((c) => c === cid).length;
    const isIn = cids.some(
      (cid) =>
        times(all, cid) === times(cids, cid) && (this.fact(cid)?.entry.index ?? -1) >= startSize,
    );
    if (isIn) for (const cid of cids) assert.ok(this.fact(cid), "a request is committed whole");
  }

  fact(cid: string): KnownFact | undefined {
    return this.#facts.get(cid);
  }

  factAt(index: number): KnownFact | undefined {
    const entry = this.entries[index];
    return entry?.kind === "fact" ? this.#facts.get(entry.cid ?? "") : undefined;
  }

  /** Takes the next entry of the log, or fails because it must not be there. */
  admit(entry: PlainEntry): void {
    const what = `entry ${entry.index} (${entry.kind})`;
    assert.equal(entry.index, this.size, `${what} is the next one`);
    switch (entry.kind) {
      case "fact":
        this.#admitFact(entry, what);
        break;
      case "retraction":
        this.#admitRetraction(entry, what);
        break;
      case "endorsement":
        this.#admitEndorsement(entry, what);
        break;
      case "key-event":
        if (entry.index > 0) this.#requireAsked(what, (one) => one.type === "key-event");
        break;
      default:
        assert.fail(`${what}: nobody asked for it`);
    }
    this.entries.push(entry);
  }

  #admitFact(entry: PlainEntry, what: string): void {
    const cid = entry.cid ?? "";
    const known = this.#facts.get(cid);
    assert.equal(known?.entry.index, undefined, `${what}: its fact is there already`);
    const signed = entry.signers.join();
    this.#requireAsked(
      what,
      (one) => one.type === "fact" && one.cid === cid && one.signers.join() === signed,
    );
    const signers = new Map(entry.signers.map((key) => [key, entry.index]));
    this.#facts.set(cid, { entry, endedBy: undefined, signers });
  }

  #admitRetraction(entry: PlainEntry, what: string): void {
    const { cid = "", reason } = entry;
    const known = this.#requireTarget(entry, what);
    this.#requireAsked(
      what,
      (one) => one.type === "retraction" && one.cid === cid && one.reason === reason,
    );
    known.endedBy = entry.index;
  }

  #admitEndorsement(entry: PlainEntry, what: string): void {
    const { cid = "", signers } = entry;
    const known = this.#requireTarget(entry, what);
    assert.ok(signers.length > 0, `${what}: somebody signs`);
    for (const key of signers) assert.ok(!known.signers.has(key), `${what}: its signer is new`);
    this.#requireAsked(what, (one) => {
      return (
        one.type === "fact" && one.cid === cid && signers.every((s) => one.signers.includes(s))
      );
    });
    for (const key of signers) known.signers.set(key, entry.index);
  }

  #requireTarget(entry: PlainEntry, what: string): KnownFact {
    const known = this.#facts.get(entry.cid ?? "");
    assert.ok(known, `${what}: its fact is there`);
    assert.equal(known.entry.index, entry.target, `${what}: it names its fact's entry`);
    assert.equal(known.entry.scope, entry.scope, `${what}: it is of its fact's scope`);
    assert.equal(known.endedBy, undefined, `${what}: its fact is not retracted yet`);
    return known;
  }

  #requireAsked(what: string, isIt: (one: Asked) => boolean): void {
    assert.ok(this.#takesAnything || this.#asked.some(isIt), `${what}: nobody asked for it`);
  }

  /** Number of entries at or before a time. */
  sizeAt(timeMs: number): number {
    return this.entries.filter((entry) => entry.timeMs <= timeMs).length;
  }

  /** The entry that had ended a fact by a size. */
  endOf(index: number, size: number): number | undefined {
    const endedBy = this.factAt(index)?.endedBy;
    return endedBy !== undefined && endedBy < size ? endedBy : undefined;
  }

  /** What a query as of a log of `size` at `nowMs` answers, newest first. */
  query(
    query: ModelQuery,
    at: { size: number; nowMs: number; scopes: readonly string[] | undefined },
  ): { facts: PlainEntry[]; asOfSize: number } {
    const ofTime = query.asOfMs === undefined ? at.size : this.sizeAt(query.asOfMs);
    const asOfSize = Math.min(query.asOfSize ?? at.size, ofTime, at.size);
    const sizeMs = this.entries[(query.asOfSize ?? 0) - 1]?.timeMs ?? 0;
    const nowMs = query.asOfMs ?? (query.asOfSize === undefined ? at.nowMs : sizeMs);
    const met = new Set<string>();
    const facts: PlainEntry[] = [];
    for (let index = asOfSize - 1; index >= 0; index--) {
      const entry = this.entries[index];
      if (!entry?.fact) continue;
      const { scope, entity, relation, validUntilMs } = entry.fact;
      const triple = JSON.stringify([scope, entity, relation]);
      const isNewest = !met.has(triple);
      met.add(triple);
      const isOver = this.endOf(index, asOfSize) !== undefined || validUntilMs <= nowMs;
      if ((query.view ?? "current") === "current" && (!isNewest || isOver)) continue;
      if (isWanted(entry, query, at.scopes)) facts.push(entry);
    }
    return { facts, asOfSize };
  }

  /** What a watch of [from, until) tells. */
  events(filter: Filter, range: { from: number; until: number; scopes?: readonly string[] }) {
    return this.entries.slice(range.from, range.until).filter((entry) => {
      if (entry.kind !== "fact" && entry.kind !== "retraction") return false;
      if (!isOfTime(entry, filter)) return false;
      const fact = entry.kind === "fact" ? entry : this.entries[entry.target ?? -1];
      return fact !== undefined && isWanted(fact, { ...filter, ...ANY_TIME }, range.scopes);
    });
  }

  /** Entries that a caller with these scopes sees. */
  visible(from: number, until: number, scopes: readonly string[] | undefined): PlainEntry[] {
    return this.entries
      .slice(from, until)
      .filter(
        ({ scope }) =>
          scopes === undefined ||
          (scope !== undefined && scopes.some((pattern) => matchesScope(pattern, scope))),
      );
  }
}

const ANY_TIME = { fromMs: 0, untilMs: Number.MAX_SAFE_INTEGER };

function isOfTime({ timeMs }: PlainEntry, { fromMs = 0, untilMs = Infinity }: Filter): boolean {
  return timeMs >= fromMs && timeMs < untilMs;
}

function isWanted(
  entry: PlainEntry,
  filter: Filter,
  scopes: readonly string[] | undefined,
): boolean {
  const { fact } = entry;
  if (!fact) return false;
  const is = (wanted: string | undefined, has: string): boolean =>
    wanted === undefined || wanted === has;
  return (
    (filter.scope === undefined || matchesScope(filter.scope, fact.scope)) &&
    (scopes === undefined || scopes.some((pattern) => matchesScope(pattern, fact.scope))) &&
    is(filter.entity, fact.entity) &&
    is(filter.relation, fact.relation) &&
    is(filter.source, fact.source) &&
    isOfTime(entry, filter)
  );
}
