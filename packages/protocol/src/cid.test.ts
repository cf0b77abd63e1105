import assert from "node:assert/strict";
import { test } from "node:test";
import { fromHex } from "./bytes.ts";
import { asCid, formatCid, hashFact, parseCid } from "./cid.ts";
import { readVectors, type ValidFactVector } from "./testing/vectors.ts";

const vectors = readVectors<ValidFactVector[]>("facts_valid");

test("hashes every valid fact to the content id of the vectors, and reads it back", () => {
  for (const vector of vectors) {
    const cid = hashFact(fromHex(vector.bytes));
    assert.equal(formatCid(cid), vector.cid, vector.name);
    assert.deepEqual(parseCid(vector.cid), cid, vector.name);
  }
});

test("refuses every other spelling of a content id", () => {
  const hex = "0123456789abcdef".repeat(4);
  const wrong = [
    hex,
    `sha256:${hex}0`,
    `sha256:${hex.slice(1)}`,
    `SHA256:${hex}`,
    `sha256:${hex} `,
  ];
  for (const cid of [...wrong, `sha256:${hex.toUpperCase()}`, `sha512:${hex}`, ""]) {
    assert.throws(() => parseCid(cid), { name: "MalformedError", code: "MALFORMED_CID" }, cid);
  }
  assert.throws(() => asCid(new Uint8Array(31)), { code: "MALFORMED_CID" });
});
