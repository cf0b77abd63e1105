// The only writer of the journal. commit() is the life of a batch: draft, journal fsync, sign the
// head, anchor it, only then answer. One that fails ends the writer: memory is then ahead of the disk.
import {
  ENTRY_KINDS,
  encodeEndorsement,
  hashLeaf,
  type NoteSigner,
  sha256,
  signCheckpoint,
  toHex,
} from "@strongroom/protocol";
import type { JournalWriter, TermIndexReader } from "../engine/port.ts";
import type { IndexPart } from "../index/index-work.ts";
import { Terms } from "../index/terms.ts";
import type { AnchorSchedule } from "./anchor-schedule.ts";
import type {
  AppendEntryAnswer,
  AppendEntryRequest,
  AppendFactsAnswer,
  AppendFactsRequest,
  Refusal,
  SignedHead,
  StoredAlong,
} from "./commit-request.ts";
import { Draft } from "./draft.ts";
import { KnownFacts } from "./known-facts.ts";
import { bodyAt, scopeAt, sealedAt } from "./packed-fact.ts";
import { ScopeHeads } from "./scope-heads.ts";
import { TreeEdge } from "./tree-edge.ts";

const SCOPE_CANDIDATES = 16;

export interface WriterParts {
  journal: JournalWriter;
  index: TermIndexReader & { termKey: Uint8Array };
  anchors: AnchorSchedule;
  signers: readonly NoteSigner[];
  origin: string;
  now(): number;
}

export type CommitRequest =
  | { type: "facts"; request: AppendFactsRequest }
  | { type: "entry"; request: AppendEntryRequest };
export type CommitAnswer = AppendFactsAnswer | AppendEntryAnswer;

/** What a commit left: answers in the order of the requests, and work for the indexer. */
export interface Committed {
  head: SignedHead;
  answers: CommitAnswer[];
  parts: IndexPart[];
  leafHash: Uint8Array;
  /** Facts and retractions among the new entries. */
  notable: number;
}

export class Writer {
  readonly #parts: WriterParts;
  readonly #tree: TreeEdge;
  readonly #scopes: ScopeHeads;
  readonly #known: KnownFacts;
  #previous: Uint8Array;
  #timeMs: number;
  #head: SignedHead;

