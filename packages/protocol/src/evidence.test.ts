import assert from "node:assert/strict";
import { test } from "node:test";
import { create, type JsonValue, toBinary, toJson } from "@bufbuild/protobuf";
import {
  EvidencePrivateSchema,
  EvidencePublicSchema,
} from "@strongroom/proto/strongroom/log/v1/evidence";
import fc from "fast-check";
import { sha256 } from "#crypto";
import { concatBytes, fromHex, toHex } from "./bytes.ts";
import {
  checkScopeLink,
  encodeEvidencePrivate,
  encodeEvidencePublic,
  hashEvidence,
  hashSubject,
  parseEvidencePrivate,
  parseEvidencePublic,
} from "./evidence.ts";
import { asEntryKind } from "./leaf.ts";
import { type InvalidVector, readVectors } from "./testing/vectors.ts";

interface ValidVector {
  name: string;
  bytes: string;
  sha256: string;
  evidence: JsonValue;
}

const vectors = readVectors<{
  public_valid: (ValidVector & { kind: number })[];
  private_valid: ValidVector[];
  public_invalid: InvalidVector[];
  private_invalid: InvalidVector[];
  link_invalid: (InvalidVector & { kind: number })[];
}>("evidence");
const malformed = { name: "MalformedError", code: "MALFORMED_EVIDENCE" };
const salt = new Uint8Array(16).fill(9);

test("reads and writes the valid vectors of public evidence", () => {
  for (const { name, kind, bytes, evidence, ...vector } of vectors.public_valid) {
    const parsed = parseEvidencePublic(fromHex(bytes));
    assert.deepEqual(toJson(EvidencePublicSchema, parsed), evidence, name);
    assert.equal(toHex(encodeEvidencePublic(parsed)), bytes, name);
    assert.equal(toHex(sha256(fromHex(bytes))), vector.sha256, name);
    checkScopeLink(asEntryKind(kind), parsed);
  }
});

test("reads and writes the valid vectors of private evidence", () => {
  for (const { name, bytes, evidence, ...vector } of vectors.private_valid) {
    const parsed = parseEvidencePrivate(fromHex(bytes));
    assert.deepEqual(toJson(EvidencePrivateSchema, parsed), evidence, name);
    assert.equal(toHex(encodeEvidencePrivate(parsed)), bytes, name);
    assert.equal(toHex(sha256(fromHex(bytes))), vector.sha256, name);
  }
});

test("refuses the invalid vectors", () => {
  for (const { why, bytes } of vectors.public_invalid) {
    assert.throws(() => parseEvidencePublic(fromHex(bytes)), malformed, why);
  }
  for (const { why, bytes } of vectors.private_invalid) {
    assert.throws(() => parseEvidencePrivate(fromHex(bytes)), malformed, why);
  }
});

test("refuses a scope index and a scope link that disagree", () => {
  for (const { why, kind, bytes } of vectors.link_invalid) {
    const evidence = parseEvidencePublic(fromHex(bytes));
    const link = { name: "VerificationError", code: "LINK_MISMATCH" };
    assert.throws(() => checkScopeLink(asEntryKind(kind), evidence), link, why);
  }
});

test("writes public evidence byte for byte as protobuf does, and reads it back", () => {
  const hash = fc.uint8Array({ minLength: 32, maxLength: 32 });
  const author = fc.record({
    publicKey: hash,
    signature: fc.uint8Array({ minLength: 64, maxLength: 64 }),
  });
  const fields = fc.record({
    authorSignatures: fc.array(author, { maxLength: 4 }),
    scopeIndex: fc.oneof(fc.maxSafeNat(), fc.nat({ max: 300 })),
    scopePrevious: fc.option(hash, { nil: undefined }),
    originReceiptDigest: fc.option(hash, { nil: undefined }),
    salt: fc.uint8Array({ minLength: 16, maxLength: 16 }),
  });
  fc.assert(
    fc.property(fields, ({ scopePrevious, originReceiptDigest, ...rest }) => {
      const message = create(EvidencePublicSchema, {
        ...rest,
        scopeIndex: BigInt(rest.scopeIndex),
      });
      if (scopePrevious) message.scopePrevious = scopePrevious;
      if (originReceiptDigest) message.originReceiptDigest = originReceiptDigest;
      const bytes = encodeEvidencePublic({ ...rest, scopePrevious, originReceiptDigest });
      assert.deepEqual(bytes, toBinary(EvidencePublicSchema, message));
      assert.deepEqual(parseEvidencePublic(bytes), message);
    }),
  );
});

test("reads scope indexes beyond 2^53, and refuses to write them from a number", () => {
  const message = create(EvidencePublicSchema, { scopeIndex: 2n ** 64n - 1n, salt });
  assert.deepEqual(parseEvidencePublic(toBinary(EvidencePublicSchema, message)), message);
  for (const scopeIndex of [2 ** 53, -1, 0.5, Number.NaN]) {
    assert.throws(() => encodeEvidencePublic({ scopeIndex, salt }), RangeError);
  }
});

test("refuses to write parts of a wrong length", () => {
  const short = new Uint8Array(31);
  assert.throws(() => encodeEvidencePublic({ salt: short }), RangeError);
  assert.throws(() => encodeEvidencePublic({ salt, scopePrevious: short }), RangeError);
  assert.throws(() => encodeEvidencePublic({ salt, originReceiptDigest: short }), RangeError);
  const authorSignatures = [{ publicKey: short, signature: new Uint8Array(64) }];
  assert.throws(() => encodeEvidencePublic({ salt, authorSignatures }), RangeError);
  assert.throws(() => encodeEvidencePrivate({ salt: short }), malformed);
  assert.throws(() => encodeEvidencePrivate({ salt, principal: "\ud800" }), malformed);
});

test("hashes subject and evidence with their own prefixes", () => {
  const a = new Uint8Array(32).fill(1);
  const b = new Uint8Array(32).fill(2);
  assert.deepEqual(hashSubject(salt, a), sha256(concatBytes(Uint8Array.of(2), salt, a)));
  assert.deepEqual(hashEvidence(a, b), sha256(concatBytes(Uint8Array.of(3), a, b)));
  assert.throws(() => hashSubject(a, a), malformed);
  assert.throws(() => hashSubject(salt, salt), malformed);
  assert.throws(() => hashEvidence(a, salt), malformed);
});
