import assert from "node:assert/strict";
import { test } from "node:test";
import { type DescMessage, type JsonValue, type Message, toJson } from "@bufbuild/protobuf";
import * as schemas from "@strongroom/proto/strongroom/log/v1/bodies";
import { sha256 } from "#crypto";
import * as bodies from "./bodies.ts";
import { fromHex, toHex } from "./bytes.ts";
import { checkCanonical } from "./canonical.ts";
import { MalformedError } from "./errors.ts";
import { encodeFact } from "./fact.ts";
import { ENTRY_KINDS, type EntryKindName } from "./leaf.ts";
import { type InvalidVector, readVectors } from "./testing/vectors.ts";

type EventKindName = Exclude<EntryKindName, "fact">;

const vectors = readVectors<{
  valid: { kind: EventKindName; name: string; bytes: string; sha256: string; body: JsonValue }[];
  invalid: (InvalidVector & { kind: EventKindName })[];
}>("bodies");

const schemaOf: Record<EventKindName, DescMessage> = {
  retraction: schemas.RetractionSchema,
  redaction: schemas.RedactionSchema,
  audit: schemas.AuditEventSchema,
  "key-event": schemas.KeyEventSchema,
  snapshot: schemas.SnapshotEventSchema,
  "integrity-rejection": schemas.IntegrityRejectionSchema,
  epoch: schemas.EpochSchema,
  endorsement: schemas.EndorsementSchema,
  "scope-erasure": schemas.ScopeErasureSchema,
};

const encoderOf: Record<EventKindName, (body: never) => Uint8Array> = {
  retraction: bodies.encodeRetraction,
  redaction: bodies.encodeRedaction,
  audit: bodies.encodeAuditEvent,
  "key-event": bodies.encodeKeyEvent,
  snapshot: bodies.encodeSnapshotEvent,
  "integrity-rejection": bodies.encodeIntegrityRejection,
  epoch: bodies.encodeEpoch,
  endorsement: bodies.encodeEndorsement,
  "scope-erasure": bodies.encodeScopeErasure,
};

test("reads and writes the valid vectors", () => {
  for (const { kind, name, bytes, body, ...vector } of vectors.valid) {
    const parsed = bodies.parseBody(kind, fromHex(bytes));
    assert.deepEqual(toJson(schemaOf[kind], parsed as Message), body, `${kind}: ${name}`);
    assert.equal(toHex(encoderOf[kind](parsed as never)), bytes, `${kind}: ${name}`);
    assert.equal(toHex(sha256(fromHex(bytes))), vector.sha256, `${kind}: ${name}`);
  }
});

test("every kind has a valid vector", () => {
  const kinds = new Set<EntryKindName>(["fact", ...vectors.valid.map(({ kind }) => kind)]);
  assert.deepEqual([...kinds].sort(), Object.keys(ENTRY_KINDS).sort());
});

test("refuses the invalid vectors", () => {
  for (const { kind, why, bytes } of vectors.invalid) {
    assert.throws(
      () => bodies.parseBody(kind, fromHex(bytes)),
      (error) =>
        error instanceof MalformedError &&
        ["MALFORMED_BODY", "LIMIT_EXCEEDED"].includes(error.code),
      `${kind}: ${why}`,
    );
  }
});

test("the body of a fact entry is the fact", () => {
  const fact = {
    scope: "a",
    entity: "e",
    relation: "r",
    value: { case: "integer", value: 1n },
  } as const;
  assert.equal(bodies.parseBody("fact", encodeFact(fact)).entity, "e");
  assert.throws(() => bodies.parseBody("fact", new Uint8Array(0)), { code: "MALFORMED_FACT" });
});

test("refuses to write a body that it would not read", () => {
  const cid = new Uint8Array(32);
  const malformed = { code: "MALFORMED_BODY" };
  assert.throws(() => bodies.encodeRetraction({ scope: "A", cid }), malformed);
  assert.throws(() => bodies.encodeRetraction({ scope: "a", cid: cid.subarray(1) }), malformed);
  assert.throws(() => bodies.encodeRetraction({ scope: "a", cid, reason: "\udc00" }), malformed);
  assert.throws(() => bodies.encodeEndorsement({ index: -1n, cid }), malformed);
  const before = { seconds: -62135596801n, nanos: 0 };
  assert.throws(() => bodies.encodeAuditEvent({ from: before }), malformed);
  const reason = "é".repeat(513);
  assert.throws(() => bodies.encodeEpoch({ reason }), { code: "LIMIT_EXCEEDED" });
  const lastNotes = [new Uint8Array(bodies.BODY_BYTES_MAX)];
  assert.throws(() => bodies.encodeEpoch({ lastNotes }), { code: "LIMIT_EXCEEDED" });
});

test("checks any message against the canonical rule, with the code of its format", () => {
  checkCanonical(schemas.DetailSchema, fromHex("0a0161120162"));
  const check = () =>
    checkCanonical(schemas.DetailSchema, fromHex("1201620a0161"), "MALFORMED_RECEIPT");
  assert.throws(check, { code: "MALFORMED_RECEIPT" });
});
