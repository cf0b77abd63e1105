// The Merkle tree of RFC 9162. Proofs are made from the roots of perfect subtrees, wherever they
// are kept, and checked with sizes up to 2^63 − 1.
import { sha256 } from "#crypto";
import { equalBytes } from "./bytes.ts";
import { VerificationError } from "./errors.ts";

/** Root of a tree without leaves: SHA-256 of nothing. */
export const EMPTY_ROOT: Uint8Array = sha256(new Uint8Array(0));
export const TREE_SIZE_MAX = 2n ** 63n - 1n;

/** Root of the perfect subtree over leaves [index · 2^level, (index + 1) · 2^level). */
export type NodeAt = (level: number, index: number) => Uint8Array;

const NODE_PREFIX = 0x01;
const nodeInput = new Uint8Array(65);

/** SHA-256(0x01 ‖ left ‖ right). */
export function hashChildren(left: Uint8Array, right: Uint8Array): Uint8Array {
  if (left.length !== 32 || right.length !== 32) throw new RangeError("node is not 32 bytes");
  nodeInput[0] = NODE_PREFIX;
  nodeInput.set(left, 1);
  nodeInput.set(right, 33);
  return sha256(nodeInput);
}

/** Root over leaf hashes held in memory. */
export function rootOfLeaves(leafHashes: readonly Uint8Array[]): Uint8Array {
  if (leafHashes.length === 0) return EMPTY_ROOT;
  let level: readonly Uint8Array[] = leafHashes;
  while (level.length > 1) {
    const above: Uint8Array[] = [];
    for (let i = 0; i < level.length; i += 2) {
      const left = level[i] as Uint8Array;
      const right = level[i + 1];
      above.push(right ? hashChildren(left, right) : left);
    }
    level = above;
  }
  return level[0] as Uint8Array;
}

/** Root of the first `size` leaves. */
export function rootAt(size: number, nodeAt: NodeAt): Uint8Array {
  checkSize(size);
  return size === 0 ? EMPTY_ROOT : rangeRoot(0, size, nodeAt);
}

/** Inclusion path from the leaf upwards (RFC 9162 §2.1.3.1). */
export function proveInclusion(index: number, size: number, nodeAt: NodeAt): Uint8Array[] {
  checkSize(size);
  if (!(Number.isSafeInteger(index) && index >= 0 && index < size)) {
    throw new RangeError("index is not below the tree size");
  }
  const path: Uint8Array[] = [];
  let start = 0;
  let end = size;
  while (end - start > 1) {
    const middle = start + largestPowerBelow(end - start);
    if (index < middle) {
      path.push(rangeRoot(middle, end, nodeAt));
      end = middle;
    } else {
      path.push(rangeRoot(start, middle, nodeAt));
      start = middle;
    }
  }
  return path.reverse();
}

/** Proof that the first `from` leaves are a prefix of the first `to` (RFC 9162 §2.1.4.1). */
export function proveConsistency(from: number, to: number, nodeAt: NodeAt): Uint8Array[] {
  checkSize(from);
  checkSize(to);
  if (from > to) throw new RangeError("from is above to");
  if (from === 0 || from === to) return [];
  const proof: Uint8Array[] = [];
  let start = 0;
  let end = to;
  while (from !== end) {
    const middle = start + largestPowerBelow(end - start);
    if (from <= middle) {
      proof.push(rangeRoot(middle, end, nodeAt));
      end = middle;
    } else {
      proof.push(rangeRoot(start, middle, nodeAt));
      start = middle;
    }
  }
  // The old tree is a whole left part of the new one: the verifier has its root already.
  if (start > 0) proof.push(rangeRoot(start, end, nodeAt));
  return proof.reverse();
}

export interface InclusionClaim {
  leafHash: Uint8Array;
  index: bigint;
  size: bigint;
  proof: readonly Uint8Array[];
  root: Uint8Array;
}

