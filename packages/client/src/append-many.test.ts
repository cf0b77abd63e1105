import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import type { AppendManyOptions, AppendOutcome } from "./append-many.ts";
import type { FactSource } from "./batch-reader.ts";
import type { Client } from "./client.ts";
import { connect } from "./connect.ts";
import { ClientError } from "./errors.ts";
import type { FactInput } from "./prepare-fact.ts";
import { FakeLog } from "./testing/fake-log.ts";

let log: FakeLog;
let client: Client;

beforeEach(async () => {
  log = await new FakeLog().grow(3).start();
  client = await connect({ address: log.address });
});
afterEach(async () => {
  await client.close().catch(() => {});
  log.stop();
});

function fact(i: number): FactInput {
  return {
    scope: "a/b",
    entity: `e${i}`,
    relation: "r",
    value: { case: "integer", value: BigInt(i) },
  };
}

function* facts(count: number): Generator<FactInput, void, undefined> {
  for (let i = 0; i < count; i++) yield fact(i);
}

async function collect(source: FactSource, options: AppendManyOptions): Promise<AppendOutcome[]> {
  const outcomes: AppendOutcome[] = [];
  for await (const outcome of client.appendMany(source, options)) outcomes.push(outcome);
  return outcomes;
}

describe("appendMany", () => {
  it("answers every fact in order", async () => {
    const outcomes = await collect(facts(95), { batchFacts: 10 });
    assert.deepEqual(
      outcomes.map(({ position }) => position),
      [...Array(95).keys()],
    );
    assert.ok(
      outcomes.every((outcome, i) => "index" in outcome && outcome.index === BigInt(i + 3)),
    );
  });

  it("sends unanswered batches again when the stream breaks, and doubles nothing", async () => {
    log.breakBatch = (batch) => batch === 2 || batch === 6;
    const outcomes = await collect(facts(80), { batchFacts: 10, inFlight: 3 });
    assert.equal(outcomes.length, 80);
    assert.equal(log.leaves.length, 83);
    assert.equal(log.calls.filter((call) => call === "appendStream").length, 3);
  });

  it("gives up after too many breaks in a row", async () => {
    log.breakBatch = () => true;
    await assert.rejects(
      collect(facts(5), { attemptsMax: 2 }),
      (error) => error instanceof ClientError && error.code === "UNAVAILABLE",
    );
  });

  it("reports a malformed fact in its place and appends the others", async () => {
    const source = [fact(1), { ...fact(2), scope: "NOT OK" } as FactInput, fact(3)];
    const outcomes = await collect(source, {});
    assert.equal(outcomes.length, 3);
    const [, refused] = outcomes;
    assert.ok(
      refused !== undefined && "error" in refused && refused.error.code.startsWith("MALFORMED"),
    );
    assert.equal(log.leaves.length, 5);
  });

  it("reads no further ahead than the batches in flight", async () => {
    let taken = 0;
    function* counted(): Generator<FactInput, void, undefined> {
      for (let i = 0; i < 1000; i++) {
        taken++;
        yield fact(i);
      }
    }
    const stream = client.appendMany(counted(), { batchFacts: 10, inFlight: 2 });
    await stream.next();
    assert.ok(taken <= 60, `${taken} facts were taken`);
    await stream.return();
  });

  it("sends what a slow source has after the linger time", async () => {
    const gate = deferred();
    async function* slow(): AsyncGenerator<FactInput, void, undefined> {
      yield fact(1);
      await gate.promise;
      yield fact(2);
    }
    const stream = client.appendMany(slow(), { lingerMs: 5 });
    const first = await stream.next();
    assert.equal(first.value?.position, 0);
    gate.resolve(undefined);
    assert.equal((await stream.next()).value?.position, 1);
    assert.equal((await stream.next()).done, true);
  });

  it("stops when its signal fires", async () => {
    const controller = new AbortController();
    const stream = client.appendMany(facts(1_000_000), {
      batchFacts: 10,
      signal: controller.signal,
    });
    await stream.next();
    controller.abort();
    await assert.rejects(
      async () => {
        for await (const _ of stream);
      },
      (error) => error instanceof ClientError && error.code === "CANCELLED",
    );
  });

  it("refuses a checkpoint that does not extend the pinned log", async () => {
    log.leaves = log.leaves.slice(0, 1);
    await assert.rejects(
      collect(facts(1), {}),
      (error) => error instanceof ClientError && error.code === "ROLLBACK_DETECTED",
    );
  });
});

function deferred() {
  let resolve: (value: unknown) => void = () => {};
  const promise = new Promise<unknown>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
