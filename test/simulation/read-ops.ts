// Operations that read, and what must be true of their answers. A page says of which size of the
// log it is, so its answer is exact whatever was appended beside it.
import assert from "node:assert/strict";
import { toHex } from "@strongroom/protocol";
import type {
  EntryKey,
  LogEntry,
  Query,
  SearchPage,
  StoredFact,
  WatchEvent,
} from "@strongroom/store";
import type { Filter, ModelQuery } from "./model.ts";
import { count, type Group, type Outcome, type PreparedOp, type RunState } from "./prepared-op.ts";
import type { QuerySpec } from "./program.ts";
import { allowedScopesOf, scopePatternOf, sourceOf, WORDS } from "./world.ts";

const CATCH_UP_ROUNDS = 200;

export function prepareGet(
  state: RunState,
  wanted: { key: EntryKey; proven: boolean },
): PreparedOp {
  const { key, proven } = wanted;
  const verify = proven ? "inclusion" : "body";
  return {
    asked: [],
    start: () => state.link.call("get", key, { verify }),
    check({ value, error }: Outcome<StoredFact>, group) {
      count(state, "gets");
      const entry =
        "cid" in key ? state.model.fact(toHex(key.cid))?.entry : state.model.entries[key.index];
      if (error === "NOT_FOUND") {
        assert.ok(!entry || entry.index >= group.startSize, "what is there is found");
      } else if (error === "NOT_A_FACT") {
        assert.notEqual(entry?.kind, "fact");
      } else {
        assert.equal(error, undefined, `get refused as ${error}`);
        checkFact(state, value as StoredFact, group);
        assert.equal(value?.index, entry?.index);
        assert.equal(value?.verified, verify);
      }
    },
  };
}

interface Paged {
  pages: { facts: StoredFact[]; treeSize: number }[];
  nowMs: number;
}

export function prepareQuery(state: RunState, spec: QuerySpec): PreparedOp {
  const query = queryOf(state, spec);
  const scopes = allowedScopesOf(spec.scopes);
  const pageSize = spec.pageSize + 1;
  const start = async (): Promise<Paged> => {
    const nowMs = Date.now();
    const pages: Paged["pages"] = [];
    let pageToken = "";
    do {
      const page = await state.link.call("queryPage", {
        ...query,
        pageSize,
        pageToken,
        principal: "p",
        ...(scopes ? { scopes } : {}),
      });
      pages.push(page);
      pageToken = page.nextPageToken;
    } while (pageToken !== "");
    return { pages, nowMs };
  };
  return {
    asked: [],
    start,
    check({ value, error }: Outcome<Paged>, group) {
      assert.equal(error, undefined, `query refused as ${error}`);
      const { pages, nowMs } = value as Paged;
      const size = pages[0]?.treeSize ?? -1;
      checkSize(size, group);
      for (const page of pages) {
        assert.equal(page.treeSize, size, "all pages are of one size");
        assert.ok(page.facts.length <= pageSize);
      }
      const found = pages.flatMap((page) => page.facts);
      const expected = state.model.query(query as ModelQuery, { size, nowMs, scopes });
      assert.deepEqual(
        found.map((fact) => fact.index),
        expected.facts.map((entry) => entry.index),
        `what ${JSON.stringify(query)} finds at size ${size}`,
      );
      const at = { startSize: expected.asOfSize, endSize: expected.asOfSize };
      for (const fact of found) checkFact(state, fact, { ...group, ...at });
      count(state, "pages", pages.length);
    },
  };
}