  /** Loads what a writer keeps in memory; `indexed` is the index's cursor. */
  constructor(parts: WriterParts, indexed: number) {
    this.#parts = parts;
    const { journal, index } = parts;
    const size = journal.size();
    const newest = size > 0 ? journal.readEntry(size - 1) : undefined;
    this.#tree = TreeEdge.load(journal, size);
    const terms = new Terms(index.termKey);
    this.#scopes = new ScopeHeads({
      journal,
      newestOfScope: (scope) => index.newest([terms.scope(scope)], { limit: SCOPE_CANDIDATES }),
    });
    this.#scopes.loadTail(indexed);
    this.#scopes.loadControl();
    this.#known = new KnownFacts(journal, index, indexed);
    this.#previous = newest ? hashLeaf(newest.leaf) : new Uint8Array(32);
    this.#timeMs = newest ? timeOfLeaf(newest.leaf) : 0;
    this.#head = { note: new Uint8Array(0), size, root: this.#tree.root() };
  }

  get size(): number {
    return this.#tree.size;
  }

  /** Leaf hash of the newest entry. */
  get leafHash(): Uint8Array {
    return this.#previous;
  }

  setIndexed(indexed: number): void {
    this.#known.setIndexed(indexed);
    this.#scopes.trim(indexed);
  }

  /** `along` is what to store beside the entries; skipped if there are none. */
  commit(requests: readonly CommitRequest[], along: () => StoredAlong): Committed {
    const draft = this.#startDraft();
    const parts: IndexPart[] = [];
    const drafted = requests.map((one) => this.#draftRequest(draft, one, parts));
    if (draft.entries.length > 0) this.#makeDurable(draft, along());
    const head = draft.entries.length > 0 ? this.signHead() : this.#head;
    const answers = drafted.map((finish) => finish(head));
    this.#tree.release();
    const notable = draft.entries.filter((row) => (row.leaf[1] ?? 0) <= 2).length;
    return { head, answers, parts, leafHash: draft.previous, notable };
  }

  /** Signs the present head and anchors it; `how` says whether at once, and whether for good. */
  signHead(how: "scheduled" | "now" | "clean" = "scheduled"): SignedHead {
    const { anchors, signers, origin } = this.#parts;
    const size = this.#tree.size;
    const root = this.#tree.root();
    const note = signCheckpoint({ origin, size: BigInt(size), root }, signers);
    const head = { note, size, root };
    if (how === "scheduled") anchors.write(head);
    else anchors.writeNow(head, how === "clean");
    this.#head = head;
    return head;
  }

  #startDraft(): Draft {
    // A clock that went backwards must not make times of the log decrease.
    this.#timeMs = Math.max(this.#timeMs, this.#parts.now());
    return new Draft(this.#tree, this.#scopes, { previous: this.#previous, timeMs: this.#timeMs });
  }

  #makeDurable(draft: Draft, along: StoredAlong): void {
    const filterSegments = this.#known.takeFilterSegments(this.#tree.size);
    this.#parts.journal.commit({ ...draft.toBatch(), filterSegments, ...along });
    this.#previous = draft.previous;
  }

  #draftRequest(
    draft: Draft,
    one: CommitRequest,
    parts: IndexPart[],
  ): (head: SignedHead) => CommitAnswer {
    return one.type === "facts"
      ? this.#draftFacts(draft, one.request, parts)
      : this.#draftEntry(draft, one.request, parts);
  }

  #draftFacts(
    draft: Draft,
    request: AppendFactsRequest,
    parts: IndexPart[],
  ): (head: SignedHead) => AppendFactsAnswer {
    const { facts, evidencePrivate } = request;
    const privateHash = sha256(evidencePrivate);
    const indexes = new Float64Array(facts.count);
    const fresh = new Float64Array(facts.count).fill(-1);
    const existing = new Uint8Array(facts.count);
    const refusals: Refusal[] = [];
    const endorsements: IndexPart[] = [];
    for (let i = 0; i < facts.count; i++) {
      const found = this.#known.find(facts.cids, i * 32);
      if (found === undefined) {
        const index = this.#addFact(draft, request, { position: i, privateHash });
        indexes[i] = index;
        fresh[i] = index;
        continue;
      }
      existing[i] = 1;
      indexes[i] = found;
      const end = this.#known.endOf(found);
      if (end) {
        indexes[i] = -1;
        const message = `append fact: it was taken out of use by entry ${end.index}`;
        refusals.push({ position: i, code: end.code, message });
      } else if (facts.signatures?.[i]) {
        const part = this.#endorse(draft, request, { position: i, target: found, privateHash });
        if (part) endorsements.push(part);
      }
    }
    parts.push({ type: "facts", facts, indexes: fresh }, ...endorsements);
    return (head) => ({
      head,
      indexes,
      existing,
      refusals,
      ...(request.receipts
        ? {
            receipts: Array.from(fresh, (at) =>
              at < 0 ? undefined : draft.receipt(at, head.note),
            ),
          }
        : {}),
    });
  }

  #addFact(
    draft: Draft,
    request: AppendFactsRequest,
    at: { position: number; privateHash: Uint8Array },
  ): number {
    const { facts } = request;
    const offset = at.position * 32;
    const signatures = facts.signatures?.[at.position];
    const index = draft.add({
      kind: ENTRY_KINDS.fact,
      body: bodyAt(facts, at.position),
      bodyHash: facts.cids.subarray(offset, offset + 32),
      sealed: sealedAt(facts, at.position),
      scope: scopeAt(facts, at.position),
      signatures,
      evidencePrivate: request.evidencePrivate,
      evidencePrivateHash: at.privateHash,
    });
    this.#known.add(facts.cids, offset, index);
    if (signatures) {
      this.#known.addEndorsers(
        index,
        index,
        signatures.map((s) => s.publicKey),
      );
    }
    return index;
  }

  /** New author signatures on a fact that is there become an entry of their own. */
  #endorse(
    draft: Draft,
    request: AppendFactsRequest,
    at: { position: number; target: number; privateHash: Uint8Array },
  ): IndexPart | undefined {
    const signatures = request.facts.signatures?.[at.position] ?? [];
    const known = this.#known.endorsersOf(at.target);
    const added = signatures.filter((one) => !known.has(toHex(one.publicKey)));
    if (added.length === 0) return undefined;
    const offset = at.position * 32;
    const cid = request.facts.cids.slice(offset, offset + 32);
    const body = encodeEndorsement({ index: BigInt(at.target), cid });
    const scope = scopeAt(request.facts, at.position);
    const index = draft.add({
      kind: ENTRY_KINDS.endorsement,
      body,
      bodyHash: sha256(body),
      scope,
      signatures: added,
      evidencePrivate: request.evidencePrivate,
      evidencePrivateHash: at.privateHash,
    });
    this.#known.addEndorsers(
      at.target,
      index,
      added.map((s) => s.publicKey),
    );
    return { type: "entry", index, kind: ENTRY_KINDS.endorsement, scope, endorses: at.target };
  }

  #draftEntry(
    draft: Draft,
    request: AppendEntryRequest,
    parts: IndexPart[],
  ): (head: SignedHead) => AppendEntryAnswer {
    const ended = request.ends === undefined ? undefined : this.#known.endOf(request.ends);
    if (ended) return (head) => ({ head, index: ended.index, existing: true });
    const index = draft.add({
      kind: request.kind,
      body: request.body,
      bodyHash: sha256(request.body),
      scope: request.scope,
      signatures: request.signatures,
      evidencePrivate: request.evidencePrivate,
      evidencePrivateHash: sha256(request.evidencePrivate),
    });
    if (request.ends !== undefined) {
      this.#known.addEnd(request.ends, { index, code: "FACT_RETRACTED" });
    }
    const { kind, scope, ends } = request;
    parts.push({ type: "entry", index, kind, scope, ends });
    return (head) => {
      const receipt = draft.receipt(index, head.note);
      return { head, index, existing: false, ...(receipt ? { receipt } : {}) };
    };
  }
}

function timeOfLeaf(leaf: Uint8Array): number {
  return Number(new DataView(leaf.buffer, leaf.byteOffset, leaf.length).getBigUint64(10));
}
