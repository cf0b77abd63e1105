import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { anyUnpack } from "@bufbuild/protobuf/wkt";
import { Client, credentials, Metadata, type ServiceError, status } from "@grpc/grpc-js";
import { ErrorInfoSchema } from "@strongroom/proto/google/rpc/error_details";
import { StatusSchema } from "@strongroom/proto/google/rpc/status";
import {
  AppendRequestSchema,
  FactService,
  QueryRequestSchema,
} from "@strongroom/proto/strongroom/fact/v1/fact_service";
import { LogService } from "@strongroom/proto/strongroom/log/v1/log_service";
import { concatBytes, utf8 } from "@strongroom/protocol";
import { checkStore } from "../support/check-store.ts";
import { madeFact } from "../support/made-facts.ts";
import { type Service, startService } from "../support/service.ts";

const MIB = 1024 * 1024;
const folder = mkdtempSync(join(tmpdir(), "strongroom-bad-input-"));
let service: Service;
let client: Client;

before(async () => {
  service = await startService(folder);
  client = new Client(service.address, credentials.createInsecure());
});

after(async () => {
  client.close();
  assert.equal(await service.stop(), 0, service.log());
  // Whatever was sent, nothing but the good facts came in.
  const found = checkStore(service.storePath, service.rawKey);
  assert.equal(found.kinds.get("fact") ?? 0, found.cids.length);
  rmSync(folder, { recursive: true, force: true });
});

function sendBytes(path: string, bytes: Uint8Array): Promise<{ status: number; reason: string }> {
  const metadata = new Metadata();
  metadata.set("authorization", `Bearer ${service.token}`);
  const as = (value: Buffer) => value;
  return new Promise((resolve) => {
    client.makeUnaryRequest(path, as, as, Buffer.from(bytes), metadata, (error) => {
      if (error) resolve({ status: error.code, reason: reasonOf(error) });
      else resolve({ status: status.OK, reason: "" });
    });
  });
}

/** The code in google.rpc.ErrorInfo; empty where gRPC itself refused. */
function reasonOf(error: ServiceError): string {
  const [bytes] = error.metadata.get("grpc-status-details-bin");
  if (!(bytes instanceof Buffer)) return "";
  const [info] = fromBinary(StatusSchema, bytes).details.map((any) =>
    anyUnpack(any, ErrorInfoSchema),
  );
  return info?.reason ?? "";
}

const APPEND = `/${FactService.typeName}/Append`;
const appendOf = (fact: Uint8Array) =>
  toBinary(AppendRequestSchema, create(AppendRequestSchema, { fact: { fact } }));

/** One length-delimited field of a message. */
function field(number: number, value: Uint8Array): Uint8Array {
  const length: number[] = [];
  for (let rest = value.length; ; rest >>>= 7) {
    if (rest < 128) {
      length.push(rest);
      break;
    }
    length.push((rest & 127) | 128);
  }
  const tag = number * 8 + 2;
  const tagBytes = tag < 128 ? [tag] : [(tag & 127) | 128, tag >>> 7];
  return concatBytes(Uint8Array.from([...tagBytes, ...length]), value);
}

const scope = field(1, utf8("test/a"));
const entity = field(2, utf8("thing"));
const relation = field(3, utf8("is"));
const value = field(5, utf8("x"));
const whole = [scope, entity, relation, value];
const long = (count: number) => utf8("e".repeat(count));