export function prepareSearch(state: RunState, spec: QuerySpec, word: number): PreparedOp {
  const text = WORDS[word] ?? "alpha";
  const query = queryOf(state, spec);
  const scopes = allowedScopesOf(spec.scopes);
  const request = { ...query, text, pageSize: 1000, ...(scopes ? { scopes } : {}) };
  let nowMs = 0;
  return {
    asked: [],
    start: () => {
      nowMs = Date.now();
      return state.link.call("search", request);
    },
    check({ value, error }: Outcome<SearchPage>, group) {
      if (!state.plan.config.textSearch) return assert.equal(error, "TEXT_SEARCH_DISABLED");
      assert.equal(error, undefined, `search refused as ${error}`);
      const { hits, treeSize, nextPageToken } = value as SearchPage;
      assert.ok(treeSize <= group.endSize);
      if (nextPageToken !== "") return;
      const { facts } = state.model.query(query as ModelQuery, { size: treeSize, nowMs, scopes });
      const wanted = facts.filter((entry) => wordsOf(entry.fact?.text).includes(plain(text)));
      const order = (a: number, b: number) => a - b;
      assert.deepEqual(
        hits.map((hit) => hit.fact.index).sort(order),
        wanted.map((entry) => entry.index).sort(order),
        `what ${JSON.stringify(request)} finds at size ${treeSize}`,
      );
      hits.every((hit, i) =>
        assert.ok(hit.score <= (hits[i - 1]?.score ?? hit.score), "best first"),
      );
      count(state, "searches");
    },
  };
}

export function prepareWatch(state: RunState, spec: QuerySpec, from: number): PreparedOp {
  const size = state.model.size;
  const fromIndex = from % (size + 1);
  const scopes = allowedScopesOf(spec.scopes);
  const filter = filterOf(state, spec);
  const start = async (): Promise<WatchEvent[]> => {
    const events: WatchEvent[] = [];
    const options = { fromIndex, untilHead: true, filter, ...(scopes ? { scopes } : {}) };
    for await (const event of state.link.watch(options)) events.push(event);
    return events;
  };
  return {
    asked: [],
    start,
    check({ value, error }: Outcome<WatchEvent[]>, group) {
      assert.equal(error, undefined, `watch refused as ${error}`);
      const events = value as WatchEvent[];
      const until = Math.max(...events.map((event) => event.nextIndex), fromIndex);
      assert.ok(until >= group.startSize && until <= group.endSize, `watched to ${until}`);
      const range = { from: fromIndex, until, ...(scopes ? { scopes } : {}) };
      checkEvents(state, events, { filter, range });
    },
  };
}

/** Every event that is due came once and in order, and no other. */
export function checkEvents(
  state: RunState,
  events: readonly WatchEvent[],
  due: { filter: Filter; range: { from: number; until: number; scopes?: readonly string[] } },
): void {
  const told = events.flatMap((event) => {
    if (event.type === "progress") return [];
    return [event.type === "fact" ? event.fact.index : event.index];
  });
  const expected = state.model.events(due.filter, due.range).map((entry) => entry.index);
  assert.deepEqual(told, expected, `events of ${JSON.stringify(due)}`);
  for (const event of events) {
    if (event.type === "progress") continue;
    const entry = state.model.entries[event.type === "fact" ? event.fact.index : event.index];
    if (event.type === "fact") {
      assert.equal(toHex(event.fact.bytes), toHex(entry?.body ?? new Uint8Array(1)));
      assert.equal(event.fact.state, "active", "a watch tells facts as they were appended");
    } else {
      assert.equal(event.factIndex, entry?.target);
      assert.equal(event.reason, entry?.reason);
    }
  }
  count(state, "events", told.length);
}

