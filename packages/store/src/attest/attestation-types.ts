// Shapes of the store's attestation half. Sizes are tree sizes of stored checkpoints; times are
// Unix milliseconds.

export const targetKinds = ["rekor", "witness", "file"] as const;
export type TargetKind = (typeof targetKinds)[number];

export const attestationStates = ["pending", "sent", "attested", "parked", "superseded"] as const;
export type AttestationState = (typeof attestationStates)[number];

export const failureClasses = [
  "retry",
  "pushback",
  "unknown-outcome",
  "permanent",
  "server-error",
  "conflict",
  "frozen",
  "invalid-answer",
] as const;
export type FailureClass = (typeof failureClasses)[number];

export interface Target {
  /** 1–64 of [a-z0-9._-], begins with a letter or digit. */
  name: string;
  kind: TargetKind;
}

/** One stored checkpoint and one target that shall attest it. */
export interface Attestation {
  /** Of the work row; 0 for one that only the journal still has. */
  id: number;
  treeSize: number;
  target: string;
  kind: TargetKind;
  state: AttestationState;
  attempts: number;
  createdAtMs: number;
  nextAttemptAtMs?: number;
  leasedUntilMs?: number;
  /** Name that the worker gave itself. */
  leasedBy?: string;
  lastFailure?: FailureClass;
  lastError: string;
  attestedAtMs?: number;
  /** Rekor: base64 of the log's id. */
  logId?: string;
  logIndex?: number;
  /** A time that the target signed. */
  signedAtMs?: number;
}

/** With what proves it. */
export interface ProvenAttestation extends Attestation {
  note: Uint8Array;
  /** Sigstore bundle, JSON in UTF-8; only of a Rekor target. */
  bundle?: Uint8Array;
  /** Whole signature lines; only of a witness. */
  cosignatures: Uint8Array[];
}

export interface AttestationLease {
  id: number;
  target: string;
  /** 16 random bytes; every result names it. */
  token: Uint8Array;
  expiresAtMs: number;
  attempt: number;
  treeSize: number;
  note: Uint8Array;
  /** The signed request of an earlier attempt, and the leaf hash that belongs to it. */
  request?: Uint8Array;
  requestLeafHash?: Uint8Array;
  /** Largest size that this target attests; 0 if none. */
  attestedSize: number;
}

export interface LeaseRequest {
  /** 1–64. */
  targets: readonly Target[];
  worker: string;
  /** 1–100. */
  limit: number;
  /** 1 s–10 min. */
  durationMs: number;
  /** Only these, where they are due. */
  ids?: readonly number[];
}

export interface DueAttestation {
  id: number;
  target: string;
  /** Number of the attempt that will be made. */
  attempt: number;
  dueAtMs: number;
}

export interface FailedAttempt {
  id: number;
  token: Uint8Array;
  failure: FailureClass;
  /** At most 1,024 bytes. */
  message: string;
  retryAfterMs?: number;
  /** The answer that did not verify; at most 256 KiB. */
  evidence?: Uint8Array;
}

export interface TargetStatus extends Target {
  attestedSize: number;
  /** Entries that it lags behind the newest stored checkpoint. */
  lag: number;
  /** Pending or sent. */
  pending: number;
  /** When the oldest of them was offered; unset if there is none. */
  oldestPendingAtMs?: number;
  parked: number;
  lastSuccessMs?: number;
  lastAskedMs: number;
}

export interface AttestationsPage {
  /** Only ids below. */
  below?: number;
  /** 1–1,000. */
  limit: number;
  states?: readonly AttestationState[];
  target?: string;
}

/** What a registered key is for. */
export const keyPurposes = ["attestation", "trusted-root", "witness"] as const;
export type KeyPurpose = (typeof keyPurposes)[number];

/** A public key that outside records are checked with. */
export interface RegisteredKey {
  /** SHA-256 of `key`, lower-case hex. */
  id: string;
  purpose: KeyPurpose;
  /** SPKI in DER, trusted root JSON, or a C2SP verifier key line, by its purpose. */
  key: Uint8Array;
  name: string;
  registeredAtMs: number;
  retiredAtMs?: number;
  /** Entry of the key event that registered it. */
  index: number;
  /** Entry that retired it: checkpoints up to there keep what it attested. */
  retiredIndex?: number;
}
