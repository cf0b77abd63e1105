// Everything at once on one service: writers, readers, watchers, a verifier, a reindexer. Every
// answer is checked where it comes in; what was acknowledged is kept for the check at the end.
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { type AppendedItem, type Client, connect } from "@strongroom/client";
import { encodeFact, toHex } from "@strongroom/protocol";
import { Random } from "../support/random.ts";
import type { Service } from "../support/service.ts";

export interface LoadPlan {
  writers: number;
  readers: number;
  watchers: number;
  /** Operations of each writer and reader; they go on until `over` says so if unset. */
  operations?: number;
  over?(): boolean;
  /** Share of the time that a caller works; it rests for the other. Default 1. */
  duty?: number;
  /** Rest between verifications, ms. Default 0; they end with the writers. */
  verifyEveryMs?: number;
  /** Rest between rebuilds of the index, ms; none is rebuilt if unset. */
  reindexEveryMs?: number;
  seed?: number;
  /** Told of each acknowledged fact. */
  onFact?(): void;
}

export interface LoadResult {
  /** Hex content id → index, of every acknowledged fact. */
  facts: Map<string, number>;
  /** Index of each acknowledged retraction. */
  retractions: Set<number>;
  /** Indexes of facts and retractions, as each watcher was told. */
  watched: number[][];
  reads: number;
  verifications: number;
  rebuilds: number;
}

interface Load {
  plan: LoadPlan;
  client: Client;
  result: LoadResult;
  /** Acknowledged and never retracted: what readers ask for. */
  readable: { bytes: Uint8Array; cid: Uint8Array; index: number; entity: string }[];
  isOver: boolean;
}

const READABLE_MAX = 5_000;
const BATCH = 40;
const WATCH_WAIT_MS = 60_000;

export async function runLoad(service: Service, plan: LoadPlan): Promise<LoadResult> {
  const { address, token } = service;
  const client = await connect({ address, token, timeoutMs: 60_000 });
  const load: Load = {
    plan,
    client,
    result: {
      facts: new Map(),
      retractions: new Set(),
      watched: [],
      reads: 0,
      verifications: 0,
      rebuilds: 0,
    },
    readable: [],
    isOver: false,
  };
  const abort = new AbortController();
  try {
    const watches = times(plan.watchers, () => watch(load, service, abort.signal));
    const beside = [verifyAgain(load), reindexAgain(load)];
    const callers = [
      ...times(plan.writers, (n) => call(load, n, write)),
      ...times(plan.readers, (n) => call(load, 1000 + n, read)),
    ];
    await Promise.all(callers).finally(() => {
      load.isOver = true;
    });
    await Promise.all(beside);
    await allWatched(load);
    abort.abort();
    await Promise.all(watches);
    return load.result;
  } finally {
    load.isOver = true;
    abort.abort();
    await client.close();
  }
}

type Turn = (load: Load, random: Random, name: string) => Promise<void>;

async function call(load: Load, number: number, turn: Turn): Promise<void> {
  const { operations = Number.POSITIVE_INFINITY, over, duty = 1, seed = 1 } = load.plan;
  const random = new Random(seed * 10_000 + number);
  while (turn === read && load.readable.length === 0) await sleep(10);
  for (let i = 0; i < operations && over?.() !== true; i++) {
    const startedAt = performance.now();
    await turn(load, random, `${number}/${i}`);
    if (duty < 1) await sleep(((performance.now() - startedAt) * (1 - duty)) / duty);
  }
}

async function write(load: Load, random: Random, name: string): Promise<void> {
  const what = random.below(20);
  if (what === 0) return writeBatch(load, name);
  if (what === 1 && load.readable.length > 100) return retract(load, random);
  const { client, result } = load;
  const known = what === 2 && load.readable.length > 0 ? random.pick(load.readable) : undefined;
  if (known) {
    const again = await patiently(() => client.append(known.bytes)).catch((reason) => reason);
    // Somebody may have retracted it meanwhile; otherwise it is where it was.
    if ((again as { code?: string }).code === "FACT_RETRACTED") return;
    if (again instanceof Error) throw again;
    assert.ok(again.existing, "a fact that is there gets no second entry");
    assert.equal(Number(again.index), known.index);
    return;
  }
  const entity = `entity/${random.below(500)}`;
  const bytes = factBytes(entity, name);
  const { index, cid } = await patiently(() => client.append(bytes));
  const hex = toHex(cid);
  assert.ok(!result.facts.has(hex), "a new fact is acknowledged once");
  keep(load, { bytes, cid, index: Number(index), entity });
}

async function writeBatch(load: Load, name: string): Promise<void> {
  const facts = times(BATCH, (n) => factBytes(`batch/${n}`, `${name}/${n}`));
  // The first comes twice: it must get one entry.
  const sent = [...facts, facts[0] as Uint8Array];
  const found: number[] = [];
  for (const outcome of await patiently(() => appendAll(load, sent))) {
    found.push(Number(outcome.index));
    load.result.facts.set(toHex(outcome.cid), Number(outcome.index));
    load.plan.onFact?.();
  }
  assert.equal(found.at(-1), found[0], "a fact that comes twice has one entry");
}

