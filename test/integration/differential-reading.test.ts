// What the service answers, against a plain walk over the entries of its log: every read of a log
// with thousands of facts, colliding names, hot scopes, and facts that are retracted, expired,
// endorsed or appended twice. All from one seed.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { type Client, connect, type ReadFact, type WatchEvent } from "@strongroom/client";
import {
  singleLogPolicy,
  toHex,
  verifyConsistency,
  verifyInclusion,
  verifyReceipt,
} from "@strongroom/protocol";
import { LogCopy, type PlainEntry } from "../simulation/log-copy.ts";
import { Model, type ModelQuery } from "../simulation/model.ts";
import {
  appendWorld,
  ENTITIES,
  RELATIONS,
  SCOPES,
  SOURCES,
  WORDS,
} from "../support/large-world.ts";
import { Random } from "../support/random.ts";
import { type Service, startService } from "../support/service.ts";
import { testCipher } from "../support/test-store.ts";

const SEED = 20261122;
/** The index answers from blocks only more than 16,384 entries below the head. */
const FACTS = 21_000;
const QUERIES = 90;
const WHOLE_MAX = 1200;

const folder = mkdtempSync(join(tmpdir(), "strongroom-differential-"));
const random = new Random(SEED);
const log = new LogCopy();
const model = new Model({ takesAnything: true });
let service: Service;
let client: Client;

before(async () => {
  service = await startService(folder, { settings: { "text-search": "true" } });
  client = await connect({ address: service.address, token: service.token });
  await appendWorld(client, { facts: FACTS, random });
  await walk();
});

