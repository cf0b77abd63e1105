// Proofs and tiles. The judge of a proof is the recursive definition of RFC 9162, over node:crypto.
import { createHash } from "node:crypto";
import {
  type NodeAt,
  proveConsistency,
  proveInclusion,
  rootOfLeaves,
  utf8,
} from "@strongroom/protocol";
import { byteMutators, type Mutator } from "../mutate/bytes.ts";
import { textMutators } from "../mutate/text.ts";
import { expect, type Target, textOf } from "../target.ts";
import { fromHex, hexOf, readVectors, sameBytes } from "../valid-inputs.ts";

const HASH = 32;
const SIZES = [1, 2, 3, 4, 7, 8, 9, 31, 32, 33, 100];

function leafHashes(): Uint8Array[] {
  const { entries } = readVectors<{ entries: { leaf_hash: string }[] }>("log_small");
  return entries.slice(0, SIZES.at(-1)).map((entry) => fromHex(entry.leaf_hash));
}

function nodesOf(leaves: readonly Uint8Array[]): NodeAt {
  return (level, index) => rootOfLeaves(leaves.slice(index * 2 ** level, (index + 1) * 2 ** level));
}

/** Input: index(8) ‖ size(8) ‖ leaf hash(32) ‖ root(32) ‖ proof, the last hash perhaps cut short. */
export function inclusionTarget(): Target {
  const leaves = leafHashes();
  const nodes = nodesOf(leaves);
  const roots = new Map(SIZES.map((size) => [BigInt(size), rootOfLeaves(leaves.slice(0, size))]));
  const seeds = SIZES.flatMap((size) => {
    const indexes = new Set(
      [0, 1, size >> 1, size - 2, size - 1].filter((i) => i >= 0 && i < size),
    );
    return [...indexes].map((index) => {
      const root = roots.get(BigInt(size)) as Uint8Array;
      const proof = proveInclusion(index, size, nodes);
      return claimOf([index, size], [leaves[index] as Uint8Array, root, ...proof]);
    });
  });
  return {
    name: "inclusion",
    seeds,
    mutators: claimMutators(2),
    codes: ["INCLUSION_MISMATCH"],
    nobleOnceIn: 16,
    check(input, { protocol }) {
      const { numbers, hashes } = readClaim(input, 2);
      const [index = 0n, size = 0n] = numbers;
      const [leafHash = NOTHING, root = NOTHING, ...proof] = hashes;
      const claim = { index, size, leafHash, root, proof };
      const computed = isSane(hashes, size) && index < size ? pathRoot(claim) : undefined;
      const holds = computed !== undefined && sameBytes(computed, root);
      const verdict = judge(() => protocol.verifyInclusion(claim), holds);
      const trueRoot = roots.get(size);
      if (verdict === "accepted" && trueRoot && sameBytes(root, trueRoot)) {
        const leaf = leaves[Number(index)];
        expect(leaf !== undefined && sameBytes(leaf, leafHash), "proves a leaf that is not there");
      }
      return verdict;
    },
  };
}

/** Input: from(8) ‖ to(8) ‖ old root(32) ‖ new root(32) ‖ proof. */
export function consistencyTarget(): Target {
  const leaves = leafHashes();
  const nodes = nodesOf(leaves);
  const roots = new Map(SIZES.map((size) => [BigInt(size), rootOfLeaves(leaves.slice(0, size))]));
  const rootOf = (size: number): Uint8Array => roots.get(BigInt(size)) as Uint8Array;
  const seeds = SIZES.flatMap((to) =>
    SIZES.filter((from) => from <= to).map((from) =>
      claimOf([from, to], [rootOf(from), rootOf(to), ...proveConsistency(from, to, nodes)]),
    ),
  );
  return {
    name: "consistency",
    seeds,
    mutators: claimMutators(2),
    codes: ["CONSISTENCY_MISMATCH"],
    nobleOnceIn: 16,
    check(input, { protocol }) {
      const { numbers, hashes } = readClaim(input, 2);
      const [fromSize = 0n, toSize = 0n] = numbers;
      const [fromRoot = NOTHING, toRoot = NOTHING, ...proof] = hashes;
      const claim = { fromSize, toSize, fromRoot, toRoot, proof };
      const holds = isSane(hashes, toSize) && fromSize <= toSize && isConsistent(claim);
      const verdict = judge(() => protocol.verifyConsistency(claim), holds);
      if (verdict === "accepted" && fromSize > 0n) {
        const [old, now] = [roots.get(fromSize), roots.get(toSize)];
        // Under a true new root only the true old root may be proven.
        if (old && now && sameBytes(now, toRoot)) {
          expect(sameBytes(old, fromRoot), "proves a history that never was");
        }
      }
      return verdict;
    },
  };
}

