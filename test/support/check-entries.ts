// Checks entry after entry: place, time, link, subject, evidence, scope chain, author signatures.
import assert from "node:assert/strict";
import type { EvidencePublic } from "@strongroom/proto/strongroom/log/v1/evidence";
import {
  checkScopeLink,
  type EntryKindName,
  entryKindName,
  hashEvidence,
  hashFact,
  hashLeaf,
  hashSubject,
  type Leaf,
  parseBody,
  parseEvidencePrivate,
  parseEvidencePublic,
  parseFact,
  parseLeaf,
  sha256,
  toHex,
  verifyAuthor,
} from "@strongroom/protocol";
import type { KeyChange } from "./check-proofs.ts";

export interface EntryRow {
  index: number;
  leaf: Uint8Array;
  blind: Uint8Array;
  evidence: Uint8Array;
  body: Uint8Array;
}

const ZERO_HASH = "0".repeat(64);
const FACT_BYTES_MAX = 1024 * 1024;

export class CheckedEntries {
  readonly leafHashes: Uint8Array[] = [];
  readonly cids: Uint8Array[] = [];
  readonly kinds = new Map<EntryKindName, number>();
  /** Indexes of kinds 5 and 8. */
  readonly control: number[] = [];
  readonly keyChanges: KeyChange[] = [];
  logVkey = "";
  #timeMs = 0n;
  /** Scope → evidence hash of its newest entry, and the index of each. */
  readonly #chains = new Map<string, { evidence: string; indexes: number[] }>();
  readonly #scopes: (string | undefined)[] = [];
  readonly #facts = new Map<number, Uint8Array>();

  add(row: EntryRow): void {
    const index = this.leafHashes.length;
    assert.equal(row.index, index, "no entry is missing");
    const leaf = parseLeaf(row.leaf);
    const kind = entryKindName(leaf.kind);
    assert.equal(leaf.index, BigInt(index), `leaf ${index} names its place`);
    assert.ok(leaf.timeUnixMs >= this.#timeMs, `time does not go back at ${index}`);
    const previous = this.leafHashes.at(-1);
    assert.equal(toHex(leaf.previous), previous ? toHex(previous) : ZERO_HASH, `link of ${index}`);
    assert.equal(toHex(leaf.subject), toHex(hashSubject(row.blind, sha256(row.body))));
    this.#timeMs = leaf.timeUnixMs;
    const evidence = this.#checkEvidence(row, leaf);
    this.#checkBody(row, kind);
    this.#checkScope({ row, kind, leaf, evidence });
    this.#checkAuthors(row, kind, evidence);
    this.kinds.set(kind, (this.kinds.get(kind) ?? 0) + 1);
    this.leafHashes.push(hashLeaf(row.leaf));
  }

  /** Index of the entry with this number on the chain of a scope. */
  linkOf(scope: string, scopeIndex: number): number | undefined {
    return this.#chains.get(scope)?.indexes[scopeIndex];
  }

  #checkEvidence(row: EntryRow, leaf: Leaf): EvidencePublic {
    const packed = Buffer.from(row.evidence);
    const publicEnd = 4 + packed.readUInt32BE(0);
    const privateEnd = publicEnd + 4 + packed.readUInt32BE(publicEnd);
    assert.equal(privateEnd, packed.length, `evidence of ${row.index} has no rest`);
    const publicPart = new Uint8Array(packed.subarray(4, publicEnd));
    const privatePart = new Uint8Array(packed.subarray(publicEnd + 4, privateEnd));
    const hash = hashEvidence(sha256(publicPart), sha256(privatePart));
    assert.equal(toHex(leaf.evidence), toHex(hash), `evidence hash of ${row.index}`);
    parseEvidencePrivate(privatePart);
    return parseEvidencePublic(publicPart);
  }

  #checkBody(row: EntryRow, kind: EntryKindName): void {
    if (row.index === 0) this.#checkGenesis(row, kind);
    if (kind === "key-event" || kind === "epoch") {
      this.control.push(row.index);
    }
    if (kind === "key-event") {
      this.keyChanges.push({ ...parseBody(kind, row.body), index: row.index });
      return;
    }
    if (kind !== "fact") {
      parseBody(kind, row.body);
      return;
    }
    parseFact(row.body, { bytesMax: FACT_BYTES_MAX });
    this.cids.push(hashFact(row.body));
    this.#facts.set(row.index, row.body);
  }

  #checkGenesis(row: EntryRow, kind: EntryKindName): void {
    assert.equal(kind, "key-event", "entry 0 is a key event");
    const body = parseBody("key-event", row.body);
    assert.equal(body.event, "genesis");
    const detail = (name: string) => body.details.find((d) => d.name === name)?.value;
    for (const name of ["store-id", "origin", "snapshot-vkey", "keyring-digest", "operator"]) {
      assert.ok(detail(name), `genesis names ${name}`);
    }
    this.logVkey = detail("log-vkey") ?? "";
  }

  #checkScope(entry: {
    row: EntryRow;
    kind: EntryKindName;
    leaf: Leaf;
    evidence: EvidencePublic;
  }): void {
    const { row, kind, leaf, evidence } = entry;
    checkScopeLink(leaf.kind, evidence);
    const scope = this.#scopeOf(row, kind);
    this.#scopes.push(scope);
    if (scope === undefined) return;
    const chain = this.#chains.get(scope) ?? { evidence: ZERO_HASH, indexes: [] };
    assert.equal(evidence.scopeIndex, BigInt(chain.indexes.length), `scope index of ${row.index}`);
    assert.equal(toHex(evidence.scopePrevious), chain.evidence, `scope link of ${row.index}`);
    chain.evidence = toHex(leaf.evidence);
    chain.indexes.push(row.index);
    this.#chains.set(scope, chain);
  }

  // Kinds 5 and 8 chain to one another under the empty name.
  #scopeOf(row: EntryRow, kind: EntryKindName): string | undefined {
    switch (kind) {
      case "fact":
        return parseFact(row.body, { bytesMax: FACT_BYTES_MAX }).scope;
      case "retraction":
        return parseBody(kind, row.body).scope;
      case "redaction":
      case "endorsement":
        return this.#scopes[Number(parseBody(kind, row.body).index)];
      case "key-event":
      case "epoch":
        return "";
      default:
        return undefined;
    }
  }

  #checkAuthors(row: EntryRow, kind: EntryKindName, evidence: EvidencePublic): void {
    const endorsed = kind === "endorsement";
    const signed = endorsed ? this.#facts.get(Number(parseBody(kind, row.body).index)) : row.body;
    assert.ok(signed, `entry ${row.index} endorses a fact`);
    for (const signature of evidence.authorSignatures) {
      verifyAuthor(endorsed ? "fact" : kind, signed, signature);
    }
  }
}
