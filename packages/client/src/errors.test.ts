import assert from "node:assert/strict";
import { it } from "node:test";
import { create, toBinary } from "@bufbuild/protobuf";
import { anyPack } from "@bufbuild/protobuf/wkt";
import { Metadata, type ServiceError, status } from "@grpc/grpc-js";
import { ErrorInfoSchema } from "@strongroom/proto/google/rpc/error_details";
import { StatusSchema } from "@strongroom/proto/google/rpc/status";
import { MalformedError, VerificationError } from "@strongroom/protocol";
import { errorOfItem, toAnswerError, toClientError } from "./errors.ts";
import { backoffMs, withRetry } from "./retry.ts";

const rich = create(StatusSchema, {
  code: status.FAILED_PRECONDITION,
  message: "append: the fact was retracted",
  details: [
    anyPack(
      ErrorInfoSchema,
      create(ErrorInfoSchema, {
        reason: "FACT_RETRACTED",
        domain: "strongroom",
        metadata: { index: "7" },
      }),
    ),
  ],
});

function serviceError(code: number, metadata = new Metadata()): ServiceError {
  return Object.assign(new Error("call failed"), { code, details: "call failed", metadata });
}

it("passes the server's reason through as the code, with its metadata", () => {
  const metadata = new Metadata();
  metadata.set("grpc-status-details-bin", Buffer.from(toBinary(StatusSchema, rich)));
  const error = toClientError(serviceError(status.FAILED_PRECONDITION, metadata));
  assert.equal(error.code, "FACT_RETRACTED");
  assert.equal(error.kind, "refused");
  assert.deepEqual(error.metadata, { index: "7" });
  assert.equal(errorOfItem(rich).code, "FACT_RETRACTED");
});

it("names every status without a reason, and retries UNAVAILABLE alone", () => {
  for (const code of Object.values(status)) {
    if (typeof code !== "number" || code === status.OK) continue;
    const error = toClientError(serviceError(code));
    assert.match(error.code, /^[A-Z_]+$/);
    assert.equal(error.retryable, code === status.UNAVAILABLE);
  }
});

it("tells malformed input from a malformed answer", () => {
  const malformed = new MalformedError("MALFORMED_NOTE", "no");
  assert.equal(toClientError(malformed).kind, "refused");
  assert.equal(toAnswerError(malformed).kind, "verification");
  assert.equal(toClientError(new VerificationError("ROOT_MISMATCH", "no")).kind, "verification");
});

it("retries only what is retryable, and not past the deadline", async () => {
  let tried = 0;
  const unavailable = async () => {
    tried++;
    throw serviceError(status.UNAVAILABLE);
  };
  const soon = { deadlineMs: Date.now() + 60_000, attemptsMax: 3 };
  await assert.rejects(withRetry(unavailable, soon), { code: "UNAVAILABLE" });
  assert.equal(tried, 3);
  tried = 0;
  await assert.rejects(withRetry(unavailable, { deadlineMs: Date.now() }), { code: "UNAVAILABLE" });
  assert.equal(tried, 1);
});

it("backs off exponentially up to two seconds", () => {
  for (let tried = 1; tried < 40; tried++) {
    const delay = backoffMs(tried);
    assert.ok(delay >= 25 && delay <= 2_000);
  }
});
