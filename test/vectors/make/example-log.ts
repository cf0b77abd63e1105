// A small log that is always the same: every kind of entry once, facts by two authors, fixed seeds.
import {
  concatBytes,
  ENTRY_KINDS,
  type EntryKindName,
  ed25519,
  ed25519Signer,
  encodeEvidencePrivate,
  encodeEvidencePublic,
  encodeLeaf,
  hashChildren,
  hashEvidence,
  hashLeaf,
  hashSubject,
  isScopedKind,
  type NoteSigner,
  proveInclusion,
  rootAt,
  sha256,
  signAuthor,
  utf8,
} from "@strongroom/protocol";

export const ORIGIN = "strongroom.example/vectors";
export const START_UNIX_MS = 1_700_000_000_000;
const ZERO = new Uint8Array(32);

export interface ExampleEntry {
  kind: EntryKindName;
  body: Uint8Array;
  blind: Uint8Array;
  evidencePublic: Uint8Array;
  evidencePrivate: Uint8Array;
  leaf: Uint8Array;
}

export interface NewEntry {
  kind: EntryKindName;
  body: Uint8Array;
  scope?: string;
  /** Seeds of the authors. */
  authors?: readonly Uint8Array[];
  /** What authors sign, if not the body. */
  signed?: Uint8Array;
  /** Replaces parts of what would be right, for entries that break a rule. */
  wrong?: {
    previous?: Uint8Array;
    scopeIndex?: number;
    scopePrevious?: Uint8Array;
    signatures?: readonly { publicKey: Uint8Array; signature: Uint8Array }[];
    evidencePublic?: Uint8Array;
    evidencePrivate?: Uint8Array;
    version?: number;
  };
}

/** 32 bytes that stand for randomness. */
export function seedOf(label: string): Uint8Array {
  return sha256(utf8(`strongroom test vectors: ${label}`));
}

export function signerOf(name: string, label: string): NoteSigner {
  return ed25519Signer(name, seedOf(label));
}

export function publicKeyOf(label: string): Uint8Array {
  return ed25519.publicKey(seedOf(label));
}

export class ExampleLog {
  readonly entries: ExampleEntry[] = [];
  readonly #label: string;
  readonly #scopes = new Map<string, { count: number; last: Uint8Array }>();

  constructor(label: string) {
    this.#label = label;
  }

  get size(): number {
    return this.entries.length;
  }

  add(entry: NewEntry): number {
    const index = this.entries.length;
    const random = (what: string) => seedOf(`${this.#label} ${what} ${index}`).slice(0, 16);
    const blind = random("blind");
    const evidencePublic = this.#evidenceOf(entry, random("public salt"));
    const evidencePrivate =
      entry.wrong?.evidencePrivate ??
      encodeEvidencePrivate({
        principal: `writer-${index % 3}`,
        requestId: `req-${index}`,
        peer: "127.0.0.1",
        salt: random("private salt"),
      });
    const evidence = hashEvidence(sha256(evidencePublic), sha256(evidencePrivate));
    const leaf = encodeLeaf({
      kind: ENTRY_KINDS[entry.kind],
      index: BigInt(index),
      timeUnixMs: BigInt(START_UNIX_MS + index),
      previous: entry.wrong?.previous ?? this.#previous(),
      subject: hashSubject(blind, sha256(entry.body)),
      evidence,
    });
    leaf[0] = entry.wrong?.version ?? 1;
    const scope = this.#scopeOf(entry);
    if (scope !== undefined) {
      const count = (this.#scopes.get(scope)?.count ?? 0) + 1;
      this.#scopes.set(scope, { count, last: evidence });
    }
    const { kind, body } = entry;
    this.entries.push({ kind, body, blind, evidencePublic, evidencePrivate, leaf });
    return index;
  }

  entry(index: number): ExampleEntry {
    const entry = this.entries[index];
    if (!entry) throw new Error(`no entry ${index}`);
    return entry;
  }

  rootAt(size: number): Uint8Array {
    return rootAt(size, this.#nodeAt);
  }

  inclusion(index: number, size: number): Uint8Array[] {
    return proveInclusion(index, size, this.#nodeAt);
  }

  scope(name: string): { count: number; last: Uint8Array } {
    return this.#scopes.get(name) ?? { count: 0, last: ZERO };
  }

  #scopeOf(entry: NewEntry): string | undefined {
    return isScopedKind(ENTRY_KINDS[entry.kind]) ? (entry.scope ?? "team/a") : undefined;
  }

  #evidenceOf(entry: NewEntry, salt: Uint8Array): Uint8Array {
    if (entry.wrong?.evidencePublic) return entry.wrong.evidencePublic;
    const scope = this.#scopeOf(entry);
    const chain = scope === undefined ? undefined : this.scope(scope);
    const signatures = (entry.authors ?? []).map((seed) =>
      signAuthor(entry.kind, entry.signed ?? entry.body, seed),
    );
    return encodeEvidencePublic({
      authorSignatures: entry.wrong?.signatures ?? signatures,
      scopeIndex: entry.wrong?.scopeIndex ?? chain?.count ?? 0,
      scopePrevious: entry.wrong?.scopePrevious ?? chain?.last,
      salt,
    });
  }

  #previous(): Uint8Array {
    const last = this.entries.at(-1);
    return last ? hashLeaf(last.leaf) : ZERO;
  }

  readonly #nodeAt = (level: number, index: number): Uint8Array =>
    level === 0
      ? hashLeaf(this.entry(index).leaf)
      : hashChildren(this.#nodeAt(level - 1, 2 * index), this.#nodeAt(level - 1, 2 * index + 1));
}

/** Flips one bit in a copy. */
export function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const copy = bytes.slice();
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
}

export function joined(...parts: (Uint8Array | string)[]): Uint8Array {
  return concatBytes(...parts.map((part) => (typeof part === "string" ? utf8(part) : part)));
}