/** Throws INCLUSION_MISMATCH unless the leaf is at `index` under `root` (RFC 9162 §2.1.3.2). */
export function verifyInclusion(claim: InclusionClaim): void {
  const { leafHash, index, size, proof, root } = claim;
  const isInTree = index >= 0n && index < size && size <= TREE_SIZE_MAX;
  if (!isInTree || !areNodes([leafHash, root, ...proof])) throw inclusionMismatch();
  let position = index;
  let last = size - 1n;
  let hash = leafHash;
  for (const sibling of proof) {
    if (last === 0n) throw inclusionMismatch();
    if (isOdd(position) || position === last) {
      hash = hashChildren(sibling, hash);
      while (!isOdd(position) && position !== 0n) {
        position >>= 1n;
        last >>= 1n;
      }
    } else {
      hash = hashChildren(hash, sibling);
    }
    position >>= 1n;
    last >>= 1n;
  }
  if (last !== 0n || !equalBytes(hash, root)) throw inclusionMismatch();
}

export interface ConsistencyClaim {
  fromSize: bigint;
  fromRoot: Uint8Array;
  toSize: bigint;
  toRoot: Uint8Array;
  proof: readonly Uint8Array[];
}

/**
 * Throws CONSISTENCY_MISMATCH unless the older tree is a prefix of the newer (RFC 9162 §2.1.4.2).
 * As for a witness, every tree goes on from the empty one, with an empty proof.
 */
export function verifyConsistency(claim: ConsistencyClaim): void {
  const { fromSize, fromRoot, toSize, toRoot, proof } = claim;
  const isOrdered = fromSize >= 0n && fromSize <= toSize && toSize <= TREE_SIZE_MAX;
  if (!isOrdered || !areNodes([fromRoot, toRoot, ...proof])) throw consistencyMismatch();
  if ([fromSize, toSize].some((size, i) => size === 0n && !isEmptyRoot(i ? toRoot : fromRoot))) {
    throw consistencyMismatch();
  }
  if (fromSize === toSize) {
    if (proof.length > 0 || !equalBytes(fromRoot, toRoot)) throw consistencyMismatch();
  } else if (fromSize === 0n) {
    if (proof.length > 0) throw consistencyMismatch();
  } else {
    checkConsistencyPath(claim);
  }
}

function checkConsistencyPath({ fromSize, fromRoot, toSize, toRoot, proof }: ConsistencyClaim) {
  const isWholeSubtree = (fromSize & (fromSize - 1n)) === 0n;
  const path = isWholeSubtree ? [fromRoot, ...proof] : proof;
  let position = fromSize - 1n;
  let last = toSize - 1n;
  while (isOdd(position)) {
    position >>= 1n;
    last >>= 1n;
  }
  const [seed, ...siblings] = path;
  if (seed === undefined) throw consistencyMismatch();
  let from = seed;
  let to = seed;
  for (const sibling of siblings) {
    if (last === 0n) throw consistencyMismatch();
    if (isOdd(position) || position === last) {
      from = hashChildren(sibling, from);
      to = hashChildren(sibling, to);
      while (!isOdd(position) && position !== 0n) {
        position >>= 1n;
        last >>= 1n;
      }
    } else {
      to = hashChildren(to, sibling);
    }
    position >>= 1n;
    last >>= 1n;
  }
  const holds = last === 0n && equalBytes(from, fromRoot) && equalBytes(to, toRoot);
  if (!holds) throw consistencyMismatch();
}

// Root of leaves [start, end), where start is a multiple of a power of two ≥ end − start.
function rangeRoot(start: number, end: number, nodeAt: NodeAt): Uint8Array {
  const count = end - start;
  const level = Math.floor(Math.log2(count));
  const width = 2 ** level;
  const left = nodeAt(level, start / width);
  return count === width ? left : hashChildren(left, rangeRoot(start + width, end, nodeAt));
}

// The largest power of two strictly below count, for count ≥ 2.
function largestPowerBelow(count: number): number {
  return 2 ** Math.floor(Math.log2(count - 1));
}

function checkSize(size: number): void {
  if (!Number.isSafeInteger(size) || size < 0) throw new RangeError("not a tree size");
}

function areNodes(hashes: readonly Uint8Array[]): boolean {
  return hashes.every((hash) => hash.length === 32);
}

function isEmptyRoot(root: Uint8Array): boolean {
  return equalBytes(root, EMPTY_ROOT);
}

function isOdd(value: bigint): boolean {
  return (value & 1n) === 1n;
}

function inclusionMismatch(): VerificationError {
  return new VerificationError("INCLUSION_MISMATCH", "inclusion proof does not hold");
}

function consistencyMismatch(): VerificationError {
  return new VerificationError("CONSISTENCY_MISMATCH", "consistency proof does not hold");
}
