import assert from "node:assert/strict";
import { test } from "node:test";
import { fromHex, text, toHex, utf8 } from "./bytes.ts";
import {
  formatCheckpoint,
  parseCheckpoint,
  signCheckpoint,
  verifyCheckpoint,
} from "./checkpoint.ts";
import { parseNote, signNote } from "./note.ts";
import { readVectors } from "./testing/vectors.ts";
import { ed25519Signer, parseVkey } from "./vkey.ts";

interface CheckpointVector {
  why: string;
  text: string;
  note: string;
  origin: string;
  size: string;
  root: string;
}

const vectors = readVectors<{
  checkpoints_valid: CheckpointVector[];
  checkpoints_invalid: { why: string; text: string; code: string }[];
}>("notes");
const log = readVectors<{
  origin: string;
  log_seed: string;
  vkey: string;
  roots: Record<string, string>;
  checkpoints: { size: number; note: string }[];
}>("log_small");
const malformed = { name: "MalformedError", code: "MALFORMED_CHECKPOINT" };

for (const vector of vectors.checkpoints_valid) {
  test(`parses a checkpoint: ${vector.why}`, () => {
    const checkpoint = parseCheckpoint(parseNote(utf8(vector.note)).text);
    assert.equal(checkpoint.origin, vector.origin);
    assert.equal(checkpoint.size, BigInt(vector.size));
    assert.equal(toHex(checkpoint.root), vector.root);
    assert.equal(formatCheckpoint(checkpoint), vector.text);
  });
}

for (const vector of vectors.checkpoints_invalid) {
  test(`refuses a checkpoint: ${vector.why}`, () => {
    assert.throws(() => parseCheckpoint(vector.text), malformed);
  });
}

for (const { size, note } of log.checkpoints) {
  test(`signs and verifies the held-out checkpoint at ${size}`, () => {
    const root = fromHex(log.roots[size] ?? assert.fail());
    const checkpoint = { origin: log.origin, size: BigInt(size), root };
    const signer = ed25519Signer(log.origin, fromHex(log.log_seed));
    assert.equal(text(signCheckpoint(checkpoint, [signer])), note);
    const verified = verifyCheckpoint(utf8(note), [parseVkey(log.vkey)]);
    assert.deepEqual({ ...verified, verified: 1 }, { ...checkpoint, verified: 1 });
  });
}

test("refuses a trusted key that signs for another origin", () => {
  const signer = ed25519Signer(log.origin, fromHex(log.log_seed));
  const root = new Uint8Array(32);
  const other = formatCheckpoint({ origin: "other.example", size: 1n, root });
  assert.throws(() => verifyCheckpoint(signNote(other, [signer]), [parseVkey(log.vkey)]), {
    name: "VerificationError",
    code: "ORIGIN_MISMATCH",
  });
});

test("refuses to write a checkpoint that it would not read", () => {
  const root = new Uint8Array(32);
  assert.throws(() => formatCheckpoint({ origin: "a b", size: 1n, root }), malformed);
  assert.throws(() => formatCheckpoint({ origin: "a", size: -1n, root }), malformed);
  assert.throws(() => formatCheckpoint({ origin: "a", size: 1n << 63n, root }), malformed);
  assert.throws(() => formatCheckpoint({ origin: "a", size: 1n, root: root.slice(1) }), malformed);
});