const refused: [name: string, fact: Uint8Array][] = [
  ["no bytes at all", new Uint8Array()],
  ["bytes that are no protobuf", Uint8Array.from([0xff, 0xff, 0xff])],
  ["a fact cut in the middle", madeFact(1).subarray(0, 20)],
  [
    "invalid UTF-8 in the entity",
    concatBytes(scope, field(2, Uint8Array.of(0xc3, 0x28)), relation, value),
  ],
  [
    "a lone surrogate in UTF-8",
    concatBytes(scope, field(2, Uint8Array.of(0xed, 0xa0, 0x80)), relation, value),
  ],
  ["fields out of order", concatBytes(entity, scope, relation, value)],
  ["a field twice", concatBytes(scope, scope, entity, relation, value)],
  ["two values", concatBytes(...whole, field(10, utf8("y")))],
  ["no value", concatBytes(scope, entity, relation)],
  ["no scope", concatBytes(entity, relation, value)],
  ["no entity", concatBytes(scope, relation, value)],
  ["no relation", concatBytes(scope, entity, value)],
  ["an empty source that is written out", concatBytes(...whole, field(13, utf8("")))],
  ["an unknown field", concatBytes(...whole, field(99, utf8("x")))],
  [
    "a scope with an upper-case letter",
    concatBytes(field(1, utf8("Test")), entity, relation, value),
  ],
  ["a scope that ends in a slash", concatBytes(field(1, utf8("test/")), entity, relation, value)],
  ["a scope of 129 bytes", concatBytes(field(1, utf8("s".repeat(129))), entity, relation, value)],
  ["an entity of 513 bytes", concatBytes(scope, field(2, long(513)), relation, value)],
  ["a relation of 257 bytes", concatBytes(scope, entity, field(3, long(257)), value)],
  ["a source of 513 bytes", concatBytes(...whole, field(13, long(513)))],
  ["a fact over 64 KiB", concatBytes(scope, entity, relation, field(5, long(64 * 1024)))],
  ["a nonce of 15 bytes", concatBytes(...whole, field(20, new Uint8Array(15).fill(1)))],
  [
    "65 cids it follows from",
    concatBytes(...whole, ...Array.from({ length: 65 }, () => field(17, new Uint8Array(32)))),
  ],
  ["a cid of 31 bytes it follows from", concatBytes(...whole, field(17, new Uint8Array(31)))],
];

for (const [name, fact] of refused) {
  test(`refuses ${name}, with a code`, async () => {
    const failure = await sendBytes(APPEND, appendOf(fact));
    assert.equal(failure.status, status.INVALID_ARGUMENT);
    assert.match(
      failure.reason,
      /^(MALFORMED_FACT|MALFORMED_SCOPE|LIMIT_EXCEEDED|INVALID_ARGUMENT)$/,
    );
  });
}

test("takes a fact exactly at each limit", async () => {
  const limits = concatBytes(
    field(1, utf8("s".repeat(128))),
    field(2, long(512)),
    field(3, long(256)),
    value,
    field(13, long(512)),
    ...Array.from({ length: 64 }, () => field(17, new Uint8Array(32))),
  );
  assert.equal((await sendBytes(APPEND, appendOf(limits))).status, status.OK);
});

test("refuses a request that is not protobuf", async () => {
  const failure = await sendBytes(APPEND, Uint8Array.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0x7f]));
  assert.ok([status.INVALID_ARGUMENT, status.INTERNAL].includes(failure.status));
});

test("refuses a batch of 4 MiB and a byte, and a message above the limit of gRPC", async () => {
  const facts = Array.from({ length: 70 }, (_, i) => ({
    fact: concatBytes(scope, field(2, utf8(`big/${i}`)), relation, field(5, long(60_000))),
  }));
  const { input } = FactService.method.appendBatch;
  const path = `/${FactService.typeName}/AppendBatch`;
  const over = await sendBytes(path, toBinary(input, create(input, { facts })));
  assert.match(over.reason, /^(LIMIT_EXCEEDED|INVALID_ARGUMENT)$/);
  const message = await sendBytes(path, new Uint8Array(6 * MIB + 1024));
  assert.equal(message.status, status.RESOURCE_EXHAUSTED);
});

test("refuses page tokens that it did not make", async () => {
  const path = `/${FactService.typeName}/Query`;
  for (const pageToken of ["x", "AAAA", Buffer.alloc(64, 3).toString("base64url")]) {
    const query = create(QueryRequestSchema, { pageToken, filter: { scope: "test/*" } });
    const failure = await sendBytes(path, toBinary(QueryRequestSchema, query));
    assert.equal(failure.reason, "PAGE_TOKEN_INVALID", pageToken);
  }
});

test("refuses proofs beyond the head and sizes that never were", async () => {
  const { input } = LogService.method.getInclusionProof;
  const path = `/${LogService.typeName}/GetInclusionProof`;
  const beyond = create(input, { index: 1n << 60n });
  const failure = await sendBytes(path, toBinary(input, beyond));
  assert.ok([status.NOT_FOUND, status.INVALID_ARGUMENT].includes(failure.status));
});

test("after all that it still takes a fact", async () => {
  assert.equal((await sendBytes(APPEND, appendOf(madeFact(1)))).status, status.OK);
});
