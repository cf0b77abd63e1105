// The store as a library: what a caller sees. Each method is done by one of the threads; nothing
// here touches a database.
import { fromBinary } from "@bufbuild/protobuf";
import { type Receipt, ReceiptSchema } from "@strongroom/protocol";
import { readAnchorRecord } from "./anchor/head-anchor.ts";
import type { Attestations } from "./attest/attestations.ts";
import type { KeyAdmin } from "./attest/key-admin.ts";
import type { FactInit } from "./commit/appender.ts";
import { EventHub, type StoreEvents } from "./events.ts";
import { rebuildIndex } from "./index/rebuild-index.ts";
import { closeStore, type OpenedStore } from "./open/open-store.ts";
import type { OriginKey } from "./open/read-identity.ts";
import type { ConsistencyAnswer, InclusionAnswer } from "./read/log-tree.ts";
import { assembleParts, type StoreParts } from "./store-parts.ts";
import { StoreProgress } from "./store-progress.ts";
import { describeStatus, type Moment, refusalOf } from "./store-status.ts";
import type * as Types from "./types.ts";
import { verifyStore } from "./verify/verify-store.ts";

const LOCAL: Types.CallContext = { principal: "local", requestId: "", peer: "" };

/** An open store. Made by openStore(); close() it. */
export class Store {
  readonly id: string;
  readonly origin: string;
  /** C2SP verifier key line of the log key in force. */
  readonly logVkey: string;
  /** Every origin the log has had, oldest first, with its verifier key. */
  readonly origins: readonly OriginKey[];
  readonly snapshotVkey: string;
  readonly cipher: Types.Cipher;
  readonly textSearch: boolean;
  /** Whether this call of openStore() made the store. */
  readonly isNew: boolean;
  /** What outside records say of this log, and the work on it. */
  readonly attestations: Attestations;
  /** Keys that outside records are checked with. */
  readonly keys: KeyAdmin;
  readonly #opened: OpenedStore;
  readonly #parts: StoreParts;
  readonly #openedAtMs = Date.now();
  readonly #events = new EventHub();
  readonly #progress: StoreProgress;
  #closing: Promise<void> | undefined;
  #reindexing: Promise<void> | undefined;

