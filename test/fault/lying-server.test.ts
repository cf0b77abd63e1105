import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { create, type DescMethodUnary, fromBinary, toBinary } from "@bufbuild/protobuf";
import { Client, credentials, Metadata, Server, ServerCredentials, status } from "@grpc/grpc-js";
import { connect } from "@strongroom/client";
import {
  type AppendResponse,
  AppendResponseSchema,
  FactService,
} from "@strongroom/proto/strongroom/fact/v1/fact_service";
import { madeFact } from "../support/made-facts.ts";
import { startService } from "../support/service.ts";
import { temporaryFolder } from "../support/test-store.ts";

const PASS = (value: Buffer) => value;

/** Passes every call on to a real service; what it says to an append, the test decides. */
async function lyingServer(
  t: TestContext,
  lie: (truth: AppendResponse) => AppendResponse | { code: status },
): Promise<{ address: string; token: string }> {
  const service = await startService(temporaryFolder(t));
  const upstream = new Client(service.address, credentials.createInsecure());
  const server = new Server();
  const { LogService } = await import("@strongroom/proto/strongroom/log/v1/log_service");
  for (const { typeName, methods } of [FactService, LogService]) {
    const unary = methods.filter((method) => method.methodKind === "unary") as DescMethodUnary[];
    const definitions = unary.map((method) => {
      const path = `/${typeName}/${method.name}`;
      const streams = { requestStream: false, responseStream: false } as const;
      const serialize = { requestSerialize: PASS, requestDeserialize: PASS };
      const deserialize = { responseSerialize: PASS, responseDeserialize: PASS };
      return [method.localName, { path, ...streams, ...serialize, ...deserialize }] as const;
    });
    const handlers = unary.map((method) => {
      const path = `/${typeName}/${method.name}`;
      const handle = (
        call: { request: Buffer; metadata: Metadata },
        answer: (error: { code: status } | null, value?: Buffer) => void,
      ) => {
        const metadata = new Metadata();
        for (const value of call.metadata.get("authorization")) {
          metadata.set("authorization", value);
        }
        upstream.makeUnaryRequest(path, PASS, PASS, call.request, metadata, (error, value) => {
          if (error) return answer({ code: error.code });
          if (method.name !== "Append") return answer(null, value ?? Buffer.alloc(0));
          const said = lie(fromBinary(AppendResponseSchema, value ?? Buffer.alloc(0)));
          if ("$typeName" in said) {
            return answer(null, Buffer.from(toBinary(AppendResponseSchema, said)));
          }
          answer(said);
        });
      };
      return [method.localName, handle] as const;
    });
    server.addService(Object.fromEntries(definitions), Object.fromEntries(handlers));
  }
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  t.after(async () => {
    server.forceShutdown();
    upstream.close();
    await service.stop();
  });
  return { address: `127.0.0.1:${port}`, token: service.token };
}

const lies: [name: string, lie: (truth: AppendResponse) => AppendResponse, code: RegExp][] = [
  [
    "another content id",
    (truth) => create(AppendResponseSchema, { ...truth, cid: new Uint8Array(32) }),
    /^PROTOCOL_VIOLATION$/,
  ],
  [
    "another index than its receipt has",
    (truth) => create(AppendResponseSchema, { ...truth, index: truth.index + 1n }),
    /^PROTOCOL_VIOLATION$/,
  ],
  [
    "no receipt",
    (truth) => {
      const { receipt: _, ...rest } = truth;
      return create(AppendResponseSchema, rest);
    },
    /^PROTOCOL_VIOLATION$/,
  ],
  [
    "a receipt with an edited body",
    (truth) => {
      const receipt = truth.receipt;
      assert.ok(receipt);
      const body = Uint8Array.from(receipt.body);
      body[body.length - 1] = (body[body.length - 1] ?? 0) ^ 1;
      return create(AppendResponseSchema, { ...truth, receipt: { ...receipt, body } });
    },
    /^(SUBJECT_MISMATCH|MALFORMED_FACT)$/,
  ],
];

for (const [name, lie, code] of lies) {
  test(`a client refuses an answer with ${name}`, async (t) => {
    const { address, token } = await lyingServer(t, lie);
    const client = await connect({ address, token });
    await assert.rejects(client.append(madeFact(1)), (error: { code: string; kind: string }) => {
      assert.match(error.code, code);
      assert.equal(error.kind, "verification");
      return true;
    });
    await client.close();
  });
}

for (const [code, expected] of [
  [status.UNIMPLEMENTED, "UNIMPLEMENTED"],
  [status.ALREADY_EXISTS, "ALREADY_EXISTS"],
  [status.DATA_LOSS, "DATA_LOSS"],
] as const) {
  test(`a bare status ${expected} becomes the client's code`, async (t) => {
    const { address, token } = await lyingServer(t, () => ({ code }));
    const client = await connect({ address, token });
    await assert.rejects(client.append(madeFact(2)), { code: expected });
    await client.close();
  });
}

test("an append stream that its user ends while an answer is due is CLIENT_CLOSED", async (t) => {
  const service = await startService(temporaryFolder(t));
  t.after(() => service.stop());
  const client = await connect({ address: service.address, token: service.token });
  const stop = new AbortController();
  const outcomes = client.appendMany([madeFact(1)], { signal: stop.signal });
  stop.abort();
  await assert.rejects(outcomes.next(), (error: { code: string }) => {
    assert.match(error.code, /^(CLIENT_CLOSED|CANCELLED)$/);
    return true;
  });
  await client.close();
});
