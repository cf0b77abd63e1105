import assert from "node:assert/strict";
import { test } from "node:test";
import { anyUnpack } from "@bufbuild/protobuf/wkt";
import { status } from "@grpc/grpc-js";
import { ErrorInfoSchema, RetryInfoSchema } from "@strongroom/proto/google/rpc/error_details";
import { MalformedError } from "@strongroom/protocol";
import { StoreError, storeErrorCodes } from "@strongroom/store";
import { report, statusOf, toRpcStatus } from "./server.ts";

function infoOf(thrown: unknown) {
  for (const detail of toRpcStatus(thrown).details) {
    const info = anyUnpack(detail, ErrorInfoSchema);
    if (info) return info;
  }
  throw new Error("expected ErrorInfo");
}

test("every code has a status, and none is OK or UNKNOWN", () => {
  for (const code of storeErrorCodes) {
    const number = statusOf(code);
    assert.ok(number > status.OK && number !== status.UNKNOWN, code);
    assert.equal(toRpcStatus(new StoreError(code, "m")).code, number);
    assert.equal(infoOf(new StoreError(code, "m")).reason, code);
  }
});

test("says the code, the domain and the ids", () => {
  const error = new StoreError("FACT_RETRACTED", "append fact: retracted", {
    metadata: { index: "7" },
  });
  const info = infoOf(error);
  assert.equal(info.domain, "strongroom");
  assert.deepEqual(info.metadata, { index: "7" });
  assert.equal(report(error).details, "append fact: retracted");
});

test("malformed input is an invalid argument", () => {
  const thrown = new MalformedError("MALFORMED_FACT", "parse fact: trailing bytes");
  assert.equal(toRpcStatus(thrown).code, status.INVALID_ARGUMENT);
  assert.equal(infoOf(thrown).reason, "MALFORMED_FACT");
});

test("a broken invariant tells nothing of itself", () => {
  const rpc = toRpcStatus(new TypeError("cannot read secret 1234"));
  assert.equal(rpc.code, status.INTERNAL);
  assert.equal(rpc.message, "internal error");
  assert.doesNotMatch(JSON.stringify(infoOf(new TypeError("secret"))), /secret/);
});

test("what passes by itself says when to come again", () => {
  for (const code of ["OVERLOADED", "UNAVAILABLE", "STORE_CLOSED"] as const) {
    const { details } = toRpcStatus(new StoreError(code, "m"));
    assert.ok(
      details.some((detail) => anyUnpack(detail, RetryInfoSchema)?.retryDelay),
      code,
    );
  }
});

test("a verdict carries the signed notes that prove it", () => {
  const evidence = [new TextEncoder().encode("note"), new Uint8Array(9999)];
  const info = infoOf(new StoreError("FORK_DETECTED", "m", { evidence }));
  assert.deepEqual(info.metadata, { evidence_0: "bm90ZQ==" });
});

test("messages are cut and fit a header whatever they hold", () => {
  const error = new StoreError("INVALID_ARGUMENT", `\ud800${"x".repeat(5000)}`);
  const { details } = report(error);
  assert.equal(details.length, 1024);
  assert.doesNotThrow(() => encodeURI(details));
});
