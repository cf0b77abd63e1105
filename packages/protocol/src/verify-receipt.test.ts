import assert from "node:assert/strict";
import { test } from "node:test";
import { create } from "@bufbuild/protobuf";
import { sha256 } from "#crypto";
import { equalBytes, fromBase64, fromHex, toHex, utf8 } from "./bytes.ts";
import { MalformedError, VerificationError } from "./errors.ts";
import { ENTRY_KINDS, parseLeaf } from "./leaf.ts";
import { parsePolicy, singleLogPolicy } from "./policy.ts";
import { parseReceipt, type Receipt, ReceiptSchema } from "./receipt.ts";
import { parseReceiptJson } from "./receipt-json.ts";
import { readVectors } from "./testing/vectors.ts";
import { type ProvenReceipt, type VerifyReceiptOptions, verifyReceipt } from "./verify-receipt.ts";

interface ReceiptVector {
  why: string;
  receipt: string;
  json?: string;
  policy: string;
  now_unix_ms: number;
  fact?: string;
}

interface Expected {
  proven: string[];
  kind: string;
  cid?: string;
  index: string;
  time_unix_ms: string;
  origin: string;
  tree_size: string;
  root: string;
  authors: string[];
  anchor: number;
  witnesses: string[];
  signed_time_unix_ms?: number;
}

const vectors = readVectors<{
  valid: (ReceiptVector & { expect: Expected })[];
  invalid: (ReceiptVector & { expect: { code: string; proven?: string[] } })[];
}>("receipts");

for (const vector of vectors.valid) {
  test(`verifies a receipt: ${vector.why}`, () => {
    const done = verifyVector(vector);
    assert.equal(done.verdict, "verified");
    assert.deepEqual(summaryOf(done), vector.expect);
    if (done.kind === "fact") assert.equal(done.fact?.scope, "team/a");
  });
}

for (const vector of vectors.invalid) {
  test(`refuses a receipt: ${vector.why}`, () => {
    assert.throws(
      () => verifyVector(vector),
      (error: unknown) => {
        assert.ok(error instanceof MalformedError || error instanceof VerificationError);
        const proven = error instanceof VerificationError ? { proven: error.proven } : {};
        assert.deepEqual({ code: error.code, ...proven }, vector.expect);
        return true;
      },
    );
  });
}

test("says what an erased receipt still proves", () => {
  const vector = invalidVector("body and blind erased");
  const proven = ["evidence", "leaf", "inclusion", "checkpoint"];
  assert.deepEqual(vector.expect.proven, proven);
  assert.throws(() => verifyVector(vector), { code: "BODY_ERASED", proven });
});

test("hands over both notes of a fork as evidence", () => {
  const vector = invalidVector("two trusted notes of one size with two roots");
  const receipt = parseReceipt(fromBase64(vector.receipt));
  assert.throws(
    () => verifyVector(vector),
    (error: unknown) => {
      assert.ok(error instanceof VerificationError && error.evidence);
      const notes = receipt.anchors.map((anchor) => anchor.checkpoint);
      return error.evidence.every((note, i) => equalBytes(note, notes[i] ?? new Uint8Array()));
    },
  );
});

test("never verifies another claim after one byte of the binary form has changed", () => {
  for (const why of ["entry 2, of kind fact", "quorum of two out of three"]) {
    const vector = validVector(why);
    const bytes = fromBase64(vector.receipt);
    assert.ok(verifyVector(vector));
    for (let at = 0; at < bytes.length; at++) {
      const changed = bytes.slice();
      changed[at] = (changed[at] ?? 0) ^ (1 << (at % 8));
      assert.throws(() => verifyWith(parseReceipt(changed), vector), isTyped, `byte ${at}`);
    }
  }
});

test("never verifies another claim after one byte of the JSON form has changed", () => {
  const vector = validVector("quorum of two out of three");
  const bytes = utf8(vector.json ?? "");
  for (let at = 0; at < bytes.length; at++) {
    const changed = bytes.slice();
    changed[at] = (changed[at] ?? 0) ^ (1 << (at % 8));
    assert.throws(() => verifyWith(parseReceiptJson(changed), vector), isTyped, `byte ${at}`);
  }
});

test("refuses a receipt object that no form could carry", () => {
  const receipt = parseReceipt(fromBase64(validVector("entry 1, of kind fact").receipt));
  const policy = parsePolicy("quorum none\n");
  assert.throws(() => verifyReceipt({ ...receipt, anchors: [] }, policy, 0), {
    code: "MALFORMED_RECEIPT",
  });
});

test("refuses a fact above 1 MiB", () => {
  const vector = validVector("entry 1, of kind fact");
  const receipt = parseReceipt(fromBase64(vector.receipt));
  const large = { ...receipt, body: new Uint8Array((1 << 20) + 1) };
  assert.throws(() => verifyWith(large, vector), { code: "LIMIT_EXCEEDED" });
});

test("refuses a time that is no number where an age is asked for", () => {
  const vector = validVector("age counts from the newest signed time: exactly max-age");
  assert.throws(() => verifyVector({ ...vector, now_unix_ms: Number.NaN }), {
    code: "RECEIPT_TOO_OLD",
  });
});

