import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { status } from "@grpc/grpc-js";
import {
  Health,
  HealthCheckResponse_ServingStatus as ServingStatus,
} from "@strongroom/proto/grpc/health/v1/health";
import { FactService } from "@strongroom/proto/strongroom/fact/v1/fact_service";
import { hashFact } from "@strongroom/protocol";
import { formatAddress } from "@strongroom/runtime";
import { failureOf, RawClient, toFailure } from "./raw-client.test-kit.ts";
import { makeFact, type RunningService, startService } from "./service.test-kit.ts";

const { method } = FactService;

async function fetchAdmin({ addresses }: RunningService, path: string): Promise<Response> {
  return await fetch(`http://${formatAddress(addresses.admin)}${path}`);
}

test("probes, health and metrics tell what happens", async (t) => {
  const service = await startService(t);
  const { admin, addresses, store } = service;
  assert.equal((await fetchAdmin(service, "/livez")).status, 200);
  const ready = await fetchAdmin(service, "/readyz");
  assert.equal(ready.status, 200);
  assert.deepEqual(await ready.json(), { ready: true, reasons: {}, head: "unconfirmed" });
  const health = await admin.unary(Health.method.check, {}, { authorization: [] });
  assert.equal(health.status, ServingStatus.SERVING);
  const facts = Array.from({ length: 5 }, () => ({ fact: makeFact() }));
  await admin.unary(method.appendBatch, { facts: [...facts, { fact: new Uint8Array(1) }] });
  await admin.unary(method.appendBatch, { facts });
  const stranger = new RawClient(addresses.grpc, "nobody");
  t.after(() => stranger.close());
  await failureOf(stranger.unary(method.get, {}));
  await failureOf(admin.unary(method.get, {}));
  const metrics = await (await fetchAdmin(service, "/metrics")).text();
  const get = "strongroom.fact.v1.FactService/Get";
  for (const line of [
    'strongroom_facts_total{outcome="appended"} 5',
    'strongroom_facts_total{outcome="existing"} 5',
    'strongroom_facts_total{outcome="refused"} 1',
    `strongroom_tree_size ${store.head().size}`,
    "strongroom_open_alarms 0",
    "strongroom_store_ready 1",
    "strongroom_call_units 0",
    `strongroom_refused_calls_total{by="127.0.0.0/24",method="${get}",reason="UNAUTHENTICATED"} 1`,
    `strongroom_rpc_errors_total{method="${get}",reason="INVALID_ARGUMENT"} 1`,
  ]) {
    assert.ok(metrics.includes(line), line);
  }
  assert.match(metrics, /strongroom_commit_entries_count [1-9]/);
  assert.match(metrics, /strongroom_rpc_seconds_count\{method="[^"]*AppendBatch"\} 2/);
});

test("a call without a principal writes nothing to the log", async (t) => {
  const { addresses, store } = await startService(t);
  const size = store.head().size;
  for (const token of [undefined, "", "nonsense", "x".repeat(600)]) {
    const stranger = new RawClient(addresses.grpc, token);
    const failure = await failureOf(stranger.unary(method.append, { fact: { fact: makeFact() } }));
    assert.equal(failure.status, status.UNAUTHENTICATED);
    stranger.close();
  }
  assert.equal(store.head().size, size);
});

test("an append whose caller left is committed whole or not at all", async (t) => {
  const { admin, store } = await startService(t);
  const batches = Array.from({ length: 30 }, () => Array.from({ length: 50 }, () => makeFact()));
  const calls = batches.map((batch, i) =>
    admin
      .unary(method.appendBatch, { facts: batch.map((fact) => ({ fact })) }, { deadlineMs: 1 + i })
      .then(
        () => undefined,
        (error) => toFailure(error).status,
      ),
  );
  const outcomes = await Promise.all(calls);
  assert.ok(
    outcomes.every((code) => code === undefined || code === status.DEADLINE_EXCEEDED),
    `${outcomes}`,
  );
  await sleep(300);
  for (const [i, batch] of batches.entries()) {
    const found = await Promise.all(batch.map((fact) => isThere(store, fact)));
    const count = found.filter(Boolean).length;
    assert.ok(count === 0 || count === batch.length, `batch ${i}: ${count} of ${batch.length}`);
    if (outcomes[i] === undefined) assert.equal(count, batch.length);
  }
});

async function isThere(store: RunningService["store"], fact: Uint8Array): Promise<boolean> {
  try {
    await store.get({ cid: hashFact(fact) });
    return true;
  } catch {
    return false;
  }
}

test("one principal cannot take all the room", async (t) => {
  const argv = ["--server-principal-calls-max", "16", "--server-calls-max", "64"];
  const { clientOf } = await startService(t, { argv });
  const greedy = await clientOf("greedy", ["reader"], ["*"]);
  const other = await clientOf("other", ["reader"], ["*"]);
  const streams = Array.from({ length: 16 }, () =>
    greedy.serverStream(method.watch, { fromEnd: true }),
  );
  for (const stream of streams) stream.on("error", () => {}).resume();
  await sleep(100);
  const query = { filter: { scope: "team/ops" } };
  const refused = await failureOf(greedy.unary(method.query, query));
  assert.equal(refused.reason, "OVERLOADED");
  await other.unary(method.query, query);
  for (const stream of streams) stream.cancel();
  await sleep(100);
  await greedy.unary(method.query, query);
});
