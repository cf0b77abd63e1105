import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { hashFact, parseFact } from "@strongroom/protocol";
import { StoreError } from "../errors.ts";
import type { Store } from "../index.ts";
import { factBytes, tempStore, testCipher } from "../testing/temp-store.ts";
import type { WatchEvent, WatchOptions } from "../types.ts";

const context = { principal: "tester", requestId: "r1", peer: "local" };

type Shown = Exclude<WatchEvent, { type: "progress" }>;

async function collect(store: Store, options: WatchOptions, count = Number.POSITIVE_INFINITY) {
  const events: Shown[] = [];
  for await (const event of store.watch(options)) {
    if (event.type !== "progress") events.push(event);
    if (events.length >= count) break;
  }
  return events;
}

function indexesOf(events: readonly Shown[]): number[] {
  return events.map((event) => (event.type === "fact" ? event.fact.index : event.index));
}

async function append(store: Store, count: number, scope: string): Promise<number[]> {
  const batch = Array.from({ length: count }, (_, i) => ({
    bytes: factBytes({ entity: `e${i}`, scope }),
  }));
  const { results } = await store.appendBatch(batch, context);
  return results.flatMap((result) => (result.error ? [] : [result.index]));
}

describe(`watch (${testCipher})`, () => {
  test("gives every fact once and in order while others append, however slow it is", async (t) => {
    const store = await tempStore(t).open();
    const watched = collect(store, { fromIndex: 0 }, 4000);
    const slow = (async () => {
      const found: number[] = [];
      for await (const event of store.watch({})) {
        if (event.type !== "fact") continue;
        found.push(event.fact.index);
        if (found.length % 500 === 0) await new Promise((resolve) => setTimeout(resolve, 10));
        if (found.length === 4000) break;
      }
      return found;
    })();
    const appended: number[] = [];
    for (let i = 0; i < 40; i++) {
      appended.push(...(await append(store, 100, i % 2 === 0 ? "team/a" : "team/b")));
      if (i % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    }
    assert.deepEqual(indexesOf(await watched), appended);
    assert.deepEqual(await slow, appended);
  });

  test("starts where it is told, ends at the head if asked, and filters", async (t) => {
    const store = await tempStore(t).open();
    const a = await append(store, 1500, "team/a");
    const b = await append(store, 20, "team/b");
    const cid = hashFact((await store.get({ index: a[3] ?? 0 })).bytes);
    await store.retract({ cid, reason: "wrong" }, context);
    const untilHead = true;
    const all = await collect(store, { untilHead });
    assert.equal(all.length, 1521);
    const last = all.at(-1);
    assert.ok(last?.type === "retraction" && last.factIndex === a[3] && last.reason === "wrong");
    assert.deepEqual(last.cid, cid);
    assert.equal(last.nextIndex, store.head().size);
    assert.ok(all.every((event) => event.type !== "fact" || event.fact.state === "active"));

    const resumed = await collect(store, { fromIndex: all[1498]?.nextIndex ?? 0, untilHead });
    assert.deepEqual(indexesOf(resumed), indexesOf(all).slice(1499));
    const filtered = await collect(store, { untilHead, filter: { scope: "team/b" } });
    assert.deepEqual(indexesOf(filtered), b);
    const scoped = await collect(store, { untilHead, scopes: ["team/b"] });
    assert.deepEqual(indexesOf(scoped), b);
    const entity = await collect(store, { untilHead, filter: { entity: "e3" } });
    assert.deepEqual(indexesOf(entity), [a[3], b[3], store.head().size - 1]);
    const other = await collect(store, { untilHead, filter: { entity: "e4" } });
    assert.deepEqual(indexesOf(other), [a[4], b[4]]);
    assert.deepEqual(await collect(store, { fromEnd: true, untilHead }), []);
  });

  test("reports progress, and waits at the end until it is cancelled", async (t) => {
    const store = await tempStore(t).open();
    await append(store, 3000, "team/a");
    const cancel = new AbortController();
    const seen: number[] = [];
    const watching = (async () => {
      for await (const event of store.watch({ filter: { scope: "no" }, signal: cancel.signal })) {
        assert.equal(event.type, "progress");
        seen.push(event.nextIndex);
        if (event.nextIndex === store.head().size) setTimeout(() => cancel.abort(), 20);
      }
    })();
    await assert.rejects(watching, (reason) => {
      return reason instanceof StoreError && reason.code === "CANCELLED";
    });
    assert.ok(seen.length >= 3);
    assert.equal(seen.at(-1), store.head().size);
  });

  test("shows each fact's own bytes and its content id", async (t) => {
    const store = await tempStore(t).open();
    await append(store, 10, "team/a");
    for (const event of await collect(store, { untilHead: true })) {
      assert.ok(event.type === "fact");
      assert.deepEqual(event.fact.cid, hashFact(event.fact.bytes));
      assert.equal(parseFact(event.fact.bytes).scope, "team/a");
    }
  });
});
