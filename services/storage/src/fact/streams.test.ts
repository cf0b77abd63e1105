import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import {
  type AppendStreamResponse,
  FactService,
  type WatchResponse,
} from "@strongroom/proto/strongroom/fact/v1/fact_service";
import { hashFact } from "@strongroom/protocol";
import { collect, failureOf } from "../raw-client.test-kit.ts";
import { makeFact, startService } from "../service.test-kit.ts";

const { method } = FactService;

test("batches of a stream are answered in order, each fact in its place", async (t) => {
  const { admin, store } = await startService(t);
  const stream = admin.bidiStream(method.appendStream);
  for (let batch = 0; batch < 20; batch += 1) {
    const facts = Array.from({ length: 10 }, () => ({ fact: makeFact() }));
    facts.push({ fact: new Uint8Array([batch]) });
    stream.write({ facts, requestId: `b${batch}` });
  }
  stream.end();
  const answers = await collect<AppendStreamResponse>(stream);
  assert.deepEqual(
    answers.map(({ requestId }) => requestId),
    Array.from({ length: 20 }, (_, i) => `b${i}`),
  );
  for (const { results } of answers) {
    assert.equal(results.length, 11);
    assert.equal(results.filter(({ error }) => error === undefined).length, 10);
    assert.ok(results[10]?.error);
  }
  const indexes = answers.flatMap(({ results }) => results.slice(0, 10).map((r) => r.index));
  assert.equal(new Set(indexes).size, 200);
  assert.equal(store.head().size, Number(answers.at(-1)?.treeSize));
});

test("a batch that breaks a limit ends the stream after what went before it", async (t) => {
  const { admin } = await startService(t);
  const stream = admin.bidiStream(method.appendStream);
  stream.write({ facts: [{ fact: makeFact() }], requestId: "good" });
  stream.write({ facts: [], requestId: "empty" });
  const answers: string[] = [];
  const failure = await failureOf(
    (async () => {
      for await (const answer of stream) answers.push((answer as AppendStreamResponse).requestId);
    })(),
  );
  assert.deepEqual(answers, ["good"]);
  assert.equal(failure.reason, "INVALID_ARGUMENT");
});

test("a watch sends what is there and what comes, without gap or duplicate", async (t) => {
  const { admin } = await startService(t, { argv: ["--watch-idle-ms", "200"] });
  const before = Array.from({ length: 50 }, () => makeFact());
  await admin.unary(method.appendBatch, { facts: before.map((fact) => ({ fact })) });
  const stream = admin.serverStream(method.watch, {});
  const seen: string[] = [];
  let progress = 0;
  const ended = new Promise<void>((resolve) => {
    stream.on("error", () => resolve());
    stream.on("data", (response: WatchResponse) => {
      if (response.event.case === "fact") {
        seen.push(Buffer.from(response.event.value.cid).toString("hex"));
      } else if (response.event.case === "progress") progress += 1;
    });
  });
  const after = Array.from({ length: 50 }, () => makeFact());
  for (const fact of after) await admin.unary(method.append, { fact: { fact } });
  const expected = [...before, ...after].map((fact) => Buffer.from(hashFact(fact)).toString("hex"));
  for (let waited = 0; seen.length < 100 || progress === 0; waited += 50) {
    assert.ok(waited < 5_000, `saw ${seen.length} facts, ${progress} signs of life`);
    await sleep(50);
  }
  stream.cancel();
  await ended;
  assert.deepEqual(seen, expected);
});

test("a watch up to the head ends there, tells retractions, and keeps to its scopes", async (t) => {
  const { admin, clientOf } = await startService(t);
  const own = await admin.unary(method.append, { fact: { fact: makeFact() } });
  const foreign = await admin.unary(method.append, { fact: { fact: makeFact({ scope: "x" }) } });
  await admin.unary(method.retract, { cid: own.cid, reason: "wrong" });
  await admin.unary(method.retract, { cid: foreign.cid, reason: "wrong too" });
  const reader = await clientOf("r", ["reader"], ["team/*"]);
  const events = await collect<WatchResponse>(
    reader.serverStream(method.watch, { untilHead: true }),
  );
  const kinds = events.map(({ event }) => event.case).filter((kind) => kind !== "progress");
  assert.deepEqual(kinds, ["fact", "retraction"]);
  const retraction = events.find(({ event }) => event.case === "retraction")?.event;
  assert.ok(retraction?.case === "retraction");
  assert.equal(retraction.value.factIndex, own.index);
  assert.equal(retraction.value.reason, "wrong");
});

test("a watch ends within a second of its token's revocation", async (t) => {
  const { admin, store, clientOf } = await startService(t);
  const reader = await clientOf("r", ["reader"], ["*"]);
  const stream = reader.serverStream(method.watch, { fromEnd: true });
  const failure = failureOf(collect(stream));
  await admin.unary(method.append, { fact: { fact: makeFact() } });
  await sleep(100);
  const startedAt = performance.now();
  await store.removePrincipal("r");
  assert.equal((await failure).reason, "UNAUTHENTICATED");
  assert.ok(performance.now() - startedAt < 1_000);
});

test("shutdown answers what was taken and ends streams as unavailable", async (t) => {
  const { admin, shutDown } = await startService(t);
  const watch = failureOf(collect(admin.serverStream(method.watch, { fromEnd: true })));
  const stream = admin.bidiStream(method.appendStream);
  const answers: string[] = [];
  stream.on("data", (answer: AppendStreamResponse) => answers.push(answer.requestId));
  const ended = new Promise<Error>((resolve) => stream.on("error", resolve));
  stream.write({ facts: [{ fact: makeFact() }], requestId: "taken" });
  await sleep(100);
  assert.equal(await shutDown(), 0);
  assert.equal((await watch).reason, "UNAVAILABLE");
  assert.match((await ended).message, /UNAVAILABLE/);
  assert.deepEqual(answers, ["taken"]);
});
