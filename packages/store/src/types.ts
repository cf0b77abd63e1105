// Shapes of the store's public API. Indexes are 0-based, sizes count entries; both are safe
// integers. Times are Unix milliseconds.
import type { StoreError } from "./errors.ts";
import type { Cipher } from "./keys/cipher-name.ts";

export type * from "./attest/attestation-types.ts";
export { CIPHERS as ciphers, type Cipher } from "./keys/cipher-name.ts";

export type VerifyMode = "none" | "body" | "inclusion" | "attested";
export type FactState = "active" | "retracted" | "redacted" | "erased";
export const roles = ["writer", "reader", "auditor", "attestor", "dispatcher", "operator"] as const;
export type Role = (typeof roles)[number];

/** Who calls; goes into the private evidence of what the call appends. */
export interface CallContext {
  principal: string;
  requestId: string;
  peer: string;
}

export interface AuthorSignatureBytes {
  /** 32 bytes. */
  publicKey: Uint8Array;
  /** 64 bytes. */
  signature: Uint8Array;
}

export interface NewFact {
  /** Canonical fact bytes. */
  bytes: Uint8Array;
  authorSignatures?: readonly AuthorSignatureBytes[];
}

export interface Appended {
  cid: Uint8Array;
  index: number;
  treeSize: number;
  existing: boolean;
  /** Canonical receipt bytes; parseReceipt() reads them. */
  receipt: Uint8Array;
}

export interface AppendedBatch {
  /** In the order of the request. */
  results: readonly BatchResult[];
  treeSize: number;
  /** Signed note that covers every accepted fact. */
  checkpoint: Uint8Array;
}

export type BatchResult =
  | { cid: Uint8Array; index: number; existing: boolean; error?: undefined }
  | { cid?: Uint8Array; error: StoreError };

export interface StoredFact {
  /** Canonical fact bytes; empty once erased. */
  bytes: Uint8Array;
  cid: Uint8Array;
  index: number;
  appendedAtMs: number;
  state: FactState;
  /** Index of the entry that ended it, where it is not active. */
  endedByIndex?: number;
  /** Public keys of the authors whose signatures the entry holds. */
  authors: readonly Uint8Array[];
  verified: VerifyMode;
}

export interface FactFilter {
  /** Exact scope, or a pattern: `scope/*` or `*`. */
  scope?: string;
  entity?: string;
  relation?: string;
  source?: string;
  /** Appended at or after. */
  fromMs?: number;
  /** Appended before. */
  untilMs?: number;
}

export interface Query extends FactFilter {
  /** Default "current". */
  view?: "current" | "history";
  asOfSize?: number;
  asOfMs?: number;
  /** Default "body". */
  verify?: VerifyMode;
}

export interface PageOptions {
  /** 1–1,000, default 50. */
  pageSize?: number;
  pageToken?: string;
  /** The token is bound to this name. */
  principal?: string;
  /** Scope patterns the caller may read; unset means all. */
  scopes?: readonly string[];
}

export interface FactPage {
  facts: StoredFact[];
  /** Empty on the last page. */
  nextPageToken: string;
  treeSize: number;
}

export interface SearchPage {
  hits: { fact: StoredFact; score: number }[];
  nextPageToken: string;
  treeSize: number;
}

export interface WatchOptions {
  fromIndex?: number;
  fromEnd?: boolean;
  untilHead?: boolean;
  filter?: FactFilter;
  scopes?: readonly string[];
  signal?: AbortSignal;
}

export type WatchEvent =
  | { type: "fact"; fact: StoredFact; nextIndex: number }
  | {
      type: "retraction";
      index: number;
      scope: string;
      factIndex: number;
      cid: Uint8Array;
      reason: string;
      appendedAtMs: number;
      nextIndex: number;
    }
  | { type: "progress"; treeSize: number; nextIndex: number };

export type EntryKey = { cid: Uint8Array } | { index: number };

