// The store as a library: what a caller sees. Each method is done by one of the threads; nothing
// here touches a database.
import { randomBytes } from "node:crypto";
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { FactSchema } from "@strongroom/proto/strongroom/fact/v1/fact";
import {
  encodeFact,
  equalBytes,
  NONCE_BYTES,
  parseVkey,
  type Receipt,
  VerificationError,
  verifyCheckpoint,
} from "@strongroom/protocol";
import { Appender } from "./commit/appender.ts";
import { bytesOnDisk } from "./engine/sqlite/open.ts";
import { StoreError, toStoreError } from "./errors.ts";
import { endThreads, type OpenedStore } from "./open/open-store.ts";
import type { OriginKey } from "./open/read-identity.ts";
import { Reads } from "./read/reads.ts";
import { Integrity } from "./state/integrity.ts";
import { PrincipalAdmin } from "./state/principal-admin.ts";
import { Principals } from "./state/principals.ts";
import type * as Types from "./types.ts";
import { verifyStore } from "./verify/verify-store.ts";

/** A fact as fields; the nonce is filled in unless it is given, `asserted_at` never. */
export type FactInit = MessageInitShape<typeof FactSchema>;

const LOCAL: Types.CallContext = { principal: "local", requestId: "", peer: "" };

interface StoreEvents {
  head: (head: Types.Head) => void;
  alarm: (alarm: Types.Alarm) => void;
  stopped: (reason: StoreError) => void;
}

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
  readonly #opened: OpenedStore;
  readonly #reads: Reads;
  readonly #appender: Appender;
  readonly #principals: Principals;
  readonly #admin: PrincipalAdmin;
  readonly #integrity: Integrity;
  readonly #openedAtMs = Date.now();
  readonly #listeners: { [K in keyof StoreEvents]: Set<StoreEvents[K]> } = {
    head: new Set(),
    alarm: new Set(),
    stopped: new Set(),
  };
  #head: Types.Head;
  #indexed = 0;
  #stopped: StoreError | undefined;
  #closing: Promise<void> | undefined;

  constructor(opened: OpenedStore) {
    const { identity, head } = opened.opened;
    this.#opened = opened;
    this.#head = head;
    this.id = identity.storeId;
    this.origin = identity.origin;
    this.logVkey = identity.logVkey;
    this.origins = identity.origins;
    this.snapshotVkey = identity.snapshotVkey;
    this.cipher = opened.cipher;
    this.textSearch = opened.settings.textSearch;
    this.isNew = opened.isNew;
    const { committer, state } = opened.threads;
    this.#reads = new Reads({
      pool: opened.readers,
      head: () => this.#head,
      onHead: (listener) => this.on("head", listener),
      reportMismatch: (mismatch) => void this.#integrity.report(mismatch),
      textSearch: this.textSearch,
    });
    const { factBytesMax } = opened.settings;
    this.#appender = new Appender({ committer, reads: this.#reads, factBytesMax });
    this.#principals = new Principals(opened.rootKeys.tokenHash, identity.events);
    this.#admin = new PrincipalAdmin(this.#principals, this.#appender);
    this.#integrity = new Integrity({
      state,
      appender: this.#appender,
      openAlarms: opened.openAlarms,
      onAlarm: (alarm) => this.#emit("alarm", alarm),
    });
    this.#listen();
  }

  /** Appends one fact and returns its receipt: durable, anchored and provable. */
  async append(
    fact: FactInit | Uint8Array,
    context: Partial<Types.CallContext> = {},
  ): Promise<Receipt> {
    const bytes = fact instanceof Uint8Array ? fact : encodeWithNonce(fact);
    const { receipt } = await this.appendOne({ bytes }, { ...LOCAL, ...context });
    return receipt;
  }

  async appendOne(fact: Types.NewFact, context: Types.CallContext): Promise<Types.Appended> {
    this.#requireWritable();
    return this.#appender.appendOne(fact, context);
  }

  /** Up to 4,096 facts and 4 MiB; each has its own outcome. */
  async appendBatch(
    facts: readonly Types.NewFact[],
    context: Types.CallContext = LOCAL,
  ): Promise<Types.AppendedBatch> {
    this.#requireWritable();
    return this.#appender.appendBatch(facts, context);
  }

  /** Checks what appendOne() would check, and appends nothing. Says nothing of existence. */
  validate(fact: Types.NewFact): void {
    this.#appender.validate(fact);
  }

  async retract(
    target: { cid: Uint8Array; reason: string },
    context: Types.CallContext = LOCAL,
  ): Promise<Omit<Types.Appended, "cid">> {
    this.#requireWritable();
    return this.#appender.retract(target, context);
  }

  get(
    key: Types.EntryKey | Uint8Array,
    options: { verify?: Types.VerifyMode; scopes?: readonly string[] } = {},
  ): Promise<Types.StoredFact> {
    return this.#reads.get(key instanceof Uint8Array ? { cid: key } : key, options);
  }

  query(query: Types.Query): AsyncIterable<Types.StoredFact> {
    return this.#reads.query(query);
  }

  queryPage(query: Types.Query & Types.PageOptions): Promise<Types.FactPage> {
    return this.#reads.queryPage(query);
  }

  search(
    query: Types.Query & Types.PageOptions & { text: string; bytesMax?: number },
  ): Promise<Types.SearchPage> {
    return this.#reads.search(query);
  }

  watch(options: Types.WatchOptions): AsyncIterable<Types.WatchEvent> {
    return this.#reads.watch(options);
  }

  /** The newest head that is signed and anchored. */
  head(): Types.Head {
    return this.#head;
  }

  /**
   * Takes a client's newest pinned note. If our own key signed it and it is ahead of our head, or
   * beside it, this store was rolled back or forked: signing stops at once.
   */
  async offerPinnedNote(note: Uint8Array): Promise<{ consistency: Uint8Array[] }> {
    const pinned = this.#readOwnNote(note);
    if (!pinned || pinned.size === 0) return { consistency: [] };
    const head = this.#head;
    if (pinned.size > head.size) return this.#stopSigning("ROLLBACK_DETECTED", [note, head.note]);
    const { root } = await this.#reads.inclusionProof(pinned.size - 1, pinned.size);
    if (!equalBytes(root, pinned.root)) {
      return this.#stopSigning("FORK_DETECTED", [note, head.note]);
    }
    const { proof } = await this.#reads.consistencyProof(pinned.size, head.size);
    return { consistency: proof };
  }

  /** A stored checkpoint; the newest one if no size is given. */
  checkpoint(size?: number): Promise<Types.StoredCheckpoint> {
    return this.#reads.checkpoint(size);
  }

  /** Newest first. */
  checkpoints(options: { before?: number; limit: number }): Promise<Types.StoredCheckpoint[]> {
    return this.#reads.checkpoints(options);
  }

  inclusionProof(
    index: number,
    size?: number,
  ): Promise<{ leafHash: Uint8Array; size: number; proof: Uint8Array[]; root: Uint8Array }> {
    return this.#reads.inclusionProof(index, size);
  }

  consistencyProof(
    from: number,
    to?: number,
  ): Promise<{ from: number; to: number; proof: Uint8Array[] }> {
    return this.#reads.consistencyProof(from, to);
  }

  /** Full receipts under the present head; stops before 4 MiB. */
  receipts(
    keys: readonly Types.EntryKey[],
    options: { privateEvidence?: boolean; scopes?: readonly string[] } = {},
  ): Promise<{ receipts: Receipt[]; treeSize: number }> {
    return this.#reads.receipts(keys, options);
  }

  readEntries(options: {
    from: number;
    until?: number;
    limit: number;
    bodies: boolean;
    privateEvidence: boolean;
    scopes?: readonly string[];
  }): Promise<{ entries: Types.LogEntry[]; next: number }> {
    return this.#reads.readEntries(options);
  }

  /** Bytes of a C2SP tlog-tiles tile. */
  tile(tile: { level: number | "entries"; n: number; width: number }): Promise<Uint8Array> {
    return this.#reads.tile(tile);
  }

  /** Recomputes everything, beside appends and reads, and says where and what does not hold. */
  verify(options: Types.VerifyOptions = {}): Promise<Types.VerifySummary> {
    const { identity } = this.#opened.opened;
    const pool = this.#opened.readers;
    return verifyStore({ pool, head: this.#head, identity }, options);
  }

  /** Rebuilds the index from the journal. */
  async reindex(options: { onProgress?(done: number, total: number): void } = {}): Promise<void> {
    const report = setInterval(() => options.onProgress?.(this.#indexed, this.#head.size), 500);
    try {
      await this.#opened.threads.indexer.call("rebuild", undefined);
      options.onProgress?.(this.#head.size, this.#head.size);
    } finally {
      clearInterval(report);
    }
  }

  status(): Types.StoreStatus {
    const { standby } = this.#opened.opened;
    const reason = this.#stopped ? (this.#stopped.metadata["cause"] ?? this.#stopped.code) : "";
    return {
      storeId: this.id,
      origin: this.origin,
      cipher: this.cipher,
      state: this.#closing ? "closing" : standby ? "standby" : this.#stopped ? "stopped" : "ready",
      reason: standby ?? reason,
      treeSize: this.#head.size,
      checkpoint: this.#head.note,
      indexLag: Math.max(this.#head.size - this.#indexed, 0),
      head: "unconfirmed",
      openAlarms: this.#integrity.openAlarms,
      openedAtMs: this.#openedAtMs,
      bytesOnDisk: bytesOnDisk(this.#opened.settings.path),
      textSearch: this.textSearch,
    };
  }

  alarms(options: {
    below?: number;
    limit: number;
    includeCleared: boolean;
  }): Promise<Types.Alarm[]> {
    return this.#integrity.list(options);
  }

  clearAlarm(id: number): Promise<Types.Alarm> {
    return this.#integrity.clear(id);
  }

  /** The principal of a token, or undefined. */
  authenticate(token: string): Types.Principal | undefined {
    return this.#principals.authenticate(token, Date.now());
  }

  principal(name: string): Types.Principal | undefined {
    return this.#principals.get(name);
  }

  principals(): Types.Principal[] {
    return this.#principals.list();
  }

  setPrincipal(
    principal: Pick<Types.Principal, "name" | "roles" | "scopes">,
    context: Types.CallContext = LOCAL,
  ): Promise<{ principal: Types.Principal; index: number }> {
    return this.#admin.set(principal, context);
  }

  removePrincipal(name: string, context: Types.CallContext = LOCAL): Promise<{ index: number }> {
    return this.#admin.remove(name, context);
  }

  /** The secret is shown this once; the log holds a keyed hash of it. */
  createToken(
    token: { principal: string; expiresAtMs?: number },
    context: Types.CallContext = LOCAL,
  ): Promise<{ id: string; secret: string; createdAtMs: number; index: number }> {
    return this.#admin.createToken(token, context);
  }

  revokeToken(id: string, context: Types.CallContext = LOCAL): Promise<{ index: number }> {
    return this.#admin.revokeToken(id, context);
  }

  /** Listens to new heads, alarms and the end of writing; returns how to stop listening. */
  on<K extends keyof StoreEvents>(event: K, listener: StoreEvents[K]): () => void {
    const listeners: Set<StoreEvents[K]> = this.#listeners[event];
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
    };
  }

  /** Waits for what is queued, marks a clean close and frees the folder. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** Alarms for what open() found; called once by openStore(). */
  async raiseOpenFindings(): Promise<void> {
    const { attempts, schemaDifferences, uncertainFrom, head } = this.#opened.opened;
    for (const { action, table, row, id } of attempts) {
      const message = `somebody tried to ${action} row ${row} of ${table} (attempt ${id})`;
      await this.#integrity.raise({ code: "FACT_MUTATION_ATTEMPTED", message, index: id });
    }
    if (schemaDifferences.length > 0) {
      const message = `the journal's schema was changed: ${schemaDifferences.join(", ")}`;
      await this.#integrity.raise({ code: "SCHEMA_CHANGED", message });
    }
    if (uncertainFrom !== undefined) {
      const message = `unclean close under an anchor lag: entries from ${uncertainFrom} on may have been lost; the log now has ${head.size}`;
      await this.#integrity.raise({ code: "HEAD_UNCERTAIN", message, index: uncertainFrom });
    }
  }

  async #close(): Promise<void> {
    const { threads, readers, lock, opened } = this.#opened;
    try {
      await readers.close();
      const { newest } = await threads.committer.call("drain", undefined);
      await threads.indexer.call("close", undefined);
      await threads.committer.call("close", undefined);
      const cursor = opened.standby ? undefined : newest;
      await threads.state.call("close", cursor);
    } finally {
      await endThreads(threads);
      lock.release();
    }
  }

  #listen(): void {
    const { committer, indexer } = this.#opened.threads;
    committer.on<Types.Head>("head", (head) => {
      if (head.size < this.#head.size) return;
      this.#head = head;
      this.#emit("head", head);
    });
    committer.on<
      ConstructorParameters<typeof StoreError>[2] & { code: StoreError["code"]; message: string }
    >("stopped", ({ code, message }) => this.#onStopped(new StoreError(code, message)));
    committer.on("resumed", () => {
      this.#stopped = undefined;
    });
    indexer.on<number>("indexed", (size) => {
      this.#indexed = size;
    });
    indexer.on<StoreError>("ended", (reason) => {
      if (!this.#closing) this.#onStopped(reason);
    });
  }

  #onStopped(reason: StoreError): void {
    this.#stopped = reason;
    const { code, message } = reason;
    void this.#integrity.raise({ code, message: `writing has stopped: ${message}` });
    this.#emit("stopped", reason);
  }

  #emit<K extends keyof StoreEvents>(event: K, value: Parameters<StoreEvents[K]>[0]): void {
    for (const listener of this.#listeners[event]) {
      (listener as (value: Parameters<StoreEvents[K]>[0]) => void)(value);
    }
  }

  #requireWritable(): void {
    if (this.#closing) throw new StoreError("STORE_CLOSED", "append: the store is closing");
    const { standby } = this.#opened.opened;
    if (!standby) return;
    throw new StoreError(
      "STANDBY",
      "append: this store is a standby and takes nothing new; see `strongroom store promote`",
      { metadata: { reason: standby } },
    );
  }

  #readOwnNote(note: Uint8Array): { size: number; root: Uint8Array } | undefined {
    if (note.length === 0) return undefined;
    try {
      const checkpoint = verifyCheckpoint(note, [parseVkey(this.logVkey)]);
      return { size: Number(checkpoint.size), root: checkpoint.root };
    } catch (reason) {
      // Anybody can offer a note; only one that our own key signed says something about us.
      if (reason instanceof VerificationError) return undefined;
      throw toStoreError(reason);
    }
  }

  async #stopSigning(
    code: "ROLLBACK_DETECTED" | "FORK_DETECTED",
    evidence: Uint8Array[],
  ): Promise<never> {
    const message =
      code === "ROLLBACK_DETECTED"
        ? "a client holds a newer note signed by this log: the store was rolled back"
        : "a client holds a note signed by this log with another root: the log was forked";
    await this.#opened.threads.committer.call("stopSigning", { code, message });
    throw new StoreError(code, message, { evidence });
  }
}

function encodeWithNonce(fact: FactInit): Uint8Array {
  const nonce = fact.nonce?.length ? fact.nonce : new Uint8Array(randomBytes(NONCE_BYTES));
  try {
    return encodeFact({ ...fact, nonce } as FactInit, { bytesMax: Number.MAX_SAFE_INTEGER });
  } catch (reason) {
    throw toStoreError(reason);
  }
}
