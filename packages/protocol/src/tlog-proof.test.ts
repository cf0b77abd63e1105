import assert from "node:assert/strict";
import { test } from "node:test";
import { fromBase64, text, toHex, utf8 } from "./bytes.ts";
import { parseCheckpoint } from "./checkpoint.ts";
import { hashLeaf } from "./leaf.ts";
import { parseNote } from "./note.ts";
import { parseReceipt } from "./receipt.ts";
import { readVectors } from "./testing/vectors.ts";
import { formatTlogProof, parseTlogProof } from "./tlog-proof.ts";
import { verifyInclusion } from "./tree.ts";

interface ProofVector {
  why: string;
  receipt?: string;
  proof: string;
  extra: string;
  index: string;
  inclusion: string[];
  checkpoint: string;
}

const vectors = readVectors<{
  valid: ProofVector[];
  invalid: { why: string; proof: string; code: string }[];
}>("tlog_proofs");

for (const vector of vectors.valid) {
  test(`parses a proof: ${vector.why}`, () => {
    const proof = parseTlogProof(vector.proof);
    assert.equal(toHex(proof.extra), vector.extra);
    assert.equal(proof.index, BigInt(vector.index));
    assert.deepEqual(proof.inclusion.map(toHex), vector.inclusion);
    assert.equal(text(proof.checkpoint), vector.checkpoint);
    assert.deepEqual(parseTlogProof(utf8(vector.proof)), proof);
  });

  if (vector.receipt === undefined) continue;
  const receipt = parseReceipt(fromBase64(vector.receipt));
  test(`exports a proof whose extra data is the leaf it proves: ${vector.why}`, () => {
    assert.equal(formatTlogProof(receipt), vector.proof);
    const { extra, index, inclusion, checkpoint } = parseTlogProof(vector.proof);
    const { size, root } = parseCheckpoint(parseNote(checkpoint).text);
    verifyInclusion({ leafHash: hashLeaf(extra), index, size, proof: [...inclusion], root });
  });
}

for (const vector of vectors.invalid) {
  test(`refuses a proof: ${vector.why}`, () => {
    assert.throws(() => parseTlogProof(vector.proof), { code: vector.code });
  });
}

test("refuses a proof that is not UTF-8 or too large", () => {
  assert.throws(() => parseTlogProof(Uint8Array.of(0xff)), { code: "MALFORMED_PROOF" });
  const large = new Uint8Array(4 * 1024 * 1024 + 1);
  assert.throws(() => parseTlogProof(large), { code: "LIMIT_EXCEEDED" });
});

test("refuses to export what would not parse", () => {
  const receipt = parseReceipt(fromBase64(vectors.valid[0]?.receipt ?? ""));
  const [anchor] = receipt.anchors;
  assert.ok(anchor);
  assert.throws(() => formatTlogProof(receipt, 1), { code: "MALFORMED_PROOF" });
  const line = anchor.cosignatures[0] ?? assert.fail();
  const crowded = { ...anchor, cosignatures: Array(16).fill(line) };
  assert.throws(() => formatTlogProof({ ...receipt, anchors: [crowded] }), {
    code: "LIMIT_EXCEEDED",
  });
  const split = { ...anchor, cosignatures: [utf8("\n")] };
  assert.throws(() => formatTlogProof({ ...receipt, anchors: [split] }), {
    code: "MALFORMED_COSIGNATURE",
  });
  const short = { ...anchor, inclusion: [new Uint8Array(31)] };
  assert.throws(() => formatTlogProof({ ...receipt, anchors: [short] }), {
    code: "MALFORMED_PROOF",
  });
});