export function prepareEntries(
  state: RunState,
  range: { from: number; until: number; scopes: readonly string[] | undefined },
): PreparedOp {
  const { from, until, scopes } = range;
  const start = async (): Promise<LogEntry[]> => {
    const found: LogEntry[] = [];
    for (let at = from; at < until; ) {
      const page = await state.link.call("readEntries", {
        from: at,
        until,
        limit: 7,
        bodies: true,
        privateEvidence: false,
        ...(scopes ? { scopes } : {}),
      });
      found.push(...page.entries);
      if (page.next <= at) break;
      at = page.next;
    }
    return found;
  };
  return {
    asked: [],
    start,
    check({ value, error }: Outcome<LogEntry[]>) {
      assert.equal(error, undefined, `reading entries refused as ${error}`);
      const found = value as LogEntry[];
      const expected = state.model.visible(from, until, scopes);
      assert.deepEqual(
        found.map((entry) => entry.index),
        expected.map((entry) => entry.index),
      );
      for (const entry of found) {
        assert.equal(
          toHex(entry.leaf),
          toHex(state.model.entries[entry.index]?.leaf ?? entry.body),
        );
        assert.equal(entry.evidencePrivate.length, 0, "private evidence is for auditors");
      }
    },
  };
}

/** The store's live watch has told all there was to tell. */
export async function untilCaughtUp(reached: () => number, size: number): Promise<void> {
  for (let round = 0; reached() < size; round++) {
    assert.ok(round < CATCH_UP_ROUNDS, `a watch stands at ${reached()} of ${size}`);
    await new Promise((resolve) => setTimeout(resolve, round < 20 ? 1 : 25));
  }
}

function checkFact(state: RunState, fact: StoredFact, group: Group): void {
  const known = state.model.factAt(fact.index);
  assert.ok(known, `entry ${fact.index} is a fact`);
  assert.equal(toHex(fact.bytes), toHex(known.entry.body));
  assert.equal(toHex(fact.cid), known.entry.cid);
  assert.equal(fact.appendedAtMs, known.entry.timeMs);
  assert.deepEqual(
    fact.authors.map((key) => toHex(key)),
    known.entry.signers,
  );
  const { endedBy } = known;
  if (fact.state === "active") {
    assert.ok(endedBy === undefined || endedBy >= group.startSize, `${fact.index} is retracted`);
  } else {
    assert.equal(fact.state, "retracted");
    assert.equal(fact.endedByIndex, endedBy);
    assert.ok((endedBy ?? Infinity) < group.endSize, `${fact.index} is not retracted yet`);
  }
}

function checkSize(size: number, group: Group): void {
  assert.ok(size >= group.startSize && size <= group.endSize, `a page of size ${size}`);
}

function filterOf(state: RunState, spec: QuerySpec): Filter {
  const scope = scopePatternOf(spec.scope);
  const source = sourceOf(spec.source);
  const time = (pick: number): number => {
    const { entries } = state.model;
    return entries[pick % Math.max(entries.length, 1)]?.timeMs ?? 0;
  };
  return {
    ...(scope === undefined ? {} : { scope }),
    ...(spec.entity > 3 ? {} : { entity: `e${spec.entity}` }),
    ...(spec.relation > 1 ? {} : { relation: `r${spec.relation}` }),
    ...(source === undefined ? {} : { source }),
    ...(spec.window === 1 || spec.window === 3 ? { fromMs: time(spec.from) } : {}),
    ...(spec.window === 2 || spec.window === 3 ? { untilMs: time(spec.until) + 1 } : {}),
  };
}

function queryOf(state: RunState, spec: QuerySpec): Query {
  const { size, entries } = state.model;
  const index = spec.asOfPick % Math.max(size, 1);
  return {
    ...filterOf(state, spec),
    view: spec.current ? "current" : "history",
    verify: spec.proven ? "inclusion" : "body",
    ...(spec.asOf === 1 || spec.asOf === 3 ? { asOfSize: spec.asOfPick % (size + 1) } : {}),
    ...(spec.asOf === 2 || spec.asOf === 3 ? { asOfMs: entries[index]?.timeMs ?? 0 } : {}),
  };
}

function wordsOf(text: string | undefined): string[] {
  return plain(text ?? "").split(/[^a-z0-9]+/);
}

function plain(text: string): string {
  return text.normalize("NFD").replaceAll(/\p{M}/gu, "").toLowerCase();
}