const NOTHING = new Uint8Array(0);

function judge(run: () => void, holds: boolean): string {
  try {
    run();
  } catch (error) {
    expect(!holds, "refuses a proof that holds");
    throw error;
  }
  expect(holds, "accepts a proof that does not hold");
  return "accepted";
}

function isSane(hashes: readonly Uint8Array[], size: bigint): boolean {
  return hashes.length >= 2 && hashes.every((hash) => hash.length === HASH) && size < 2n ** 63n;
}

function pathRoot(claim: {
  index: bigint;
  size: bigint;
  leafHash: Uint8Array;
  proof: readonly Uint8Array[];
}): Uint8Array | undefined {
  const { index, size, leafHash, proof } = claim;
  const last = proof.at(-1);
  if (size === 1n) return proof.length === 0 ? leafHash : undefined;
  if (last === undefined) return undefined;
  const split = largestPowerBelow(size);
  const rest = proof.slice(0, -1);
  const isLeft = index < split;
  const inner = isLeft
    ? pathRoot({ index, size: split, leafHash, proof: rest })
    : pathRoot({ index: index - split, size: size - split, leafHash, proof: rest });
  if (inner === undefined) return undefined;
  return isLeft ? hashPair(inner, last) : hashPair(last, inner);
}

interface Consistency {
  fromSize: bigint;
  toSize: bigint;
  fromRoot: Uint8Array;
  toRoot: Uint8Array;
  proof: readonly Uint8Array[];
}

function isConsistent(claim: Consistency): boolean {
  const { fromSize, toSize, fromRoot, toRoot, proof } = claim;
  const empty = createHash("sha256").digest();
  if (fromSize === 0n && !sameBytes(fromRoot, empty)) return false;
  if (toSize === 0n && !sameBytes(toRoot, empty)) return false;
  if (fromSize === 0n) return proof.length === 0;
  const rest = [...proof];
  const both = subproofRoots({ from: fromSize, to: toSize, isWhole: true, rest, fromRoot });
  if (both === undefined || rest.length > 0) return false;
  return sameBytes(both[0], fromRoot) && sameBytes(both[1], toRoot);
}

/** SUBPROOF of RFC 9162 §2.1.4.1 read backwards: the last hash belongs to the topmost split. */
function subproofRoots(part: {
  from: bigint;
  to: bigint;
  isWhole: boolean;
  rest: Uint8Array[];
  fromRoot: Uint8Array;
}): [Uint8Array, Uint8Array] | undefined {
  const { from, to, isWhole, rest, fromRoot } = part;
  if (from === to && isWhole) return [fromRoot, fromRoot];
  const last = rest.pop();
  if (last === undefined) return undefined;
  if (from === to) return [last, last];
  const split = largestPowerBelow(to);
  if (from <= split) {
    const left = subproofRoots({ ...part, to: split });
    return left && [left[0], hashPair(left[1], last)];
  }
  const right = subproofRoots({ ...part, from: from - split, to: to - split, isWhole: false });
  return right && [hashPair(last, right[0]), hashPair(last, right[1])];
}

function largestPowerBelow(size: bigint): bigint {
  return 1n << BigInt((size - 1n).toString(2).length - 1);
}

function hashPair(left: Uint8Array, right: Uint8Array): Uint8Array {
  return createHash("sha256").update(Uint8Array.of(1)).update(left).update(right).digest();
}

