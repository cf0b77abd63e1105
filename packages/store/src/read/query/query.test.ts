import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { encodeFact, hashFact, matchesScope, parseBody, parseFact } from "@strongroom/protocol";
import { StoreError } from "../../errors.ts";
import { openStore, type Store } from "../../index.ts";
import { testCipher } from "../../testing/temp-store.ts";
import type { Query, StoredFact } from "../../types.ts";
import { kindOf, timeOf } from "../entry-fields.ts";

const context = { principal: "tester", requestId: "r1", peer: "local" };
const SCOPES = ["team", "team/a", "team/a/x", "team/b", "other"];
const root = mkdtempSync(join(tmpdir(), "strongroom-query-"));
const key = testCipher === "none" ? "none://" : new Uint8Array(randomBytes(32));

interface ModelFact {
  index: number;
  timeMs: number;
  cid: string;
  scope: string;
  entity: string;
  relation: string;
  source: string;
  validUntilMs: number;
  endedBy: number;
}

let store: Store;
let model: ModelFact[];

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

function factOf(i: number): Uint8Array {
  const pick = (n: number, salt: number): number => Math.imul(i + salt, 2654435761) % n;
  const validUntil =
    i % 11 === 0 ? { seconds: BigInt(i % 22 === 0 ? 1 : 4_000_000_000) } : undefined;
  return encodeFact({
    scope: SCOPES[Math.abs(pick(SCOPES.length, 1))] ?? "team",
    entity: `user:${Math.abs(pick(40, 2))}`,
    relation: `r${Math.abs(pick(3, 3))}`,
    value: { case: "text", value: `number ${i} ${i % 50 === 0 ? "aardvark" : "badger"}` },
    source: i % 3 === 0 ? "" : `s${i % 4}`,
    ...(validUntil ? { validUntil: { seconds: validUntil.seconds, nanos: 0 } } : {}),
    nonce: new Uint8Array(randomBytes(16)),
  });
}

// The same log read as plain entries: what queries are compared with.
async function readModel(from: Store): Promise<ModelFact[]> {
  const facts = new Map<number, ModelFact>();
  for (let at = 0; at < from.head().size; ) {
    const { entries, next } = await from.readEntries({
      from: at,
      limit: 1000,
      bodies: true,
      privateEvidence: false,
    });
    for (const entry of entries) {
      const kind = kindOf(entry.leaf);
      if (kind === 2) {
        const target = facts.get(Number(parseBody("retraction", entry.body).index));
        if (target && target.endedBy < 0) target.endedBy = entry.index;
      }
      if (kind !== 1) continue;
      const fact = parseFact(entry.body);
      const { scope, entity, relation, source } = fact;
      const until = fact.validUntil;
      facts.set(entry.index, {
        index: entry.index,
        timeMs: timeOf(entry.leaf),
        cid: hex(hashFact(entry.body)),
        ...{ scope, entity, relation, source },
        validUntilMs: until ? Number(until.seconds) * 1000 : Number.NaN,
        endedBy: -1,
      });
    }
    at = next;
  }
  return [...facts.values()].reverse();
}

function expected(query: Query, scopes?: readonly string[]): number[] {
  const size = store.head().size;
  const ofTime = query.asOfMs === undefined ? size : countUntil(query.asOfMs);
  const asOf = Math.min(query.asOfSize ?? size, ofTime);
  const nowMs = query.asOfMs ?? (query.asOfSize === undefined ? Date.now() : timeBefore(asOf));
  const seen = new Set<string>();
  const found: number[] = [];
  for (const fact of model) {
    if (fact.index >= asOf) continue;
    const triple = [fact.scope, fact.entity, fact.relation].join("\n");
    const isNewest = !seen.has(triple);
    seen.add(triple);
    const isEnded = fact.endedBy >= 0 && fact.endedBy < asOf;
    const isCurrent = isNewest && !isEnded && !(fact.validUntilMs <= nowMs);
    if ((query.view ?? "current") === "current" && !isCurrent) continue;
    if (matches(fact, query, scopes)) found.push(fact.index);
  }
  return found;
}

function matches(fact: ModelFact, query: Query, scopes?: readonly string[]): boolean {
  return (
    (query.scope === undefined || matchesScope(query.scope, fact.scope)) &&
    (scopes === undefined || scopes.some((pattern) => matchesScope(pattern, fact.scope))) &&
    (query.entity === undefined || fact.entity === query.entity) &&
    (query.relation === undefined || fact.relation === query.relation) &&
    (query.source === undefined || fact.source === query.source) &&
    (query.fromMs === undefined || fact.timeMs >= query.fromMs) &&
    (query.untilMs === undefined || fact.timeMs < query.untilMs)
  );
}

const times: number[] = [];
function countUntil(timeMs: number): number {
  return times.filter((time) => time <= timeMs).length;
}
function timeBefore(size: number): number {
  return times[size - 1] ?? 0;
}

