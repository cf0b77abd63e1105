// The log as plain entries, read from the store and checked one after the other with `protocol`
// alone. What was read once must never read otherwise again.
import assert from "node:assert/strict";
import {
  ENTRY_KINDS,
  type EntryKindName,
  entryKindName,
  hashFact,
  parseBody,
  parseEvidencePublic,
  parseFact,
  parseLeaf,
  parseVkey,
  rootOfLeaves,
  toHex,
  verifyCheckpoint,
} from "@strongroom/protocol";
import type { LogEntry } from "@strongroom/store";
import { CheckedEntries } from "../support/check-entries.ts";
import type { StoreLink } from "./store-host.ts";

export interface FactFields {
  scope: string;
  entity: string;
  relation: string;
  source: string;
  text: string | undefined;
  validUntilMs: number;
}

export interface PlainEntry {
  index: number;
  kind: EntryKindName;
  timeMs: number;
  scope: string | undefined;
  leaf: Uint8Array;
  body: Uint8Array;
  /** Of a fact: its own; of a retraction or endorsement: its target's. Hex. */
  cid: string | undefined;
  fact: FactFields | undefined;
  /** Index of the entry that a retraction or endorsement speaks of. */
  target: number | undefined;
  reason: string;
  /** Public keys in hex. */
  signers: string[];
}

const PAGE = 500;

export class LogCopy {
  readonly entries: PlainEntry[] = [];
  readonly checked = new CheckedEntries();
  readonly #roots = new Map<number, Uint8Array>();

  get size(): number {
    return this.entries.length;
  }

  /** Reads what the copy has not; returns the new entries. */
  async readOn(link: StoreLink): Promise<PlainEntry[]> {
    const from = this.size;
    for (let at = from; at < (await link.call("head")).size; ) {
      const range = { from: at, limit: PAGE, bodies: true, privateEvidence: true };
      const { entries, next } = await link.call("readEntries", range);
      assert.ok(next > at, "reading the log goes on");
      for (const entry of entries) this.add(entry);
      assert.equal(this.size, next, "no entry is left out");
      at = next;
    }
    return this.entries.slice(from);
  }

  /** The store still has, leaf for leaf, what was read before. */
  async compare(link: StoreLink): Promise<void> {
    const { size } = await link.call("head");
    assert.ok(size >= this.size, `the log had ${this.size} entries and now has ${size}`);
    for (let at = 0; at < this.size; ) {
      const range = {
        from: at,
        until: this.size,
        limit: 4096,
        bodies: false,
        privateEvidence: false,
      };
      const { entries, next } = await link.call("readEntries", range);
      for (const { index, leaf } of entries) {
        assert.equal(
          toHex(leaf),
          toHex(this.entries[index]?.leaf ?? leaf.slice(1)),
          `leaf ${index}`,
        );
      }
      at = next;
    }
  }

  root(size: number): Uint8Array {
    const known = this.#roots.get(size);
    if (known) return known;
    const root = rootOfLeaves(this.checked.leafHashes.slice(0, size));
    this.#roots.set(size, root);
    return root;
  }

  /** Checks a signed note; returns its size. */
  checkNote(note: Uint8Array, vkey: string): number {
    const { size, root } = verifyCheckpoint(note, [parseVkey(vkey)]);
    assert.ok(size <= BigInt(this.size), `a note names ${size} of ${this.size} entries`);
    assert.equal(toHex(root), toHex(this.root(Number(size))), `root of a note of size ${size}`);
    return Number(size);
  }

  /** Checks the next entry and takes it. */
  add(entry: LogEntry): void {
    const { index, leaf, body, blind, evidencePublic, evidencePrivate } = entry;
    const evidence = Buffer.concat([sized(evidencePublic), sized(evidencePrivate)]);
    this.checked.add({ index, leaf, body, blind, evidence });
    const { kind, timeUnixMs } = parseLeaf(leaf);
    const name = entryKindName(kind);
    const target = targetOf(name, body);
    const fact = kind === ENTRY_KINDS.fact ? factFields(body) : undefined;
    this.entries.push({
      index,
      kind: name,
      timeMs: Number(timeUnixMs),
      scope: fact?.scope ?? target?.scope ?? this.entries[target?.index ?? -1]?.scope,
      leaf: leaf.slice(),
      body: body.slice(),
      cid: fact ? toHex(hashFact(body)) : target?.cid,
      fact,
      target: target?.index,
      reason: target?.reason ?? "",
      signers: parseEvidencePublic(evidencePublic).authorSignatures.map((s) => toHex(s.publicKey)),
    });
  }
}

function sized(bytes: Uint8Array): Buffer {
  const packed = Buffer.alloc(4 + bytes.length);
  packed.writeUInt32BE(bytes.length);
  packed.set(bytes, 4);
  return packed;
}

function factFields(body: Uint8Array): FactFields {
  const { scope, entity, relation, source, value, validUntil } = parseFact(body);
  const text = value.case === "text" || value.case === "string" ? value.value : undefined;
  const seconds = validUntil ? Number(validUntil.seconds) * 1000 : Number.NaN;
  const validUntilMs = seconds + Math.floor((validUntil?.nanos ?? 0) / 1_000_000);
  return { scope, entity, relation, source, text, validUntilMs };
}

function targetOf(kind: EntryKindName, body: Uint8Array) {
  if (kind === "retraction") {
    const { scope, index, cid, reason } = parseBody(kind, body);
    return { scope, index: Number(index), cid: toHex(cid), reason };
  }
  if (kind === "endorsement") {
    const { index, cid } = parseBody(kind, body);
    return { scope: undefined, index: Number(index), cid: toHex(cid), reason: "" };
  }
  return undefined;
}
