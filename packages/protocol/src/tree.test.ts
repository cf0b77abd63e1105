import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { sha256 } from "#crypto";
import { concatBytes, fromHex, toHex, utf8 } from "./bytes.ts";
import { VerificationError } from "./errors.ts";
import { type LogVectors, readVectors } from "./testing/vectors.ts";
import {
  EMPTY_ROOT,
  hashChildren,
  proveConsistency,
  proveInclusion,
  rootAt,
  rootOfLeaves,
  verifyConsistency,
  verifyInclusion,
} from "./tree.ts";

const log = readVectors<LogVectors>("log_small");
const logLeaves = log.entries.map(({ leaf_hash }) => fromHex(leaf_hash));
const leaves = Array.from({ length: 130 }, (_, i) => sha256(utf8(`leaf ${i}`)));
const inclusionMismatch = { name: "VerificationError", code: "INCLUSION_MISMATCH" };
const consistencyMismatch = { name: "VerificationError", code: "CONSISTENCY_MISMATCH" };

test("computes the known roots of RFC 6962 implementations", () => {
  const inputs = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657"];
  inputs.push("606162636465666768696a6b6c6d6e6f");
  const hashes = inputs.map((input) => sha256(concatBytes(Uint8Array.of(0), fromHex(input))));
  const roots = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
  ];
  roots.forEach((root, size) => {
    assert.equal(toHex(rootOfLeaves(hashes.slice(0, size))), root);
    assert.equal(toHex(rootAt(size, nodesOf(hashes))), root);
  });
});

test("computes the roots of the log vectors", () => {
  for (const [size, root] of Object.entries(log.roots)) {
    assert.equal(toHex(rootOfLeaves(logLeaves.slice(0, Number(size)))), root);
    assert.equal(toHex(rootAt(Number(size), nodesOf(logLeaves))), root);
  }
});

test("makes and verifies the inclusion proofs of the log vectors", () => {
  for (const { index, size, proof } of log.inclusion) {
    assert.deepEqual(proveInclusion(index, size, nodesOf(logLeaves)).map(toHex), proof);
    verifyInclusion(inclusionClaim(logLeaves, index, size));
  }
});

test("makes and verifies the consistency proofs of the log vectors", () => {
  for (const { from, to, proof } of log.consistency) {
    assert.deepEqual(proveConsistency(from, to, nodesOf(logLeaves)).map(toHex), proof);
    verifyConsistency({
      ...consistencyClaim(logLeaves, from, to),
      proof: proof.map((n) => fromHex(n)),
    });
  }
});

test("makes the proofs that the definitions of RFC 9162 give, for every small tree", () => {
  for (let size = 1; size <= 20; size++) {
    const some = leaves.slice(0, size);
    assert.deepEqual(rootAt(size, nodesOf(leaves)), naiveRoot(some));
    for (let i = 0; i < size; i++) {
      assert.deepEqual(proveInclusion(i, size, nodesOf(leaves)), naivePath(i, some));
      verifyInclusion(inclusionClaim(leaves, i, size));
      const claim = consistencyClaim(leaves, i, size);
      if (i > 0) assert.deepEqual(claim.proof, naiveSubproof(i, some, true));
      verifyConsistency(claim);
    }
  }
});

test("a proof holds for its own leaf, index, size and root only", () => {
  const size = fc.integer({ min: 2, max: leaves.length });
  fc.assert(
    fc.property(size, fc.nat(), fc.nat(), fc.nat(), (n, a, b, bit) => {
      const claim = inclusionClaim(leaves, a % n, n);
      verifyInclusion(claim);
      const { proof } = claim;
      const wrong = [
        { leafHash: flip(claim.leafHash, bit) },
        { root: flip(claim.root, bit) },
        { proof: proof.with(b % proof.length, flip(at(proof, b % proof.length), bit)) },
        { proof: proof.slice(1) },
        { proof: proof.slice(0, -1) },
        { proof: [...proof, claim.leafHash] },
        { index: BigInt(n) },
        { index: -1n },
        { size: 0n },
      ];
      if (a % n !== b % n) wrong.push({ index: BigInt(b % n) });
      for (const change of wrong) {
        assert.throws(() => verifyInclusion({ ...claim, ...change }), inclusionMismatch);
      }
    }),
  );
});

