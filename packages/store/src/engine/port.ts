// What the store asks of a database. Everything above this port knows neither SQL nor file names.
// One thread writes each database; any number read. The journal only grows, so a reader needs no
// transaction: it bounds itself by a size that it was given.

/** The evidence parts of an entry, as stored. */
export interface StoredEvidence {
  public: Uint8Array;
  /** Empty once erased. */
  private: Uint8Array;
  /** SHA-256 of the private part, kept when that is erased. */
  privateHash: Uint8Array;
}

export interface EntryRow {
  index: number;
  leaf: Uint8Array;
  /** Empty once erased, together with the body. */
  blind: Uint8Array;
  /** Packed; unpackEvidence() reads it. */
  evidence: Uint8Array;
  body: Uint8Array;
}

export interface TileRow {
  level: number;
  n: number;
  /** 256 × 32 bytes. */
  hashes: Uint8Array;
  /** Root of the tile: its hash in the level above. */
  root: Uint8Array;
  /** 16 × 32 bytes: the roots of each 16 hashes, so that a proof need not hash the whole tile. */
  middle: Uint8Array;
}

export interface CheckpointRow {
  size: number;
  note: Uint8Array;
  storedAtMs: number;
}

/** What a transparency log or a folder says of a stored checkpoint. */
export interface AttestationRow {
  id: number;
  size: number;
  target: string;
  kind: "rekor" | "file";
  /** Hex SHA-256 of the attestation key's SPKI; empty for a folder. */
  keyId: string;
  /** Base64; empty for a folder. */
  logId: string;
  logIndex: number;
  signedAtMs: number | null;
  attestedAtMs: number;
  /** Sigstore bundle, JSON in UTF-8; empty for a folder. */
  bundle: Uint8Array;
}

/** One witness's signature line over a stored checkpoint. */
export interface CosignatureRow {
  id: number;
  size: number;
  target: string;
  /** Name and key id, as in the line: `name+hex`. */
  witness: string;
  signedAtMs: number;
  attestedAtMs: number;
  line: Uint8Array;
}

/** What is kept of one completed attestation. */
export interface ProofRows {
  attestation?: Omit<AttestationRow, "id">;
  cosignatures?: readonly Omit<CosignatureRow, "id">[];
}

/** Newest entry of one scope at a commit. */
export interface ScopeHead {
  scope: string;
  index: number;
  scopeIndex: number;
}

export interface ScopeHeadRow {
  lastIndex: number;
  heads: ScopeHead[];
}

export interface MutationAttempt {
  id: number;
  atMs: number;
  action: string;
  table: string;
  row: number;
}

/** Tables whose rows the log itself does not tell; side-digests.ts says how they are guarded. */
export type SideTable =
  | "checkpoint"
  | "scope_head"
  | "control"
  | "cid_filter"
  | "schema"
  | "mutation_attempt"
  | "attestation"
  | "cosignature";

/** Running hash of a table's rows with keys below `next`. */
export interface SideDigest {
  next: number;
  digest: Uint8Array;
}

/** A row whose key no commit of the log can have given it. */
export interface ForeignRow {
  table: string;
  key: number;
}

/** Everything one commit adds; written in one transaction. */
export interface JournalBatch {
  entries: readonly EntryRow[];
  tiles: readonly TileRow[];
  scopeHeads?: ScopeHeadRow | undefined;
  control: readonly number[];
  checkpoint?: CheckpointRow | undefined;
  proofs?: readonly ProofRows[] | undefined;
  filterSegments: readonly { segment: number; fingerprints: Uint8Array }[];
}

/** What outside records say of stored checkpoints. */
export interface ProofReader {
  /** Rows after an id, in order; for whoever goes through them all. */
  readAttestations(after: number, limit: number): AttestationRow[];
  readCosignatures(after: number, limit: number): CosignatureRow[];
  attestationsOf(size: number): AttestationRow[];
  cosignaturesOf(size: number): CosignatureRow[];
  /** Sizes with a transparency log's entry that cover an index, newest first, below `below`. */
  attestedSizes(range: { from: number; below: number; limit: number }): number[];
  /** Sizes with a cosignature, likewise. */
  cosignedSizes(range: { from: number; below: number; limit: number }): number[];
}

export interface JournalReader {
  /** Number of entries: newest index + 1, or 0. */
  size(): number;
  readEntry(index: number): EntryRow | undefined;
  /** Entries from `from` in order; missing ones are simply not there. */
  readEntries(from: number, limit: number): EntryRow[];
  /** Leaves only, in order, with their indexes. */
  readLeaves(from: number, limit: number): { index: number; leaf: Uint8Array }[];
  readTile(level: number, n: number): TileRow | undefined;
  readTiles(level: number, from: number, limit: number): TileRow[];
  readCheckpoints(below: number, limit: number): CheckpointRow[];
  readonly proofs: ProofReader;
  readScopeHeads(from: number, limit: number): ScopeHeadRow[];
  readControl(): number[];
  readFilterSegment(segment: number): Uint8Array | undefined;
  readMutationAttempts(): MutationAttempt[];
  /** Goes on with a running hash over the rows from `from.next` on, with keys below `below`. */
  foldSideRows(table: SideTable, from: SideDigest, below: number): SideDigest;
  /** Rows before the start or beyond the end of the log; at most 100. */
  readForeignRows(): ForeignRow[];
  /** Names what differs from the schema this program made: triggers, tables, version. */
  schemaDifferences(): string[];
  close(): void;
}

export interface JournalWriter extends JournalReader {
  /** Durable (fsync) when it returns. */
  commit(batch: JournalBatch): void;
  insertCheckpoint(row: CheckpointRow): void;
  /** Rows that are there already are passed over. */
  insertProofs(proofs: readonly ProofRows[]): void;
}

export interface IndexCursor {
  /** Entries indexed so far. */
  size: number;
  /** Leaf hash of the newest indexed entry; empty at 0. */
  leafHash: Uint8Array;
}

/** Terms of one entry; see index/terms.ts for what they mean. */
export interface IndexRow {
  index: number;
  /** Space-separated tokens. */
  terms: string;
  /** Words of a text or string value, where the store keeps a text index. */
  text?: string | undefined;
}

export interface TermIndexReader {
  cursor(): IndexCursor;
  /** Indexes that carry every token, newest first, strictly below `below` if given. */
  newest(tokens: readonly string[], options: { below?: number; limit: number }): number[];
  /** Text hits, best first (higher score is better). */
  searchText(
    words: readonly string[],
    options: { below: number; limit: number; offset: number },
  ): { index: number; score: number }[];
  /**
   * Every read within sees the index as it was at the first of them, even if it is emptied
   * meanwhile to be rebuilt: a cursor says nothing of reads that come after it otherwise. Keep it
   * short: the index's WAL cannot be folded in beyond it.
   */
  inSnapshot<T>(read: () => T): T;
  close(): void;
}

export interface TermIndexWriter extends TermIndexReader {
  insert(rows: readonly IndexRow[], cursor: IndexCursor): void;
  /** Forgets every entry. */
  clear(): void;
}

/** The random key under which index terms are hashed; 16 bytes, one per index file. */
export interface TermIndexIdentity {
  termKey: Uint8Array;
  textSearch: boolean;
}
