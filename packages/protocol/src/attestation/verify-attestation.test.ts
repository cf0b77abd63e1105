import assert from "node:assert/strict";
import { createPublicKey, generateKeyPairSync, verify } from "node:crypto";
import { test } from "node:test";
import { fromBase64, utf8 } from "../bytes.ts";
import { MalformedError, VerificationError } from "../errors.ts";
import { parsePolicy } from "../policy.ts";
import { parseReceipt } from "../receipt.ts";
import { formatReceiptJson, parseReceiptJson } from "../receipt-json.ts";
import { readVectors } from "../testing/vectors.ts";
import { verifyReceipt } from "../verify-receipt.ts";
import { loadAttestationKey, signNoteForRekor } from "./attestation-key.ts";
import { BUNDLE_BYTES_MAX } from "./bundle.ts";
import { loadTrustedRoot } from "./trusted-root.ts";
import { attestationVerifier, verifyAttestation } from "./verify-attestation.ts";

interface BundleVector {
  readonly why: string;
  readonly bundle: string;
  readonly note: string;
  readonly attestation_keys: readonly string[];
  readonly trusted_roots: readonly string[];
  readonly expect: {
    readonly code?: string;
    readonly proven?: readonly string[];
    readonly key_id: string;
    readonly log_id: string;
    readonly log_index: string;
    readonly time_unix_ms?: number;
  };
}

interface ReceiptVector {
  readonly why: string;
  readonly receipt: string;
  readonly policy: string;
  readonly now_unix_ms: number;
  readonly expect: {
    readonly code?: string;
    readonly proven?: readonly string[];
    readonly attestations?: readonly { log_id: string; log_index: string }[];
    readonly refused?: readonly string[];
  };
}

const vectors = readVectors<{
  trusted_roots: Record<string, string>;
  bundles_valid: BundleVector[];
  bundles_invalid: BundleVector[];
  receipts_valid: ReceiptVector[];
  receipts_invalid: ReceiptVector[];
}>("attestations");

function rootsNamed(names: readonly string[]): Uint8Array[] {
  return names.map((name) => utf8(vectors.trusted_roots[name] ?? assert.fail(name)));
}

function verifyVector(vector: BundleVector, bundle = fromBase64(vector.bundle)) {
  return verifyAttestation(bundle, fromBase64(vector.note), {
    attestationKeys: vector.attestation_keys.map((key) => fromBase64(key)),
    trustedRoots: rootsNamed(vector.trusted_roots),
  });
}

for (const vector of vectors.bundles_valid) {
  test(`an attestation that holds: ${vector.why}`, () => {
    const done = verifyVector(vector);
    const { expect } = vector;
    assert.deepEqual(
      [done.keyId, done.logId, String(done.logIndex), done.timeUnixMs, done.proven],
      [expect.key_id, expect.log_id, expect.log_index, expect.time_unix_ms, expect.proven],
    );
  });
}

for (const vector of vectors.bundles_invalid) {
  test(`an attestation that does not hold: ${vector.why}`, () => {
    assert.throws(
      () => verifyVector(vector),
      (error) => {
        const isTyped = error instanceof VerificationError || error instanceof MalformedError;
        assert.ok(isTyped, String(error));
        assert.equal(error.code, vector.expect.code);
        assert.deepEqual("proven" in error ? error.proven : undefined, vector.expect.proven);
        return true;
      },
    );
  });
}

function verifyReceiptVector(vector: ReceiptVector) {
  const policy = parsePolicy(vector.policy);
  const { attestationKeys } = policy;
  const trustedRoots = rootsNamed(policy.trustedRoots);
  const verifyBundle = attestationVerifier({ attestationKeys, trustedRoots });
  const receipt = parseReceipt(fromBase64(vector.receipt));
  return verifyReceipt(receipt, policy, vector.now_unix_ms, { verifyBundle });
}