async function pages(query: Query, pageSize: number, scopes?: readonly string[]) {
  const facts: StoredFact[] = [];
  let pageToken = "";
  do {
    const page = await store.queryPage({
      ...query,
      pageSize,
      pageToken,
      principal: "p",
      ...(scopes ? { scopes } : {}),
    });
    assert.ok(page.facts.length <= pageSize);
    facts.push(...page.facts);
    pageToken = page.nextPageToken;
  } while (pageToken !== "");
  return facts;
}

function code(expectedCode: string) {
  return (reason: unknown): boolean => reason instanceof StoreError && reason.code === expectedCode;
}

before(async () => {
  store = await openStore({ path: join(root, "store"), key, cipher: testCipher, textSearch: true });
  for (let i = 0; i < 3000; i += 300) {
    const facts = Array.from({ length: 300 }, (_, k) => ({ bytes: factOf(i + k) }));
    await store.appendBatch(facts, context);
    for (const k of [1, 44, 150]) {
      const bytes = facts[k]?.bytes;
      if (bytes) await store.retract({ cid: hashFact(bytes), reason: "wrong" }, context);
    }
    await new Promise((resolve) => setTimeout(resolve, 4));
  }
  model = await readModel(store);
  for (let at = 0; at < store.head().size; ) {
    const range = { from: at, limit: 4096, bodies: false, privateEvidence: false };
    const { entries, next } = await store.readEntries(range);
    times.push(...entries.map((entry) => timeOf(entry.leaf)));
    at = next;
  }
});

after(async () => {
  await store.close();
  rmSync(root, { recursive: true, force: true });
});

describe(`query (${testCipher})`, () => {
  test("answers what a plain walk of the log answers, for every filter and page size", async () => {
    const filters: Query[] = [
      {},
      { scope: "*" },
      { scope: "team/a" },
      { scope: "team/*" },
      { scope: "team/a/*" },
      { scope: "nobody" },
      { entity: "user:3" },
      { relation: "r1" },
      { source: "s1" },
      { entity: "user:7", relation: "r0" },
      { scope: "team/b", relation: "r2", source: "s2" },
      { scope: "team/a", entity: "user:5", relation: "r1" },
      { scope: "team/a", entity: "user:5", relation: "r1", source: "s1" },
    ];
    const size = store.head().size;
    const bounds: Query[] = [
      {},
      { asOfSize: Math.floor(size / 2) },
      { asOfSize: 0 },
      { asOfMs: times[Math.floor(size / 3)] ?? 0 },
      { fromMs: times[700] ?? 0, untilMs: times[2200] ?? 0 },
    ];
    for (const filter of filters) {
      for (const bound of bounds) {
        for (const view of ["current", "history"] as const) {
          const query: Query = { ...filter, ...bound, view };
          const found = await pages(query, size % 2 === 0 ? 97 : 98);
          const what = JSON.stringify(query);
          assert.deepEqual(
            found.map((fact) => fact.index),
            expected(query),
            what,
          );
        }
      }
    }
  });

  test("shows only the caller's scopes, whatever is asked for", async () => {
    for (const scopes of [["team/a"], ["team/a", "other"], ["team/*", "team/a"], [], ["*"]]) {
      for (const query of [{}, { scope: "team/*" }, { entity: "user:3" }, { relation: "r1" }]) {
        for (const view of ["current", "history"] as const) {
          const found = await pages({ ...query, view }, 50, scopes);
          const what = `${JSON.stringify(query)} ${scopes.join()}`;
          const indexes = found.map((fact) => fact.index);
          assert.deepEqual(indexes, expected({ ...query, view }, scopes), what);
        }
      }
    }
  });

  test("says in the history what ended a fact, as of the size that is asked for", async () => {
    const ended = model.filter((fact) => fact.endedBy >= 0);
    assert.equal(ended.length, 30);
    const all = await pages({ view: "history" }, 500);
    for (const { index, endedBy } of ended) {
      const fact = all.find((one) => one.index === index);
      assert.equal(fact?.state, "retracted");
      assert.equal(fact?.endedByIndex, endedBy);
      const [before] = await pages(
        { view: "history", asOfSize: index + 1, verify: "none" },
        1,
      ).then((facts) => facts);
      assert.equal(before?.index, index);
      assert.equal(before?.state, "active");
      break;
    }
  });

  test("gives every fact its cid, time, bytes and the mode it was checked in", async () => {
    for (const verify of ["none", "body", "inclusion"] as const) {
      const { facts } = await store.queryPage({ view: "history", verify, pageSize: 5 });
      for (const fact of facts) {
        assert.deepEqual(fact.cid, hashFact(fact.bytes));
        assert.equal(fact.appendedAtMs, times[fact.index]);
        assert.equal(fact.verified, verify);
      }
    }
    await assert.rejects(store.queryPage({ verify: "attested" }), code("ATTESTATION_REQUIRED"));
  });

  test("iterates a whole query", async () => {
    const found: number[] = [];
    for await (const fact of store.query({ view: "history" })) found.push(fact.index);
    assert.deepEqual(found, expected({ view: "history" }));
  });

  test("refuses page tokens that are edited, of another query, principal or time", async () => {
    const first = await store.queryPage({ pageSize: 3, principal: "p", scope: "team/*" });
    const pageToken = first.nextPageToken;
    const refused = code("PAGE_TOKEN_INVALID");
    const query = { pageSize: 3, principal: "p", scope: "team/*", pageToken };
    await store.queryPage(query);
    await store.queryPage({ ...query, pageSize: 9 });
    await assert.rejects(store.queryPage({ ...query, principal: "q" }), refused);
    await assert.rejects(store.queryPage({ ...query, scope: "team/a" }), refused);
    await assert.rejects(store.queryPage({ ...query, view: "history" }), refused);
    // The same bytes in another spelling: the last character has bits to spare.
    const last = String.fromCharCode(pageToken.charCodeAt(pageToken.length - 1) + 1);
    const respelled = pageToken.slice(0, -1) + last;
    assert.deepEqual(Buffer.from(respelled, "base64url"), Buffer.from(pageToken, "base64url"));
    const others = [respelled, "x", "!", pageToken.slice(1), `A${pageToken}`, "A".repeat(5000)];
    for (const bad of others) {
      await assert.rejects(store.queryPage({ ...query, pageToken: bad }), refused);
    }
    await assert.rejects(store.search({ ...query, text: "badger" }), refused);
  });

  test("refuses page sizes, sizes and scopes that are out of range", async () => {
    const invalid = code("INVALID_ARGUMENT");
    await assert.rejects(store.queryPage({ pageSize: 0 }), invalid);
    await assert.rejects(store.queryPage({ pageSize: 1001 }), invalid);
    await assert.rejects(store.queryPage({ asOfSize: store.head().size + 1 }), invalid);
    await assert.rejects(store.queryPage({ asOfSize: -1 }), invalid);
    await assert.rejects(store.queryPage({ scope: "Team" }), code("MALFORMED_SCOPE"));
  });
});

