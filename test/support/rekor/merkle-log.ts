// An append-only Merkle tree in memory: every perfect subtree's root, so that proofs cost log n.
import { createHash } from "node:crypto";
import {
  hashChildren,
  type NodeAt,
  proveConsistency,
  proveInclusion,
  rootAt,
} from "@strongroom/protocol";

export class MerkleLog {
  readonly bodies: Buffer[] = [];
  /** levels[k][i] is the root over leaves [i · 2^k, (i + 1) · 2^k). */
  readonly #levels: Uint8Array[][] = [[]];
  readonly #firstIndex = new Map<string, number>();

  get size(): number {
    return this.bodies.length;
  }

  /** Returns its index. The same body again is another leaf. */
  append(body: Buffer): number {
    const index = this.bodies.push(body) - 1;
    const hash = hashLeaf(body);
    const hex = hash.toString("hex");
    if (!this.#firstIndex.has(hex)) this.#firstIndex.set(hex, index);
    this.#push(0, hash);
    return index;
  }

  /** Of the first leaf with this hash. */
  indexOf(leafHashHex: string): number | undefined {
    return this.#firstIndex.get(leafHashHex);
  }

  leafHash(index: number): Uint8Array {
    return this.#nodeAt(0, index);
  }

  root(size: number): Uint8Array {
    return rootAt(size, this.#nodeAt);
  }

  inclusion(index: number, size: number): Uint8Array[] {
    return proveInclusion(index, size, this.#nodeAt);
  }

  consistency(from: number, to: number): Uint8Array[] {
    return proveConsistency(from, to, this.#nodeAt);
  }

  /** The first `width` hashes of a tile; undefined if a tree of `size` has fewer. */
  hashTile(tile: { level: number; n: number; width: number }, size: number): Buffer | undefined {
    const start = tile.n * 256;
    const count = Math.floor(size / 256 ** tile.level);
    if (start + tile.width > count) return undefined;
    const nodes = this.#levels[tile.level * 8] ?? [];
    return Buffer.concat(nodes.slice(start, start + tile.width));
  }

  /** Each body after its length in two bytes. */
  entryTile(n: number, width: number, size: number): Buffer | undefined {
    const start = n * 256;
    if (start + width > size) return undefined;
    const parts = this.bodies.slice(start, start + width).flatMap((body) => {
      const length = Buffer.alloc(2);
      length.writeUInt16BE(body.length);
      return [length, body];
    });
    return Buffer.concat(parts);
  }

  #push(level: number, hash: Uint8Array): void {
    const nodes = this.#levels[level] ?? [];
    this.#levels[level] = nodes;
    nodes.push(hash);
    if (nodes.length % 2 > 0) return;
    const [left, right] = nodes.slice(-2) as [Uint8Array, Uint8Array];
    this.#push(level + 1, hashChildren(left, right));
  }

  readonly #nodeAt: NodeAt = (level, index) => {
    const node = this.#levels[level]?.[index];
    if (node === undefined) throw new RangeError(`no node ${index} at level ${level}`);
    return node;
  };
}

export function hashLeaf(body: Uint8Array): Buffer {
  return createHash("sha256").update(Uint8Array.of(0)).update(body).digest();
}
