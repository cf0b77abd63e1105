// What the commit thread is asked, and what it answers. Facts of a request travel packed: one
// buffer of bytes, one of offsets, one of content ids, so that a batch costs no garbage per fact.
import type { MessagePort } from "node:worker_threads";
import type { EntryKind } from "@strongroom/protocol";
import type { CheckpointRow, ForeignRow, MutationAttempt, ProofRows } from "../engine/port.ts";
import type { StoreErrorCode } from "../errors.ts";
import type { Identity } from "../open/read-identity.ts";
import type { ThreadMethods } from "../threads/channel.ts";
import type { AuthorSignatureBytes, Cipher } from "../types.ts";

/** Offsets per fact in `spans`, absolute within `bytes`. */
export const SPAN = {
  start: 0,
  end: 1,
  scopeStart: 2,
  scopeEnd: 3,
  entityStart: 4,
  entityEnd: 5,
  relationStart: 6,
  relationEnd: 7,
  sourceStart: 8,
  sourceEnd: 9,
  textStart: 10,
  textEnd: 11,
} as const;
export const SPAN_STRIDE = 12;

export interface PackedFacts {
  count: number;
  bytes: Uint8Array;
  spans: Int32Array;
  /** 32 bytes per fact. */
  cids: Uint8Array;
  /** Made beforehand, off the commit thread: 16 and 32 bytes per fact. */
  sealed?: { blinds: Uint8Array; subjects: Uint8Array };
  /** Verified already. */
  signatures?: (readonly AuthorSignatureBytes[] | undefined)[];
}

export interface AppendFactsRequest {
  facts: PackedFacts;
  /** Encoded EvidencePrivate of the whole request. */
  evidencePrivate: Uint8Array;
  receipts: boolean;
}

/** One entry of another kind. */
export interface AppendEntryRequest {
  kind: EntryKind;
  body: Uint8Array;
  /** Scope chain that it belongs to; kinds 5 and 8 have the chain of the empty name. */
  scope?: string;
  /** Entry that a retraction ends. */
  ends?: number;
  signatures?: readonly AuthorSignatureBytes[];
  evidencePrivate: Uint8Array;
}

export interface SignedHead {
  note: Uint8Array;
  size: number;
  root: Uint8Array;
}

export interface Refusal {
  position: number;
  code: StoreErrorCode;
  message: string;
}

export interface AppendFactsAnswer {
  head: SignedHead;
  /** Index per fact; -1 where refused. */
  indexes: Float64Array;
  /** 1 where the fact was there before. */
  existing: Uint8Array;
  refusals: Refusal[];
  /** For new facts of a request that asked: encoded receipts; undefined for existing ones. */
  receipts?: (Uint8Array | undefined)[];
}

export interface AppendEntryAnswer {
  head: SignedHead;
  index: number;
  existing: boolean;
  /** Encoded; undefined where the entry was there before. */
  receipt?: Uint8Array;
}

/** Rows that go into a commit's transaction beside its entries. */
export interface StoredAlong {
  checkpoint: CheckpointRow | undefined;
  proofs: readonly ProofRows[];
}

export type StandbyReason = "STANDBY" | "ROLLBACK_DETECTED" | "FORK_DETECTED";

export interface CommitSettings {
  folder: string;
  cipher: Cipher;
  journalKey: Uint8Array;
  indexKey: Uint8Array;
  logKeySeed: Uint8Array;
  storeId: string;
  /** Generation of the keyring that opened the store. */
  keyringGeneration: number;
  /** Why the store must not sign: a mark in the keyring, or what a client's note proved. */
  standby: StandbyReason | undefined;
  anchorPath: string;
  anchorLagMs: number;
  checkpointEntries: number;
  checkpointMs: number;
  indexer: MessagePort;
}

export interface OpenedCommit {
  head: SignedHead;
  identity: Identity;
  /** Why the store opened read-only. */
  standby?: StandbyReason | "SCHEMA_CHANGED";
  /** Entries from here on may have been lost. */
  uncertainFrom?: number;
  /** Entries that the anchor named before this open. */
  anchoredSize: number;
  hasDamagedSlot: boolean;
  /** The anchor named less than the log had when it was last closed in order. */
  isAnchorStale?: boolean;
  attempts: MutationAttempt[];
  schemaDifferences: string[];
  foreignRows: ForeignRow[];
}

export interface CommitMethods extends ThreadMethods {
  open(settings: CommitSettings): Promise<OpenedCommit>;
  appendFacts(request: AppendFactsRequest): Promise<AppendFactsAnswer>;
  appendEntry(request: AppendEntryRequest): Promise<AppendEntryAnswer>;
  /** Keeps what proves an attestation, verified before. Answers when it is durable. */
  appendProofs(rows: ProofRows): Promise<void>;
  /** No commit while the index is not whole: it could not tell what is there already. */
  pauseForRebuild(): void;
  resumeAfterRebuild(): void;
  stopSigning(reason: { code: StoreErrorCode; message: string }): void;
  /** Ends appending, after what is queued, and marks a clean close. */
  drain(): Promise<{ newest?: { size: number; leafHash: Uint8Array } }>;
  /** Comes last of all threads: the last connection of a file folds its WAL into it. */
  close(): void;
}
