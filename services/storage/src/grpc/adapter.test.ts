import assert from "node:assert/strict";
import { once } from "node:events";
import type { Readable } from "node:stream";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { status } from "@grpc/grpc-js";
import { FactService } from "@strongroom/proto/strongroom/fact/v1/fact_service";
import { StoreError } from "@strongroom/store";
import { collect, failureOf } from "../raw-client.test-kit.ts";
import type { Call, HandlersOf } from "./adapter.ts";
import { everyRole, startLoopback } from "./loopback.test-kit.ts";

const { method } = FactService;

function unused(): never {
  throw new StoreError("INTERNAL", "not part of this test");
}

const noHandlers: HandlersOf<typeof FactService> = {
  append: unused,
  retract: unused,
  appendBatch: unused,
  appendStream: unused,
  get: unused,
  batchGet: unused,
  query: unused,
  search: unused,
  watch: unused,
};

async function start(
  context: TestContext,
  handlers: Partial<HandlersOf<typeof FactService>>,
  options: Parameters<typeof startLoopback>[2] = {},
) {
  const loopback = await startLoopback(FactService, { ...noHandlers, ...handlers }, options);
  context.after(() => loopback.close());
  return loopback;
}

/** Before its first read grpc-js buffers without limit on the client's side; then it stops. */
async function readOne(stream: Readable): Promise<void> {
  await once(stream, "data");
  stream.pause();
}

async function until(condition: () => boolean): Promise<void> {
  for (let waitedMs = 0; !condition(); waitedMs += 10) {
    assert.ok(waitedMs < 5_000, "waited too long");
    await sleep(10);
  }
}

test("a unary call gets its answer, with the principal and the peer it came from", async (t) => {
  const { client } = await start(t, {
    append: (request, call) => ({
      index: BigInt(request.requestId.length),
      cid: new TextEncoder().encode(`${call.principal.name} ${call.peer.split(":")[0]}`),
    }),
  });
  const answer = await client.unary(method.append, { requestId: "four" });
  assert.equal(answer.index, 4n);
  assert.equal(new TextDecoder().decode(answer.cid), "tester 127.0.0.1");
});

test("refuses a stranger on the headers alone: nothing of the body is parsed", async (t) => {
  let calls = 0;
  const { client, refusals } = await start(t, { append: () => ({ index: BigInt(++calls) }) });
  for (const authorization of [[], ["Bearer bad"], ["good"]]) {
    const bytes = Buffer.from("ffff", "hex");
    const failure = await failureOf(client.unaryBytes(method.append, bytes, { authorization }));
    assert.equal(failure.status, status.UNAUTHENTICATED);
    assert.equal(failure.reason, "UNAUTHENTICATED");
  }
  assert.equal(calls, 0);
  assert.equal(refusals.length, 3);
});

test("a message that does not parse is an invalid argument", async (t) => {
  const { client } = await start(t, { append: () => ({}) });
  for (const hex of ["ff", "0a05aa", "0a80808080808080808080"]) {
    const bytes = Buffer.from(hex, "hex");
    const failure = await failureOf(client.unaryBytes(method.append, bytes));
    assert.equal(failure.reason, "INVALID_ARGUMENT", hex);
  }
});

test("takes a message of 5 MiB and refuses one of more than 6 MiB", async (t) => {
  const { client } = await start(t, {
    append: (request) => ({ index: BigInt(request.fact?.fact.length ?? 0) }),
  });
  const large = { fact: { fact: new Uint8Array(5 * 1024 * 1024) } };
  assert.equal((await client.unary(method.append, large)).index, 5n * 1024n * 1024n);
  const huge = { fact: { fact: new Uint8Array(6 * 1024 * 1024 + 1) } };
  const failure = await failureOf(client.unary(method.append, huge));
  assert.equal(failure.status, status.RESOURCE_EXHAUSTED);
});

test("a deadline ends the call for the caller and tells the handler", async (t) => {
  let signal: AbortSignal | undefined;
  const { client } = await start(t, {
    append: async (_request, call) => {
      signal = call.signal;
      await sleep(200);
      return {};
    },
  });
  const failure = await failureOf(client.unary(method.append, {}, { deadlineMs: 50 }));
  assert.equal(failure.status, status.DEADLINE_EXCEEDED);
  await until(() => signal?.aborted === true);
});