test("a consistency proof holds for its own sizes and roots only", () => {
  const size = fc.integer({ min: 2, max: leaves.length });
  fc.assert(
    fc.property(size, fc.nat(), fc.nat(), fc.nat(), (to, a, b, bit) => {
      const from = 1 + (a % (to - 1));
      const claim = consistencyClaim(leaves, from, to);
      verifyConsistency(claim);
      const { proof } = claim;
      const wrong = [
        { fromRoot: flip(claim.fromRoot, bit) },
        { toRoot: flip(claim.toRoot, bit) },
        { proof: proof.with(b % proof.length, flip(at(proof, b % proof.length), bit)) },
        { proof: proof.slice(1) },
        { proof: proof.slice(0, -1) },
        { proof: [...proof, claim.toRoot] },
        { fromSize: 0n },
        { fromSize: -1n },
        { toSize: claim.fromSize },
        { fromSize: claim.toSize + 1n },
      ];
      for (const change of wrong) {
        assert.throws(() => verifyConsistency({ ...claim, ...change }), consistencyMismatch);
      }
    }),
  );
});

test("every tree goes on from the empty one, and equal sizes need equal roots", () => {
  const root = rootOfLeaves(leaves);
  const empty = { fromSize: 0n, fromRoot: EMPTY_ROOT, proof: [] };
  verifyConsistency({ ...empty, toSize: 130n, toRoot: root });
  verifyConsistency({ ...empty, toSize: 0n, toRoot: EMPTY_ROOT });
  const bad = [
    { ...empty, toSize: 130n, toRoot: root, fromRoot: root },
    { ...empty, toSize: 130n, toRoot: root, proof: [root] },
    { ...empty, toSize: 0n, toRoot: root, fromRoot: root },
    { fromSize: 130n, fromRoot: root, toSize: 130n, toRoot: flip(root, 0), proof: [] },
    { fromSize: 130n, fromRoot: root, toSize: 130n, toRoot: root, proof: [root] },
  ];
  for (const claim of bad) assert.throws(() => verifyConsistency(claim), consistencyMismatch);
});

test("verifies in trees of up to 2^63 − 1 leaves, and refuses larger ones", () => {
  // The last of 2^62 + 1 leaves hangs directly under the root.
  const [leafHash, left] = [at(leaves, 0), at(leaves, 1)];
  const claim = { leafHash, index: 2n ** 62n, size: 2n ** 62n + 1n, proof: [left] };
  const root = hashChildren(left, leafHash);
  verifyInclusion({ ...claim, root });
  const from = { fromSize: 2n ** 62n, fromRoot: left, toSize: 2n ** 62n + 1n, toRoot: root };
  verifyConsistency({ ...from, proof: [leafHash] });
  const size = 2n ** 63n;
  assert.throws(() => verifyInclusion({ ...claim, index: 0n, size, root }), inclusionMismatch);
  const beyond = { ...from, toSize: size, proof: [leafHash] };
  assert.throws(() => verifyConsistency(beyond), consistencyMismatch);
});

test("proves in trees beyond 2^32 leaves from the nodes it asks for", () => {
  const nodeAt = (level: number, index: number) => sha256(utf8(`${level}/${index}`));
  const size = 2 ** 40 + 2 ** 33 + 5;
  const index = 2 ** 40 + 2 ** 32 + 3;
  const proof = proveInclusion(index, size, nodeAt);
  // Asked nodes are unrelated here, so only the shape can be checked: one per level of the path.
  assert.equal(proof.length, 33 + 2);
  assert.deepEqual(proof[0], nodeAt(0, index - 1));
  assert.deepEqual(proof.at(-1), nodeAt(40, 0));
});