for (const vector of vectors.receipts_valid) {
  test(`a receipt: ${vector.why}`, () => {
    const done = verifyReceiptVector(vector);
    assert.deepEqual(done.proven, vector.expect.proven);
    assert.deepEqual(
      done.attestations.map(({ logId, logIndex }) => [logId, String(logIndex)]),
      vector.expect.attestations?.map(({ log_id, log_index }) => [log_id, log_index]),
    );
    assert.equal(done.refusedBundles.length, vector.expect.refused?.length);
  });
}

for (const vector of vectors.receipts_invalid) {
  test(`a receipt that is refused: ${vector.why}`, () => {
    assert.throws(() => verifyReceiptVector(vector), { code: vector.expect.code });
  });
}

test("bundles survive both forms of a receipt byte for byte", () => {
  for (const vector of vectors.receipts_valid) {
    const receipt = parseReceipt(fromBase64(vector.receipt));
    assert.deepEqual(parseReceiptJson(formatReceiptJson(receipt)).anchors, receipt.anchors);
  }
});

test("any changed byte of a bundle is a refusal or the same claim", () => {
  for (const vector of vectors.bundles_valid.slice(0, 3)) {
    const bundle = fromBase64(vector.bundle);
    const claim = verifyVector(vector);
    for (let at = 0; at < bundle.length; at += 7) {
      const changed = bundle.slice();
      changed[at] = (changed[at] ?? 0) ^ (1 << (at % 8));
      try {
        const { proven, timeUnixMs, ...rest } = verifyVector(vector, changed);
        // A promise that is no longer read gives no time, and nothing else.
        assert.ok(timeUnixMs === undefined || timeUnixMs === claim.timeUnixMs);
        assert.ok(proven.every((step) => claim.proven.includes(step)));
        const { keyId, logId, logIndex } = claim;
        assert.deepEqual(rest, { keyId, logId, logIndex });
      } catch (error) {
        assert.ok(
          error instanceof VerificationError || error instanceof MalformedError,
          vector.why,
        );
      }
    }
  }
});

test("refuses a bundle over 256 KiB before it is parsed", () => {
  const [vector] = vectors.bundles_valid;
  assert.ok(vector);
  const bundle = new Uint8Array(BUNDLE_BYTES_MAX + 1).fill(0x20);
  bundle.set(fromBase64(vector.bundle));
  assert.throws(() => verifyVector(vector, bundle), { code: "LIMIT_EXCEEDED" });
  assert.ok(verifyVector(vector, bundle.subarray(0, BUNDLE_BYTES_MAX)));
});

test("refuses trusted roots and keys that are none", () => {
  for (const root of ["{", "[]", "null", '{"tlogs":[{}]}', '{"tlogs":[{"baseUrl":"x"}]}']) {
    assert.throws(() => loadTrustedRoot(utf8(root)), { code: "MALFORMED_TRUSTED_ROOT" }, root);
  }
  const spkiOf = (curve: string) =>
    generateKeyPairSync("ec", { namedCurve: curve }).publicKey.export({
      format: "der",
      type: "spki",
    });
  const p256 = spkiOf("prime256v1");
  for (const spki of [spkiOf("secp384r1"), Buffer.from("key"), Buffer.concat([p256, p256])]) {
    assert.throws(() => loadAttestationKey(spki), { code: "MALFORMED_ATTESTATION_KEY" });
  }
  assert.equal(loadAttestationKey(new Uint8Array(p256)).id.length, 64);
});

test("signs notes with P-256 only", () => {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const signature = signNoteForRekor(utf8("a note\n"), privateKey);
  assert.ok(
    verify(
      "sha256",
      utf8("a note\n"),
      createPublicKey(publicKey.export({ format: "pem", type: "spki" })),
      signature,
    ),
  );
  const other = generateKeyPairSync("ed25519").privateKey;
  assert.throws(() => signNoteForRekor(utf8("a note\n"), other), {
    code: "MALFORMED_ATTESTATION_KEY",
  });
});

test("a trusted root may name more than logs", () => {
  const root = vectors.trusted_roots["rekor2-and-tsa.json"] ?? "";
  const { logs, timestampAuthorities } = loadTrustedRoot(utf8(root));
  assert.equal(logs[0]?.host, "rekor2.example");
  assert.equal(timestampAuthorities.length, 1);
});