async function appendAll(load: Load, facts: readonly Uint8Array[]): Promise<AppendedItem[]> {
  const outcomes: AppendedItem[] = [];
  for await (const outcome of load.client.appendMany(facts)) {
    if ("error" in outcome) throw outcome.error;
    outcomes.push(outcome);
  }
  return outcomes;
}

/** Appends are refused while the index is rebuilt; the same bytes may be sent again and again. */
async function patiently<T>(send: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await send();
    } catch (reason) {
      if ((reason as { code?: string }).code !== "UNAVAILABLE") throw reason;
      await sleep(100);
    }
  }
}

async function retract(load: Load, random: Random): Promise<void> {
  const [target] = load.readable.splice(random.below(load.readable.length), 1);
  if (!target) return;
  const { cid } = target;
  const { index } = await patiently(() => load.client.retract({ cid, reason: "load" }));
  load.result.retractions.add(Number(index));
}

async function read(load: Load, random: Random): Promise<void> {
  const { client, readable, result } = load;
  // Only what is retracted leaves the list, and then only from a long one.
  const target = readable.length > 0 ? random.pick(readable) : undefined;
  if (!target) throw new Error("nothing was acknowledged before it was read");
  result.reads++;
  const { cid, index, entity } = target;
  const what = random.below(4);
  if (what === 0) {
    const fact = await client.get({ cid }, { verify: "inclusion" });
    assert.equal(Number(fact.index), index, "get finds what was acknowledged");
  } else if (what === 1) {
    const found: number[] = [];
    for await (const fact of client.query({ entity, view: "history", pageSize: 100 })) {
      found.push(Number(fact.index));
    }
    assert.ok(found.includes(index), "a query finds what was acknowledged");
    assert.ok(isDescending(found), "newest first, each once");
  } else if (what === 2) {
    const proven = await client.verifyReceipt(await client.receipt({ cid }));
    assert.equal(Number(proven.index), index);
  } else {
    await client.inclusionProof({ index: BigInt(index) });
  }
}

function keep(load: Load, fact: Load["readable"][number]): void {
  load.plan.onFact?.();
  load.result.facts.set(toHex(fact.cid), fact.index);
  if (load.readable.length < READABLE_MAX) load.readable.push(fact);
  else load.readable[fact.index % READABLE_MAX] = fact;
}

async function watch(load: Load, service: Service, signal: AbortSignal): Promise<void> {
  const { address, token } = service;
  const client = await connect({ address, token });
  const told: number[] = [];
  load.result.watched.push(told);
  try {
    for await (const event of client.watch({ fromIndex: 0n, signal })) {
      if (event.type === "fact") told.push(Number(event.fact.index));
      if (event.type === "retraction") told.push(Number(event.index));
    }
  } catch (reason) {
    if (!signal.aborted) throw reason;
  } finally {
    await client.close();
  }
}

/** Every watcher has been told the newest thing that anybody was acknowledged. */
async function allWatched(load: Load): Promise<void> {
  const { facts, retractions, watched } = load.result;
  const newest = Math.max(...[...facts.values()].slice(-2000), ...[...retractions].slice(-2000));
  const startedAt = performance.now();
  while (watched.some((told) => (told.at(-1) ?? -1) < newest)) {
    assert.ok(performance.now() - startedAt < WATCH_WAIT_MS, `watchers do not come to ${newest}`);
    await sleep(20);
  }
}

async function verifyAgain(load: Load): Promise<void> {
  do {
    const { verdict, findings } = await load.client.verify();
    assert.equal(verdict, "verified", `${findings} findings`);
    load.result.verifications++;
    await restOrEnd(load, load.plan.verifyEveryMs ?? 0);
  } while (!load.isOver);
}

async function reindexAgain(load: Load): Promise<void> {
  const { reindexEveryMs } = load.plan;
  if (reindexEveryMs === undefined) return;
  do {
    for await (const _progress of load.client.admin.reindex()) {
      // Its end is that the index is whole again.
    }
    load.result.rebuilds++;
    await restOrEnd(load, reindexEveryMs);
  } while (!load.isOver);
}

async function restOrEnd(load: Load, ms: number): Promise<void> {
  const until = performance.now() + ms;
  while (!load.isOver && performance.now() < until) await sleep(Math.min(ms, 50));
}

function factBytes(entity: string, name: string): Uint8Array {
  return encodeFact({
    scope: `load/s${name.length % 5}`,
    entity,
    relation: "is",
    value: { case: "text", value: `load ${name}` },
    source: "load",
  });
}

function isDescending(indexes: readonly number[]): boolean {
  return indexes.every((index, i) => i === 0 || index < (indexes[i - 1] ?? 0));
}

function times<T>(count: number, make: (n: number) => T): T[] {
  return Array.from({ length: count }, (_, n) => make(n));
}