interface HeldOutLog {
  vkey: string;
  entries: Record<"body" | "blind" | "evidence_public" | "evidence_private" | "leaf", string>[];
  inclusion: { index: number; size: number; proof: string[] }[];
  checkpoints: { size: number; note: string }[];
}

test("verifies receipts built from the held-out log, whole and erased", () => {
  const log = readVectors<HeldOutLog>("log_small");
  const policy = singleLogPolicy(log.vkey);
  let facts = 0;
  for (const { index, size, proof } of log.inclusion) {
    const entry = log.entries[index] ?? assert.fail();
    const checkpoint = log.checkpoints.find((other) => other.size === size) ?? assert.fail();
    const whole = create(ReceiptSchema, {
      body: fromHex(entry.body),
      blind: fromHex(entry.blind),
      evidencePublic: fromHex(entry.evidence_public),
      evidencePrivateHash: sha256(fromHex(entry.evidence_private)),
      evidencePrivate: fromHex(entry.evidence_private),
      leaf: fromHex(entry.leaf),
      anchors: [
        { checkpoint: utf8(checkpoint.note), inclusion: proof.map((hash) => fromHex(hash)) },
      ],
    });
    const erased = { ...whole, body: new Uint8Array(0), blind: new Uint8Array(0) };
    assert.throws(() => verifyReceipt(erased, policy, 0), { code: "BODY_ERASED" });
    // Bodies of other kinds are opaque bytes in these vectors.
    if (parseLeaf(whole.leaf).kind !== ENTRY_KINDS.fact) continue;
    assert.equal(verifyReceipt(whole, policy, 0).index, BigInt(index));
    facts++;
  }
  assert.ok(facts > 0);
});

const bundled = validVector("bundles are not looked at unless a verifier for them is given");

test("counts an attestation that the given verifier accepts, and its signed time", () => {
  const policy = `${bundled.policy}require attested\nmax-age 10\n`;
  const vector = { ...bundled, policy };
  const seen: Uint8Array[] = [];
  const done = verifyVector(vector, {
    verifyBundle: (bundle, note) => {
      seen.push(bundle, note);
      return { timeUnixMs: vector.now_unix_ms - 10_000 };
    },
  });
  assert.deepEqual(done.proven.slice(-2), ["attestation", "age"]);
  assert.equal(done.signedTimeUnixMs, vector.now_unix_ms - 10_000);
  const note = parseReceipt(fromBase64(vector.receipt)).anchors[0]?.checkpoint;
  assert.deepEqual(seen, [utf8("{}"), note]);
});

test("takes no time from an attestation that signs none", () => {
  const policy = `${bundled.policy}require attested\nmax-age 10\n`;
  assert.throws(() => verifyVector({ ...bundled, policy }, { verifyBundle: () => ({}) }), {
    code: "NO_TRUSTED_TIME",
  });
});

test("fails closed when the verifier of attestations refuses or is absent", () => {
  const vector = { ...bundled, policy: `${bundled.policy}require attested\n` };
  const verifyBundle = () => {
    throw new Error("bundle does not hold");
  };
  for (const options of [{}, { verifyBundle }]) {
    assert.throws(() => verifyVector(vector, options), { code: "ATTESTATION_REQUIRED" });
  }
  assert.ok(verifyVector(bundled, { verifyBundle }));
});

test("accepts a retired key with an attestation in place of a quorum", () => {
  const retired = bundled.policy.replace(/log (\S+)\n/, "retired $1 max-size 16\n");
  const vector = { ...bundled, policy: retired };
  assert.ok(verifyVector(vector, { verifyBundle: () => ({}) }));
  assert.throws(() => verifyVector(vector), { code: "RETIRED_KEY" });
});

function verifyVector(vector: ReceiptVector, options: VerifyReceiptOptions = {}): ProvenReceipt {
  return verifyWith(parseReceipt(fromBase64(vector.receipt)), vector, options);
}

function verifyWith(
  receipt: Receipt,
  vector: ReceiptVector,
  options: VerifyReceiptOptions = {},
): ProvenReceipt {
  const fact = vector.fact === undefined ? {} : { factBytes: fromHex(vector.fact) };
  const policy = parsePolicy(vector.policy);
  return verifyReceipt(receipt, policy, vector.now_unix_ms, { ...fact, ...options });
}

function validVector(why: string) {
  return vectors.valid.find((vector) => vector.why === why) ?? assert.fail(why);
}

function invalidVector(why: string) {
  return vectors.invalid.find((vector) => vector.why === why) ?? assert.fail(why);
}

function isTyped(error: unknown): boolean {
  return error instanceof MalformedError || error instanceof VerificationError;
}

function summaryOf(done: ProvenReceipt): Expected {
  return {
    proven: done.proven,
    kind: done.kind,
    ...(done.cid && { cid: toHex(done.cid) }),
    index: String(done.index),
    time_unix_ms: String(done.timeUnixMs),
    origin: done.origin,
    tree_size: String(done.treeSize),
    root: toHex(done.root),
    authors: done.authors.map(toHex),
    anchor: done.anchorIndex,
    witnesses: [...done.witnesses],
    ...(done.signedTimeUnixMs !== undefined && { signed_time_unix_ms: done.signedTimeUnixMs }),
  };
}