after(async () => {
  await client?.close();
  await service?.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function walk(): Promise<void> {
  const fromIndex = BigInt(log.size);
  for await (const entry of client.entries({ fromIndex, bodies: true, privateEvidence: true })) {
    log.add({ ...entry, index: Number(entry.index) });
    model.admit(log.entries[log.size - 1] as PlainEntry);
  }
}

function checkFact(fact: ReadFact, asOfSize: number): void {
  const entry = model.entries[Number(fact.index)];
  assert.equal(toHex(fact.bytes), toHex(entry?.body ?? new Uint8Array(1)));
  assert.equal(toHex(fact.cid), entry?.cid);
  assert.equal(fact.appendedAtMs, entry?.timeMs);
  assert.deepEqual(
    fact.authors.map((key) => toHex(key)),
    entry?.signers,
  );
  const endedBy = model.endOf(Number(fact.index), asOfSize);
  assert.equal(fact.state, endedBy === undefined ? "active" : "retracted");
  assert.equal(fact.endedByIndex, endedBy === undefined ? undefined : BigInt(endedBy));
}

function someFilter(): ModelQuery {
  const half = (value: string): string | undefined => (random.below(2) === 0 ? value : undefined);
  const scope = random.pick(["*", ...SCOPES, ...SCOPES.map((one) => `${one}/*`), undefined]);
  const members = {
    scope,
    entity: random.below(3) === 0 ? half(random.pick(ENTITIES)) : undefined,
    relation: half(random.pick(RELATIONS)),
    source: half(random.pick(SOURCES)),
    fromMs: random.below(4) === 0 ? timeOf(random.below(model.size)) : undefined,
    untilMs: random.below(4) === 0 ? timeOf(random.below(model.size)) : undefined,
  };
  const given = Object.entries(members).filter(([, value]) => value !== undefined && value !== "");
  const filter = Object.fromEntries(given) as ModelQuery;
  // The service wants at least one of four.
  const isBare = !filter.scope && !filter.entity && !filter.relation && !filter.source;
  return isBare ? { ...filter, scope: "*" } : filter;
}

function someQuery(): ModelQuery {
  const asOf = random.below(4);
  return {
    ...someFilter(),
    view: random.pick(["current", "history"] as const),
    ...(asOf === 1 ? { asOfSize: random.below(model.size + 1) } : {}),
    ...(asOf === 2 ? { asOfMs: timeOf(random.below(model.size)) } : {}),
  };
}

function timeOf(index: number): number {
  return model.entries[index]?.timeMs ?? 0;
}

async function compareQuery(
  reader: Client,
  query: ModelQuery,
  scopes: readonly string[] | undefined,
): Promise<void> {
  const at = { size: model.size, nowMs: Date.now(), scopes };
  const { facts, asOfSize } = model.query(query, at);
  // Small answers in pages of any size; of large ones the beginning, in larger pages.
  const pageSize = facts.length < 60 ? random.pick([1, 2, 7, 50]) : random.pick([97, 256, 1000]);
  const { asOfSize: size, ...rest } = query;
  const options = { ...rest, ...(size === undefined ? {} : { asOfSize: BigInt(size) }) };
  const found: ReadFact[] = [];
  for await (const fact of reader.query({ ...options, pageSize, limit: WHOLE_MAX })) {
    found.push(fact);
  }
  assert.deepEqual(
    found.map((fact) => Number(fact.index)),
    facts.slice(0, WHOLE_MAX).map((entry) => entry.index),
    `${JSON.stringify(query)} in pages of ${pageSize} for ${scopes?.join() ?? "all"}`,
  );
  for (const fact of found) checkFact(fact, asOfSize);
}

async function principalWith(name: string, scopes: readonly string[]): Promise<Client> {
  await client.admin.setPrincipal({ name, roles: ["reader"], scopes });
  const { secret } = await client.admin.createToken({ principal: name });
  return connect({ address: service.address, token: secret });
}

async function codeOf(answer: Promise<unknown>): Promise<string> {
  return answer.then(
    () => "answered",
    (reason) => String((reason as { code?: string }).code),
  );
}

describe(`differential reading (${testCipher})`, () => {
  test("the log holds all that the world has: twice, retracted, endorsed, expired", () => {
    const kinds = new Map<string, number>();
    for (const { kind } of model.entries) kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
    assert.equal(kinds.get("fact"), FACTS);
    assert.ok((kinds.get("retraction") ?? 0) > 200);
    assert.ok((kinds.get("endorsement") ?? 0) > 50);
  });

  test("get and batch get, by content id and index", async () => {
    const facts = model.entries.filter((entry) => entry.kind === "fact");
    for (let i = 0; i < 150; i++) {
      const entry = random.pick(facts);
      const cid = new Uint8Array(Buffer.from(entry.cid ?? "", "hex"));
      checkFact(await client.get({ cid }, { verify: "inclusion" }), model.size);
      checkFact(await client.get({ index: BigInt(entry.index) }), model.size);
    }
    const cids = Array.from({ length: 1000 }, () => random.pick(facts).cid ?? "");
    const asked = cids.map((cid) => new Uint8Array(Buffer.from(cid, "hex")));
    const answers = await client.batchGet(asked);
    for (const [i, answer] of answers.entries()) {
      assert.ok(!(answer instanceof Error), `batch get of ${cids[i]}`);
      assert.equal(toHex(answer.cid), cids[i]);
      checkFact(answer, model.size);
    }
    assert.equal(await codeOf(client.get({ cid: new Uint8Array(32) })), "NOT_FOUND");
    assert.equal(await codeOf(client.get({ index: BigInt(model.size) })), "NOT_FOUND");
    assert.equal(await codeOf(client.get({ index: 0n })), "NOT_A_FACT");
  });

  test("queries: filters, views, as of sizes and times, pages", async () => {
    for (let i = 0; i < QUERIES; i++) await compareQuery(client, someQuery(), undefined);
    await compareQuery(client, { scope: "*", view: "history", asOfSize: 0 }, undefined);
  });

  test("the same for principals who may see some scopes", async () => {
    const allowed = [["hot"], ["hot/*", "cold/s3"], ["cold/*"], ["nobody"]];
    for (const [i, scopes] of allowed.entries()) {
      const reader = await principalWith(`reader-${i}`, scopes);
      await walk();
      for (let n = 0; n < QUERIES / 10; n++) {
        const query = someQuery();
        const isClosed = query.scope !== undefined && isOutside(query.scope, scopes);
        if (!isClosed) await compareQuery(reader, query, scopes);
        else assert.equal(await codeOf(reader.query(query as never).next()), "PERMISSION_DENIED");
      }
      await compareVisible(reader, scopes);
      await reader.close();
    }
  });

  test("watches: from anywhere, with filters", async () => {
    await walk();
    for (let i = 0; i < 12; i++) {
      const from = i === 0 ? 0 : random.below(model.size);
      const filter = i === 0 ? {} : someFilter();
      const events: WatchEvent[] = [];
      const options = { ...filter, fromIndex: BigInt(from), untilHead: true };
      for await (const event of client.watch(options)) events.push(event);
      const told = events.flatMap((event) => {
        if (event.type === "progress") return [];
        return [Number(event.type === "fact" ? event.fact.index : event.index)];
      });
      const due = model.events(filter, { from, until: model.size });
      assert.deepEqual(
        told,
        due.map((entry) => entry.index),
        `watch of ${JSON.stringify(filter)} from ${from}`,
      );
    }
  });

  test("inclusion and consistency proofs, checkpoints and receipts", async () => {
    const { size } = model;
    for (let i = 0; i < 60; i++) {
      const to = random.below(size) + 1;
      const index = random.below(to);
      const leafHash = log.checked.leafHashes[index] as Uint8Array;
      const of = { index: BigInt(index), treeSize: BigInt(to) };
      const { proof } = await client.inclusionProof(of);
      const root = log.root(to);
      verifyInclusion({ leafHash, index: BigInt(index), size: BigInt(to), proof, root });
      const from = random.below(to);
      const grown = await client.consistencyProof({ fromSize: BigInt(from), toSize: BigInt(to) });
      verifyConsistency({
        fromSize: BigInt(from),
        fromRoot: log.root(from),
        toSize: BigInt(to),
        toRoot: root,
        proof: grown.proof,
      });
    }
    const { logVkeys } = await client.verifierKeys();
    const vkey = logVkeys[0] ?? "";
    for await (const { note } of client.checkpoints({ limit: 50 })) log.checkNote(note, vkey);
    const policy = singleLogPolicy(vkey);
    for (let i = 0; i < 40; i++) {
      const index = random.below(size);
      const receipt = await client.receipt({ index: BigInt(index) });
      const entry = model.entries[index];
      const target = entry?.kind === "endorsement" ? model.entries[entry.target ?? -1] : undefined;
      const options = target ? { factBytes: target.body } : {};
      assert.equal(verifyReceipt(receipt, policy, Date.now(), options).index, BigInt(index));
    }
  });

  test("text search, in pages", async () => {
    for (const text of [...WORDS, "nowhere", `${WORDS[0]} ${WORDS[1]}`]) {
      for (const view of ["current", "history"] as const) {
        const filter = random.below(2) === 0 ? {} : { scope: random.pick(SCOPES) };
        const words = text.split(" ");
        const at = { size: model.size, nowMs: Date.now(), scopes: undefined };
        const wanted = model.query({ ...filter, view }, at).facts.filter((entry) => {
          const has = (entry.fact?.text ?? "").split(" ");
          return words.every((word) => has.includes(word));
        });
        const found: number[] = [];
        for await (const hit of client.search({ text, ...filter, view, pageSize: 113 })) {
          found.push(Number(hit.fact.index));
        }
        const order = (a: number, b: number) => a - b;
        assert.deepEqual(
          found.sort(order),
          wanted.map((entry) => entry.index).sort(order),
          `search for ${text} in ${JSON.stringify(filter)} (${view})`,
        );
      }
    }
  });
});

function isOutside(scope: string, scopes: readonly string[]): boolean {
  if (scope.includes("*")) return false;
  const isAllowed = (pattern: string): boolean =>
    pattern === scope || (pattern.endsWith("/*") && scope.startsWith(pattern.slice(0, -1)));
  return !scopes.some(isAllowed);
}

/** Single facts, entries and watches show what the scopes allow, and the rest as missing. */
async function compareVisible(reader: Client, scopes: readonly string[]): Promise<void> {
  const visible = model.visible(0, model.size, scopes);
  const isVisible = new Set(visible.map((entry) => entry.index));
  const read: number[] = [];
  for await (const entry of reader.entries({ bodies: true })) read.push(Number(entry.index));
  assert.deepEqual(
    read,
    visible.map((entry) => entry.index),
    `entries for ${scopes.join()}`,
  );
  const facts = model.entries.filter((entry) => entry.kind === "fact");
  for (let i = 0; i < 40; i++) {
    const { index, cid = "" } = random.pick(facts);
    const bytes = new Uint8Array(Buffer.from(cid, "hex"));
    const expected = isVisible.has(index) ? "answered" : "NOT_FOUND";
    assert.equal(await codeOf(reader.get({ cid: bytes })), expected);
    assert.equal(await codeOf(reader.get({ index: BigInt(index) })), expected);
    assert.equal(await codeOf(reader.receipt({ cid: bytes })), expected);
  }
  const told: number[] = [];
  for await (const event of reader.watch({ fromIndex: 0n, untilHead: true })) {
    if (event.type !== "progress") {
      told.push(Number(event.type === "fact" ? event.fact.index : event.index));
    }
  }
  const due = model.events({}, { from: 0, until: model.size, scopes });
  assert.deepEqual(
    told,
    due.map((entry) => entry.index),
    `watch for ${scopes.join()}`,
  );
}