test("limits how much runs at once and says when to come again", async (t) => {
  const release: (() => void)[] = [];
  const { client } = await start(
    t,
    {
      append: async () => {
        await new Promise<void>((resolve) => void release.push(resolve));
        return {};
      },
    },
    { units: 2 },
  );
  const first = client.unary(method.append, {});
  const second = client.unary(method.append, {});
  await until(() => release.length === 2);
  const failure = await failureOf(client.unary(method.append, {}));
  assert.equal(failure.reason, "OVERLOADED");
  assert.equal(failure.retryMs, 500);
  for (const resolve of release.splice(0)) resolve();
  await Promise.all([first, second]);
  const third = client.unary(method.append, {});
  await until(() => release.length === 1);
  release[0]?.();
  await third;
});

test("a caller that reads slowly is waited for", async (t) => {
  let made = 0;
  const fact = { fact: new Uint8Array(64 * 1024) };
  const { client } = await start(t, {
    async *watch() {
      for (made = 0; made < 500; made += 1) yield { event: { case: "fact", value: fact } };
    },
  });
  const stream = client.serverStream(method.watch, {});
  await readOne(stream);
  await sleep(300);
  assert.ok(made < 100, `made ${made} of 500 for a caller that reads nothing`);
  assert.equal((await collect(stream)).length, 499);
});

test("a caller that leaves ends the handler, also one that waits for nothing", async (t) => {
  let ended = false;
  const { client, calls } = await start(t, {
    async *watch(_request, call: Call) {
      call.signal.addEventListener("abort", () => {
        ended = true;
      });
      yield { nextIndex: 1n };
      await new Promise(() => {});
    },
  });
  const stream = client.serverStream(method.watch, {});
  stream.on("error", () => {});
  await once(stream, "data");
  stream.cancel();
  await until(() => ended && calls.count === 0);
});

test("what a stream throws after some answers arrives with its code", async (t) => {
  const { client } = await start(t, {
    async *watch() {
      yield { nextIndex: 1n };
      throw new StoreError("CID_MISMATCH", "read entry: body does not hash to its cid");
    },
  });
  const seen: bigint[] = [];
  const failure = await failureOf(
    (async () => {
      for await (const event of client.serverStream(method.watch, {})) seen.push(event.nextIndex);
    })(),
  );
  assert.deepEqual(seen, [1n]);
  assert.equal(failure.reason, "CID_MISMATCH");
  assert.equal(failure.status, status.DATA_LOSS);
});

test("a stream ends when its principal's rights end", async (t) => {
  const { client, principals } = await start(t, {
    async *watch() {
      yield { nextIndex: 1n };
      await new Promise(() => {});
    },
  });
  for (const [change, reason] of [
    [() => principals.set("good", { ...everyRole, scopes: ["a"] }), "UNAVAILABLE"],
    [() => principals.set("good", { ...everyRole, roles: ["writer"] }), "PERMISSION_DENIED"],
    [() => principals.delete("good"), "UNAUTHENTICATED"],
  ] as const) {
    principals.set("good", everyRole);
    const stream = client.serverStream(method.watch, {});
    await once(stream, "data");
    change();
    assert.equal((await failureOf(collect(stream))).reason, reason);
  }
});

test("reads no further from a caller that does not read its answers", async (t) => {
  let taken = 0;
  const { client } = await start(t, {
    async *appendStream(requests) {
      for await (const request of requests) {
        taken += 1;
        yield { requestId: request.requestId, checkpoint: new Uint8Array(256 * 1024) };
      }
    },
  });
  const stream = client.bidiStream(method.appendStream);
  const facts = [{ fact: new Uint8Array(256 * 1024) }];
  for (let i = 0; i < 200; i += 1) stream.write({ requestId: String(i), facts });
  stream.end();
  await readOne(stream);
  await sleep(300);
  assert.ok(taken < 60, `took ${taken} of 200 from a caller that reads nothing`);
  const answers = await collect(stream);
  assert.deepEqual(
    answers.map(({ requestId }) => requestId),
    Array.from({ length: 199 }, (_, i) => String(i + 1)),
  );
});

test("what a stream both ways throws arrives with its code while requests are awaited", async (t) => {
  const { client } = await start(t, {
    async *appendStream(requests) {
      for await (const { requestId } of requests) {
        if (requestId === "bad") throw new StoreError("INVALID_ARGUMENT", "check: bad");
        yield { requestId };
      }
    },
  });
  const stream = client.bidiStream(method.appendStream);
  stream.write({ requestId: "good" });
  stream.write({ requestId: "bad" });
  assert.equal((await failureOf(collect(stream))).reason, "INVALID_ARGUMENT");
});