export interface Head {
  /** Signed note; anchored before anybody sees it. */
  note: Uint8Array;
  size: number;
  root: Uint8Array;
}

export interface StoredCheckpoint {
  size: number;
  note: Uint8Array;
  storedAtMs: number;
}

export interface LogEntry {
  index: number;
  leaf: Uint8Array;
  body: Uint8Array;
  blind: Uint8Array;
  evidencePublic: Uint8Array;
  evidencePrivateHash: Uint8Array;
  evidencePrivate: Uint8Array;
}

export interface EntriesRange {
  from: number;
  /** One past the last; the head's size if unset. */
  until?: number;
  limit: number;
  bodies: boolean;
  privateEvidence: boolean;
  scopes?: readonly string[];
}

export interface AlarmsPage {
  /** Only alarms with a smaller id. */
  below?: number;
  limit: number;
  includeCleared: boolean;
}

export interface CreatedToken {
  id: string;
  /** Shown this once. */
  secret: string;
  createdAtMs: number;
  /** Index of the key event. */
  index: number;
}

/** What does not hold, and where. */
export interface Finding {
  verdict: FindingVerdict;
  part:
    | "entry"
    | "tile"
    | "checkpoint"
    | "attestation"
    | "cosignature"
    | "anchor"
    | "schema"
    | "index"
    | "state"
    | "keyring";
  /** 0-based index of the entry or tile, or size of the checkpoint that is spoken of. */
  index: number;
  message: string;
}

export const findingVerdicts = [
  "STORE_ROLLED_BACK",
  "STORE_FORKED",
  "TAIL_TRUNCATED",
  "ENTRY_MISSING",
  "BODY_EDITED",
  "BODY_MISSING",
  "BLIND_EDITED",
  "EVIDENCE_EDITED",
  "LEAF_EDITED",
  "LINK_FORGED",
  "SCOPE_LINK_FORGED",
  "AUTHOR_FORGED",
  "TILE_WRONG",
  "TILE_MISSING",
  "CHECKPOINT_FOREIGN",
  "CHECKPOINT_WRONG",
  "ATTESTATION_WRONG",
  "COSIGNATURE_WRONG",
  "ANCHOR_WRONG",
  "SCHEMA_CHANGED",
  "MUTATION_ATTEMPTED",
  "ATTEMPTS_CHANGED",
  "ROW_FOREIGN",
  "FILTER_WRONG",
  "CONTROL_WRONG",
  "SCOPE_HEAD_WRONG",
  "PROJECTION_WRONG",
  "PAGE_UNREADABLE",
] as const;
export type FindingVerdict = (typeof findingVerdicts)[number];

export interface VerifySummary {
  /** "verified", or the verdict of the gravest finding. */
  verdict: "verified" | FindingVerdict;
  entries: number;
  tiles: number;
  checkpoints: number;
  findings: number;
  root: Uint8Array;
  treeSize: number;
}

export interface VerifyOptions {
  onProgress?(done: number, total: number): void;
  onFinding?(finding: Finding): void;
  signal?: AbortSignal;
  fromIndex?: number;
}

export interface Token {
  id: string;
  createdAtMs: number;
  expiresAtMs?: number;
}

export interface Principal {
  name: string;
  roles: readonly Role[];
  scopes: readonly string[];
  tokens: readonly Token[];
}

export interface Alarm {
  id: number;
  code: string;
  message: string;
  raisedAtMs: number;
  clearedAtMs?: number;
  index?: number;
}

export interface StoreStatus {
  storeId: string;
  origin: string;
  cipher: Cipher;
  state: "ready" | "standby" | "stopped" | "closing";
  /** Code of what stopped or limits it; empty when all is well. */
  reason: string;
  treeSize: number;
  checkpoint: Uint8Array;
  indexLag: number;
  /** Whether an outside record confirmed the head. */
  head: "confirmed" | "unconfirmed";
  openAlarms: number;
  openedAtMs: number;
  bytesOnDisk: number;
  textSearch: boolean;
}
