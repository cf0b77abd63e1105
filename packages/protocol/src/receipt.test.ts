import assert from "node:assert/strict";
import { test } from "node:test";
import { create, equals, toBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import { fromBase64, toBase64, utf8 } from "./bytes.ts";
import {
  AnchorSchema,
  encodeReceipt,
  parseReceipt,
  RECEIPT_BYTES_MAX,
  type Receipt,
  ReceiptSchema,
} from "./receipt.ts";
import { formatReceiptJson, parseReceiptJson } from "./receipt-json.ts";
import { readVectors } from "./testing/vectors.ts";

const vectors = readVectors<{
  valid: { why: string; receipt: string; json?: string }[];
  binary_malformed: { why: string; bytes: string; code: string }[];
  json_valid: { why: string; json: string; receipt: string }[];
  json_malformed: { why: string; json: string; code: string }[];
}>("receipts");
const limit = { name: "MalformedError", code: "LIMIT_EXCEEDED" };

function firstReceipt(): Receipt {
  return parseReceipt(fromBase64(vectors.valid[1]?.receipt ?? ""));
}

for (const vector of vectors.valid) {
  test(`reads both forms of a receipt to the same and writes them back: ${vector.why}`, () => {
    const receipt = parseReceipt(fromBase64(vector.receipt));
    assert.equal(toBase64(encodeReceipt(receipt)), vector.receipt);
    const json = vector.json ?? formatReceiptJson(receipt);
    assert.equal(formatReceiptJson(receipt), json);
    assert.ok(equals(ReceiptSchema, parseReceiptJson(json), receipt));
  });
}

for (const vector of vectors.binary_malformed) {
  test(`refuses receipt bytes: ${vector.why}`, () => {
    assert.throws(() => parseReceipt(fromBase64(vector.bytes)), { code: vector.code });
  });
}

for (const vector of vectors.json_valid) {
  test(`reads receipt JSON: ${vector.why}`, () => {
    const receipt = parseReceiptJson(vector.json);
    assert.equal(toBase64(encodeReceipt(receipt)), vector.receipt);
    assert.equal(toBase64(encodeReceipt(parseReceiptJson(utf8(vector.json)))), vector.receipt);
  });
}

for (const vector of vectors.json_malformed) {
  test(`refuses receipt JSON: ${vector.why}`, () => {
    assert.throws(() => parseReceiptJson(vector.json), { code: vector.code });
    assert.throws(() => parseReceiptJson(utf8(vector.json)), { code: vector.code });
  });
}

test("refuses receipt JSON that is not UTF-8 or nested too deeply", () => {
  const code = "MALFORMED_RECEIPT";
  assert.throws(() => parseReceiptJson(Uint8Array.of(0x7b, 0xff, 0x7d)), { code });
  assert.throws(() => parseReceiptJson(`{"anchors":${"[".repeat(100_000)}`), { code });
});

test("writes by hand what a protobuf encoder writes", () => {
  const bytes = (max: number) => fc.uint8Array({ maxLength: max });
  const anchor = fc.record({
    checkpoint: bytes(300),
    inclusion: fc.array(bytes(40)),
    bundles: fc.array(bytes(20_000)),
    cosignatures: fc.array(bytes(200)),
  });
  const receipts = fc.record({
    body: fc.uint8Array({ minLength: 1, maxLength: 20_000 }),
    blind: fc.uint8Array({ minLength: 16, maxLength: 16 }),
    evidencePublic: bytes(300),
    evidencePrivateHash: fc.uint8Array({ minLength: 32, maxLength: 32 }),
    evidencePrivate: bytes(300),
    leaf: fc.uint8Array({ minLength: 114, maxLength: 114 }),
    anchors: fc.array(anchor, { minLength: 1, maxLength: 4 }),
  });
  fc.assert(
    fc.property(receipts, (fields) => {
      const message = create(ReceiptSchema, {
        ...fields,
        anchors: fields.anchors.map((init) => create(AnchorSchema, init)),
      });
      assert.equal(toBase64(encodeReceipt(fields)), toBase64(toBinary(ReceiptSchema, message)));
    }),
  );
});

test("refuses either form above 4 MiB, reading and writing", () => {
  const huge = { ...firstReceipt(), body: new Uint8Array(RECEIPT_BYTES_MAX) };
  assert.throws(() => parseReceipt(new Uint8Array(RECEIPT_BYTES_MAX + 1)), limit);
  assert.throws(() => parseReceiptJson(" ".repeat(RECEIPT_BYTES_MAX + 1)), limit);
  assert.throws(() => encodeReceipt(huge), limit);
  assert.throws(() => formatReceiptJson(huge), limit);
});

test("says nothing of the content in the message of a refusal", () => {
  const secret = "c2VjcmV0";
  assert.throws(
    () => parseReceiptJson(`{"body":"${secret}`),
    (error: Error) => !`${error.message}${String(error.cause)}`.includes(secret),
  );
});

test("refuses more than 64 anchors, in both forms", () => {
  const receipt = firstReceipt();
  const [anchor] = receipt.anchors;
  assert.ok(anchor);
  const anchors = (count: number) => Array.from({ length: count }, () => anchor);
  assert.equal(
    parseReceipt(encodeReceipt({ ...receipt, anchors: anchors(64) })).anchors.length,
    64,
  );
  const tooMany = { ...receipt, anchors: anchors(65) };
  assert.throws(() => encodeReceipt(tooMany), limit);
  assert.throws(() => parseReceipt(toBinary(ReceiptSchema, tooMany)), limit);
  assert.throws(() => parseReceiptJson(formatReceiptJson(tooMany)), limit);
});