test("refuses to prove what is not in the tree", () => {
  const nodes = nodesOf(leaves);
  for (const [index, size] of [
    [5, 5],
    [-1, 5],
    [0, 0],
    [0.5, 5],
  ] as const) {
    assert.throws(() => proveInclusion(index, size, nodes), RangeError);
  }
  assert.throws(() => proveConsistency(6, 5, nodes), RangeError);
  assert.throws(() => rootAt(-1, nodes), RangeError);
  assert.deepEqual(proveConsistency(0, 5, nodes), []);
  assert.deepEqual(proveConsistency(5, 5, nodes), []);
});

test("refuses nodes that are not 32 bytes before it hashes them", () => {
  const claim = inclusionClaim(leaves, 3, 7);
  const short = claim.proof.with(0, new Uint8Array(31));
  assert.throws(() => verifyInclusion({ ...claim, proof: short }), VerificationError);
  assert.throws(() => hashChildren(new Uint8Array(31), new Uint8Array(33)), RangeError);
});

function nodesOf(hashes: readonly Uint8Array[]) {
  return (level: number, index: number): Uint8Array =>
    level === 0
      ? at(hashes, index)
      : hashChildren(
          nodesOf(hashes)(level - 1, 2 * index),
          nodesOf(hashes)(level - 1, 2 * index + 1),
        );
}

function inclusionClaim(hashes: readonly Uint8Array[], index: number, size: number) {
  const proof = proveInclusion(index, size, nodesOf(hashes));
  const root = rootOfLeaves(hashes.slice(0, size));
  return { leafHash: at(hashes, index), index: BigInt(index), size: BigInt(size), proof, root };
}

function consistencyClaim(hashes: readonly Uint8Array[], from: number, to: number) {
  return {
    fromSize: BigInt(from),
    fromRoot: rootOfLeaves(hashes.slice(0, from)),
    toSize: BigInt(to),
    toRoot: rootOfLeaves(hashes.slice(0, to)),
    proof: proveConsistency(from, to, nodesOf(hashes)),
  };
}

// MTH, PATH and SUBPROOF as RFC 9162 §2.1 writes them.
function naiveRoot(hashes: readonly Uint8Array[]): Uint8Array {
  if (hashes.length === 0) return EMPTY_ROOT;
  if (hashes.length === 1) return at(hashes, 0);
  const k = split(hashes.length);
  return hashChildren(naiveRoot(hashes.slice(0, k)), naiveRoot(hashes.slice(k)));
}

function naivePath(m: number, hashes: readonly Uint8Array[]): Uint8Array[] {
  if (hashes.length === 1) return [];
  const k = split(hashes.length);
  return m < k
    ? [...naivePath(m, hashes.slice(0, k)), naiveRoot(hashes.slice(k))]
    : [...naivePath(m - k, hashes.slice(k)), naiveRoot(hashes.slice(0, k))];
}

function naiveSubproof(m: number, hashes: readonly Uint8Array[], known: boolean): Uint8Array[] {
  if (m === hashes.length) return known ? [] : [naiveRoot(hashes)];
  const k = split(hashes.length);
  return m <= k
    ? [...naiveSubproof(m, hashes.slice(0, k), known), naiveRoot(hashes.slice(k))]
    : [...naiveSubproof(m - k, hashes.slice(k), false), naiveRoot(hashes.slice(0, k))];
}

function split(n: number): number {
  let k = 1;
  while (2 * k < n) k *= 2;
  return k;
}

function flip(hash: Uint8Array, bit: number): Uint8Array {
  return hash.map((byte, i) => (i === (bit >> 3) % 32 ? byte ^ (1 << (bit & 7)) : byte));
}

function at(hashes: readonly Uint8Array[], index: number): Uint8Array {
  const hash = hashes[index];
  assert.ok(hash);
  return hash;
}