describe(`text search (${testCipher})`, () => {
  test("finds words in values, best first, and filters like a query", async () => {
    const found: number[] = [];
    let pageToken = "";
    do {
      const page = await store.search({
        text: "aardvark",
        view: "history",
        pageSize: 7,
        pageToken,
      });
      assert.ok(page.hits.every((hit) => hit.score > 0));
      found.push(...page.hits.map((hit) => hit.fact.index));
      pageToken = page.nextPageToken;
    } while (pageToken !== "");
    assert.equal(found.length, 60);
    assert.equal(new Set(found).size, 60);
    const some = await store.search({ text: "Aardvark number", scope: "team/a", view: "history" });
    assert.ok(some.hits.length > 0 && some.hits.length < 60);
    const current = await store.search({ text: "badger", pageSize: 1000 });
    const isCurrent = new Set(expected({}));
    assert.ok(current.hits.length > 0);
    assert.ok(current.hits.every((hit) => isCurrent.has(hit.fact.index)));
  });

  test("keeps to a budget of bytes, and finds what was appended just before", async () => {
    const small = await store.search({ text: "badger", view: "history", bytesMax: 300 });
    assert.ok(small.hits.length >= 1 && small.hits.length < 5);
    assert.notEqual(small.nextPageToken, "");
    const none = await store.search({ text: "zyzzyva" });
    assert.deepEqual(none.hits, []);
    await assert.rejects(store.search({ text: '"*"' }), code("INVALID_ARGUMENT"));
  });
});

// Last: these add to the log.
describe(`query while others append (${testCipher})`, () => {
  test("keeps pages stable, of the size and time of the first one", async () => {
    const query: Query = { scope: "team/*" };
    const whole = expected(query);
    const first = await store.queryPage({ ...query, pageSize: 40 });
    const found = first.facts.map((fact) => fact.index);
    let { nextPageToken } = first;
    for (let i = 0; nextPageToken !== ""; i++) {
      await store.appendBatch([{ bytes: factOf(9000 + i) }, { bytes: factOf(9500 + i) }], context);
      const page = await store.queryPage({ ...query, pageSize: 40, pageToken: nextPageToken });
      assert.equal(page.treeSize, first.treeSize);
      found.push(...page.facts.map((fact) => fact.index));
      nextPageToken = page.nextPageToken;
    }
    assert.deepEqual(found, whole);
  });

  test("shows every append at once, and a retraction too", async () => {
    for (let i = 0; i < 30; i++) {
      const entity = `fresh:${i}`;
      const init = { scope: "team/a", entity, relation: "is" } as const;
      const receipt = await store.append({ ...init, value: { case: "text", value: "new" } });
      const { facts } = await store.queryPage({ entity });
      assert.equal(facts.length, 1);
      const cid = hashFact(receipt.body);
      assert.equal((await store.get({ cid })).state, "active");
      await store.retract({ cid, reason: "no" }, context);
      assert.equal((await store.queryPage({ entity })).facts.length, 0);
      assert.equal((await store.get({ cid })).state, "retracted");
    }
  });
});