  constructor(opened: OpenedStore) {
    const { identity, head } = opened.opened;
    this.#opened = opened;
    this.#progress = new StoreProgress(head, opened.index.size);
    this.id = identity.storeId;
    this.origin = identity.origin;
    this.logVkey = identity.logVkey;
    this.origins = identity.origins;
    this.snapshotVkey = identity.snapshotVkey;
    this.cipher = opened.cipher;
    this.textSearch = opened.index.textSearch;
    this.isNew = opened.isNew;
    this.#parts = assembleParts(opened, {
      head: () => this.#progress.head,
      refusal: () => refusalOf(this.#opened, this.#moment()),
      events: this.#events,
    });
    this.attestations = this.#parts.attestations;
    this.keys = this.#parts.keys;
    this.#progress.follow(opened.threads, {
      events: this.#events,
      integrity: this.#parts.integrity,
      isClosing: () => this.#closing !== undefined,
    });
  }

  /** Appends one fact and returns its receipt: durable, anchored and provable. */
  async append(
    fact: FactInit | Uint8Array,
    context: Partial<Types.CallContext> = {},
  ): Promise<Receipt> {
    const bytes = fact instanceof Uint8Array ? fact : this.#parts.appender.encode(fact);
    const { receipt } = await this.appendOne({ bytes }, { ...LOCAL, ...context });
    return fromBinary(ReceiptSchema, receipt);
  }

  async appendOne(fact: Types.NewFact, context: Types.CallContext): Promise<Types.Appended> {
    this.#requireWritable();
    return this.#parts.appender.appendOne(fact, context);
  }

  /** Up to 4,096 facts and 4 MiB; each has its own outcome. */
  async appendBatch(
    facts: readonly Types.NewFact[],
    context: Types.CallContext = LOCAL,
  ): Promise<Types.AppendedBatch> {
    this.#requireWritable();
    return this.#parts.appender.appendBatch(facts, context);
  }

  /** Checks what appendOne() would check, and appends nothing. Says nothing of existence. */
  validate(fact: Types.NewFact): void {
    this.#parts.appender.validate(fact);
  }

  async retract(
    target: { cid: Uint8Array; reason: string },
    context: Types.CallContext = LOCAL,
  ): Promise<Omit<Types.Appended, "cid">> {
    this.#requireWritable();
    return this.#parts.appender.retract(target, context);
  }

  get(
    key: Types.EntryKey | Uint8Array,
    options: { verify?: Types.VerifyMode; scopes?: readonly string[] } = {},
  ): Promise<Types.StoredFact> {
    return this.#parts.reads.get(key instanceof Uint8Array ? { cid: key } : key, options);
  }

  query(query: Types.Query): AsyncIterable<Types.StoredFact> {
    return this.#parts.reads.query(query);
  }

  queryPage(query: Types.Query & Types.PageOptions): Promise<Types.FactPage> {
    return this.#parts.reads.queryPage(query);
  }

  search(
    query: Types.Query & Types.PageOptions & { text: string; bytesMax?: number },
  ): Promise<Types.SearchPage> {
    return this.#parts.reads.search(query);
  }

  watch(options: Types.WatchOptions): AsyncIterable<Types.WatchEvent> {
    return this.#parts.reads.watch(options);
  }

  /** The newest head that is signed and anchored. */
  head(): Types.Head {
    return this.#progress.head;
  }

  /**
   * Takes a client's newest pinned note. If our own key signed it and it is ahead of our head, or
   * beside it, this store was rolled back or forked: signing stops at once.
   */
  offerPinnedNote(note: Uint8Array): Promise<{ consistency: Uint8Array[] }> {
    return this.#parts.pinned.offer(note);
  }

  /** A stored checkpoint; the newest one if no size is given. */
  checkpoint(size?: number): Promise<Types.StoredCheckpoint> {
    return this.#parts.reads.checkpoint(size);
  }

  /** Newest first. */
  checkpoints(options: { before?: number; limit: number }): Promise<Types.StoredCheckpoint[]> {
    return this.#parts.reads.checkpoints(options);
  }

  inclusionProof(index: number, size?: number): Promise<InclusionAnswer> {
    return this.#parts.reads.inclusionProof(index, size);
  }

  consistencyProof(from: number, to?: number): Promise<ConsistencyAnswer> {
    return this.#parts.reads.consistencyProof(from, to);
  }

  /** Full receipts under the present head; stops before 4 MiB. */
  receipts(
    keys: readonly Types.EntryKey[],
    options: { privateEvidence?: boolean; attested?: boolean; scopes?: readonly string[] } = {},
  ): Promise<{ receipts: Receipt[]; treeSize: number }> {
    return this.#parts.reads.receipts(keys, options);
  }

  readEntries(options: Types.EntriesRange): Promise<{ entries: Types.LogEntry[]; next: number }> {
    return this.#parts.reads.readEntries(options);
  }

  /** Bytes of a C2SP tlog-tiles tile. */
  tile(tile: { level: number | "entries"; n: number; width: number }): Promise<Uint8Array> {
    return this.#parts.reads.tile(tile);
  }

  /** Recomputes everything, beside appends and reads, and says where and what does not hold. */
  verify(options: Types.VerifyOptions = {}): Promise<Types.VerifySummary> {
    const { opened, readers: pool, settings } = this.#opened;
    // The head first: the anchor may then be newer than it, but never older.
    const head = this.#progress.head;
    const anchor = readAnchorRecord(settings.anchorPath);
    const { anchorLagMs } = settings;
    const onFinding = (finding: Types.Finding): void => {
      options.onFinding?.(finding);
      const { verdict: code, message, index } = finding;
      void this.#parts.integrity.raise({ code, message, index });
    };
    const { identity } = opened;
    const isAppending = (): boolean => this.#parts.appender.isBusy;
    return verifyStore(
      { pool, head, identity, anchor, anchorLagMs, isAppending },
      { ...options, onFinding },
    );
  }

  /** Rebuilds the index from the journal; appends are UNAVAILABLE until it is whole. */
  reindex(options: { onProgress?(done: number, total: number): void } = {}): Promise<void> {
    const progress = { done: () => this.#progress.indexed, total: () => this.#progress.head.size };
    this.#reindexing ??= rebuildIndex(this.#opened.threads, progress, options).finally(() => {
      this.#reindexing = undefined;
    });
    return this.#reindexing;
  }

  status(): Types.StoreStatus {
    return describeStatus(this.#opened, this.#moment());
  }

  alarms(options: Types.AlarmsPage): Promise<Types.Alarm[]> {
    return this.#parts.integrity.list(options);
  }

  clearAlarm(id: number): Promise<Types.Alarm> {
    return this.#parts.integrity.clear(id);
  }

  /** The principal of a token, or undefined. */
  authenticate(token: string): Types.Principal | undefined {
    return this.#parts.principals.authenticate(token, Date.now());
  }

  principals(): Types.Principal[] {
    return this.#parts.principals.list();
  }

  setPrincipal(
    principal: Pick<Types.Principal, "name" | "roles" | "scopes">,
    context: Types.CallContext = LOCAL,
  ): Promise<{ principal: Types.Principal; index: number }> {
    return this.#parts.admin.set(principal, context);
  }

  removePrincipal(name: string, context: Types.CallContext = LOCAL): Promise<{ index: number }> {
    return this.#parts.admin.remove(name, context);
  }

  /** The secret is shown this once; the log holds a keyed hash of it. */
  createToken(
    token: { principal: string; expiresAtMs?: number },
    context: Types.CallContext = LOCAL,
  ): Promise<Types.CreatedToken> {
    return this.#parts.admin.createToken(token, context);
  }

  revokeToken(id: string, context: Types.CallContext = LOCAL): Promise<{ index: number }> {
    return this.#parts.admin.revokeToken(id, context);
  }

  /** Listens to new heads, alarms and the end of writing; returns how to stop listening. */
  on<K extends keyof StoreEvents>(event: K, listener: (value: StoreEvents[K]) => void): () => void {
    return this.#events.on(event, listener);
  }

  /** Alarms for what opening found; called once by openStore(). */
  async reportOpened(): Promise<void> {
    await this.#parts.integrity.reportOpened(this.#opened.opened);
    await this.attestations.start();
  }

  /** Waits for what is queued, marks a clean close and frees the folder. */
  close(): Promise<void> {
    this.#parts.integrity.close();
    this.#closing ??= closeStore(this.#opened);
    return this.#closing;
  }

  /** A writer that stopped says so itself: it may go on by now. */
  #requireWritable(): void {
    if (!this.#closing && !this.#opened.opened.standby) return;
    const refusal = refusalOf(this.#opened, { ...this.#moment(), stopped: undefined });
    if (refusal) throw refusal;
  }

  #moment(): Moment {
    return {
      head: this.#progress.head,
      indexed: this.#progress.indexed,
      stopped: this.#progress.stopped,
      isClosing: this.#closing !== undefined,
      isHeadConfirmed: this.attestations.isHeadConfirmed,
      openAlarms: this.#parts.integrity.openAlarms,
      openedAtMs: this.#openedAtMs,
    };
  }
}
