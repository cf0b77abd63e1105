// Builds the entries of one commit: indexes, leaves, scope links and tree, each following from the
// entry before it. Nothing here is durable; a draft whose commit fails is dropped with the writer.
import {
  type EntryKind,
  encodeEvidencePublic,
  encodeReceipt,
  hashEvidence,
  hashLeaf,
  hashSubject,
  LEAF_BYTES,
  proveInclusion,
  sha256,
} from "@strongroom/protocol";
import { packEvidenceInto, packedEvidenceBytes } from "../engine/pack-evidence.ts";
import type { EntryRow, JournalBatch } from "../engine/port.ts";
import type { AuthorSignatureBytes } from "../types.ts";
import { takeRandom } from "./random-pool.ts";
import { CONTROL_SCOPE, type ScopeHeads } from "./scope-heads.ts";
import type { TreeEdge } from "./tree-edge.ts";

const SLAB_BYTES = 1 << 18;
const SCOPE_NAME_BYTES_MAX = 128;
const VERSION = 1;

/** Everything that one entry commits to. */
export interface DraftEntry {
  kind: EntryKind;
  body: Uint8Array;
  /** SHA-256 of the body. */
  bodyHash: Uint8Array;
  /** Blind and subject, where they were made beforehand. */
  sealed?: { blind: Uint8Array; subject: Uint8Array } | undefined;
  /** Name of its chain; undefined for kinds on none. */
  scope?: string | undefined;
  signatures?: readonly AuthorSignatureBytes[] | undefined;
  evidencePrivate: Uint8Array;
  evidencePrivateHash: Uint8Array;
}

export class Draft {
  readonly entries: EntryRow[] = [];
  readonly control: number[] = [];
  readonly #moved = new Map<string, { index: number; scopeIndex: number }>();
  readonly #publicParts: { bytes: Uint8Array; privateHash: Uint8Array }[] = [];
  readonly #first: number;
  readonly #tree: TreeEdge;
  readonly #scopes: ScopeHeads;
  readonly #timeMs: number;
  #previous: Uint8Array;

  constructor(tree: TreeEdge, scopes: ScopeHeads, start: { previous: Uint8Array; timeMs: number }) {
    this.#tree = tree;
    this.#scopes = scopes;
    this.#first = tree.size;
    this.#previous = start.previous;
    this.#timeMs = start.timeMs;
  }

  /** Leaf hash of the newest entry. */
  get previous(): Uint8Array {
    return this.#previous;
  }

  /** Appends an entry and returns its index. */
  add(entry: DraftEntry): number {
    const index = this.#tree.size;
    const link = entry.scope === undefined ? undefined : this.#nextLink(entry.scope);
    const evidencePublic = encodeEvidencePublic({
      salt: takeRandom(16),
      ...(entry.signatures ? { authorSignatures: entry.signatures } : {}),
      ...(link ? { scopeIndex: link.scopeIndex, scopePrevious: link.previous } : {}),
    });
    const blind = entry.sealed?.blind ?? takeRandom(16);
    const subject = entry.sealed?.subject ?? hashSubject(blind, entry.bodyHash);
    const evidenceHash = hashEvidence(sha256(evidencePublic), entry.evidencePrivateHash);
    const leaf = this.#leaf(index, entry.kind, subject, evidenceHash);
    this.entries.push({
      index,
      leaf,
      blind,
      evidence: packEvidence(evidencePublic, entry.evidencePrivate),
      body: entry.body,
    });
    this.#publicParts.push({ bytes: evidencePublic, privateHash: entry.evidencePrivateHash });
    this.#previous = hashLeaf(leaf);
    this.#tree.append(this.#previous);
    if (link && entry.scope !== undefined) {
      this.#scopes.set(entry.scope, { index, scopeIndex: link.scopeIndex, evidence: evidenceHash });
      this.#moved.set(entry.scope, { index, scopeIndex: link.scopeIndex });
      if (entry.scope === CONTROL_SCOPE) this.control.push(index);
    }
    return index;
  }

  /** The transaction's content, without filter segments. */
  toBatch(): Omit<JournalBatch, "filterSegments"> {
    const heads = [...this.#moved]
      .filter(([scope]) => scope.length <= SCOPE_NAME_BYTES_MAX)
      .map(([scope, head]) => ({ scope, ...head }));
    return {
      entries: this.entries,
      tiles: this.#tree.filledTiles(),
      control: this.control,
      scopeHeads: heads.length > 0 ? { lastIndex: this.#tree.size - 1, heads } : undefined,
    };
  }

  /** The encoded receipt of an entry of this draft, under the signed head that ends with it. */
  receipt(index: number, note: Uint8Array): Uint8Array | undefined {
    const row = this.entries[index - this.#first];
    const evidence = this.#publicParts[index - this.#first];
    if (!row || !evidence) return undefined;
    const inclusion = proveInclusion(index, this.#tree.size, this.#tree.nodeAt);
    return encodeReceipt({
      body: row.body,
      blind: row.blind,
      evidencePublic: evidence.bytes,
      evidencePrivateHash: evidence.privateHash,
      leaf: row.leaf,
      anchors: [{ checkpoint: note, inclusion }],
    });
  }

  #nextLink(scope: string): { scopeIndex: number; previous: Uint8Array } {
    const head = this.#scopes.get(scope);
    if (!head) return { scopeIndex: 0, previous: ZERO_HASH };
    return { scopeIndex: head.scopeIndex + 1, previous: head.evidence };
  }

  #leaf(index: number, kind: EntryKind, subject: Uint8Array, evidence: Uint8Array): Uint8Array {
    const leaf = takeBytes(LEAF_BYTES);
    leaf[0] = VERSION;
    leaf[1] = kind;
    writeUint64(leaf, 2, index);
    writeUint64(leaf, 10, this.#timeMs);
    leaf.set(this.#previous, 18);
    leaf.set(subject, 50);
    leaf.set(evidence, 82);
    return leaf;
  }
}

const ZERO_HASH = new Uint8Array(32);

// Parts of rows are cut from slabs: a buffer of its own for each would cost more than its content.
let slab = new Uint8Array(0);
let slabAt = 0;

function takeBytes(length: number): Uint8Array {
  if (length > SLAB_BYTES) return new Uint8Array(length);
  if (slabAt + length > slab.length) {
    slab = new Uint8Array(SLAB_BYTES);
    slabAt = 0;
  }
  slabAt += length;
  return slab.subarray(slabAt - length, slabAt);
}

function writeUint64(target: Uint8Array, offset: number, value: number): void {
  const high = Math.floor(value / 0x1_0000_0000);
  for (let i = 0; i < 4; i++) {
    target[offset + i] = high >>> (24 - 8 * i);
    target[offset + 4 + i] = value >>> (24 - 8 * i);
  }
}

function packEvidence(publicPart: Uint8Array, privatePart: Uint8Array): Uint8Array {
  const packed = takeBytes(packedEvidenceBytes(publicPart.length, privatePart.length));
  packEvidenceInto(packed, 0, { public: publicPart, private: privatePart });
  return packed;
}