function claimOf(numbers: readonly number[], hashes: readonly Uint8Array[]): Uint8Array {
  const head = Buffer.alloc(8 * numbers.length);
  numbers.forEach((number, i) => {
    head.writeBigUInt64BE(BigInt(number), 8 * i);
  });
  return new Uint8Array(Buffer.concat([head, ...hashes]));
}

function readClaim(input: Uint8Array, count: number): { numbers: bigint[]; hashes: Uint8Array[] } {
  const padded = new Uint8Array(Math.max(input.length, 8 * count));
  padded.set(input);
  const view = new DataView(padded.buffer);
  const numbers = Array.from({ length: count }, (_, i) => view.getBigUint64(8 * i));
  const hashes: Uint8Array[] = [];
  for (let at = 8 * count; at < padded.length; at += HASH) {
    hashes.push(padded.subarray(at, at + HASH));
  }
  return { numbers, hashes };
}

function claimMutators(numbers: number): Mutator[] {
  const head = 8 * numbers;
  const someHash = (length: number, below: (limit: number) => number): number =>
    head + HASH * below(Math.max(1, Math.floor((length - head) / HASH)));
  return [
    (draft, random) => {
      const at = 8 * random.below(numbers) + (random.once(4) ? random.below(8) : 7);
      draft.set(at, (draft.at(at) + random.pick([1, 255, 2, 254, 128])) & 0xff);
    },
    (draft, random) => {
      const at = someHash(draft.length, (limit) => random.below(limit));
      draft.replace(at, at + HASH, []);
    },
    (draft, random) => {
      const from = someHash(draft.length, (limit) => random.below(limit));
      const to = someHash(draft.length, (limit) => random.below(limit));
      draft.replace(to, random.once(2) ? to : to + HASH, draft.bytes.slice(from, from + HASH));
    },
    (draft, random, pool) => {
      const other = random.pick(pool);
      const from = someHash(other.length, (limit) => random.below(limit));
      const to = someHash(draft.length, (limit) => random.below(limit));
      draft.replace(to, random.once(3) ? to : to + HASH, other.subarray(from, from + HASH));
    },
    (draft, random, pool) => {
      const other = random.pick(pool);
      const at = 8 * random.below(numbers);
      draft.replace(at, at + 8, other.subarray(at, at + 8));
    },
  ];
}

export function tilePathTarget(): Target {
  const { tile_paths, tiles } = readVectors<{
    tile_paths: { path: string }[];
    tiles: { path: string }[];
  }>("log_small");
  return {
    name: "tile-path",
    seeds: [...tile_paths, ...tiles].map(({ path }) => utf8(path)),
    mutators: textMutators,
    codes: ["MALFORMED_TILE"],
    check(input, { protocol }) {
      const path = textOf(input);
      const tile = protocol.parseTilePath(path);
      expect(protocol.formatTilePath(tile) === path, "a tile has two paths");
      expect(!/\.\.|\/\/|[^a-z0-9/.]/.test(path), "a path leaves the folder");
      return "accepted";
    },
  };
}

export function entriesTileTarget(): Target {
  const { entries } = readVectors<{ entries: { leaf: string }[] }>("log_small");
  const leaves = entries.map(({ leaf }) => fromHex(leaf));
  const tile = (count: number): Uint8Array =>
    Buffer.concat(leaves.slice(0, count).map((leaf) => Buffer.concat([Buffer.of(0, 114), leaf])));
  const trees = new Set(leaves.map(hexOf));
  return {
    name: "entries-tile",
    seeds: [1, 2, 7, 64].map((count) => new Uint8Array(tile(count))),
    mutators: byteMutators,
    codes: ["MALFORMED_TILE"],
    check(input, { protocol }) {
      const found = protocol.parseEntriesTile(input);
      expect(found.length >= 1 && found.length <= 256, "a tile is wider than 256");
      expect(
        sameBytes(protocol.encodeEntriesTile(found), input),
        "a tile comes back as other bytes",
      );
      const known = found.filter((leaf) => trees.has(hexOf(leaf))).length;
      return known === found.length ? "accepted as it was" : "accepted";
    },
  };
}
