import assert from "node:assert/strict";
import { test } from "node:test";
import { isQuorumMet, parsePolicy, singleLogPolicy } from "./policy.ts";
import { readVectors } from "./testing/vectors.ts";

interface ParsedPolicy {
  logs: number;
  witnesses: number;
  groups: number;
  quorum: string;
  retired: number;
  authors: number;
  attestation_keys: number;
  trusted_roots: string[];
  requirements: string[];
  max_age_ms?: number;
}

const vectors = readVectors<{
  valid: { why: string; policy: string; parsed: ParsedPolicy }[];
  invalid: { why: string; policy: string; code: string }[];
  quorums: { policy: string; witnesses: string[]; met: boolean }[];
}>("policies");
const malformed = { name: "MalformedError", code: "MALFORMED_POLICY" };
const vkey = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";

for (const vector of vectors.valid) {
  test(`parses a policy: ${vector.why}`, () => {
    const policy = parsePolicy(vector.policy);
    const parsed: ParsedPolicy = {
      logs: policy.logs.length,
      witnesses: policy.witnesses.length,
      groups: policy.groups.length,
      quorum: policy.quorum,
      retired: policy.retired.length,
      authors: policy.authors.length,
      attestation_keys: policy.attestationKeys.length,
      trusted_roots: [...policy.trustedRoots],
      requirements: [...policy.requirements],
      ...(policy.maxAgeMs !== undefined && { max_age_ms: policy.maxAgeMs }),
    };
    assert.deepEqual(parsed, vector.parsed);
  });
}

for (const vector of vectors.invalid) {
  test(`refuses a policy: ${vector.why}`, () => {
    assert.throws(() => parsePolicy(vector.policy), malformed);
  });
}

for (const { policy, witnesses, met } of vectors.quorums) {
  test(`says that ${witnesses.join(", ") || "nobody"} ${met ? "meet" : "miss"} a quorum`, () => {
    assert.equal(isQuorumMet(parsePolicy(policy), new Set(witnesses)), met);
  });
}

test("names the line that it refuses", () => {
  assert.throws(() => parsePolicy("# one\nquorum none\nnonsense\n"), /policy line 3/);
});

test("refuses a policy above its limits", () => {
  assert.throws(() => parsePolicy(`quorum none\n${"#".repeat(1 << 18)}`), malformed);
  assert.throws(() => parsePolicy(`quorum none\n${"\n".repeat(5000)}`), malformed);
});

test("holds 32 logs, witnesses and groups and more", () => {
  const { policy } = vectors.quorums[0] ?? assert.fail();
  const groups = Array.from({ length: 200 }, (_, n) => {
    return `group g${n} any ${n === 0 ? "X-and-Y" : `g${n - 1}`}`;
  });
  const chained = parsePolicy(
    policy.replace("quorum X-and-Y", `${groups.join("\n")}\nquorum g199`),
  );
  assert.equal(isQuorumMet(chained, new Set(["X1", "X2", "Y3"])), true);
  assert.equal(isQuorumMet(chained, new Set(["X1", "Y3"])), false);
});

test("trusts a single log key and asks for nothing else", () => {
  const policy = singleLogPolicy(`${vkey}\n`);
  assert.deepEqual(
    policy.logs.map((log) => log.verifier.name),
    ["PeterNeumann"],
  );
  assert.equal(policy.quorum, "none");
  assert.deepEqual(policy.requirements, []);
});

test("refuses a witness key as the single log key", () => {
  const witness = /witness \S+ (\S+)/.exec(vectors.quorums[0]?.policy ?? "")?.[1] ?? "";
  assert.throws(() => singleLogPolicy(witness), malformed);
  assert.throws(() => singleLogPolicy("nonsense"), { code: "MALFORMED_VKEY" });
});
