// What a target is to the attestor: something outside that can say that it saw a checkpoint. A
// target knows its own protocol and nothing of leases, schedules or the store.
import type { KeyObject } from "node:crypto";
import type { Logger } from "@strongroom/runtime";

/** Names of the failure classes on the wire, lower case. */
export type FailureClass =
  | "retry"
  | "pushback"
  | "unknown-outcome"
  | "permanent"
  | "server-error"
  | "conflict"
  | "frozen"
  | "invalid-answer";

/** A signed request and the leaf that it will become. */
export interface StoredRequest {
  /** The body that is sent, verbatim; at most 64 KiB. */
  readonly request: Uint8Array;
  /** 32 bytes, or empty where the target has no leaf. */
  readonly leafHash: Uint8Array;
}

export interface TargetWork {
  /** Size that the note names. */
  readonly treeSize: bigint;
  /** The checkpoint as first stored: text, blank line, signature lines of the log. */
  readonly note: Uint8Array;
  /** From 1. */
  readonly attempt: number;
  /** What an earlier attempt stored, and is to be sent again byte for byte. */
  readonly stored?: StoredRequest;
  /** Largest size that this target attests already; 0 if none. */
  readonly attestedSize: bigint;
  /** Stores a request before it is sent. What it returns is to be sent, also if it differs. */
  saveRequest(made: StoredRequest): Promise<StoredRequest>;
  /** Proof that the tree of `treeSize` extends the one of `fromSize`: 32-byte hashes. */
  consistencyProof(fromSize: bigint): Promise<readonly Uint8Array[]>;
}

export type TargetResult =
  | {
      readonly kind: "attested";
      /** rekor: Sigstore bundle v0.3, JSON in UTF-8. */
      readonly bundle?: Uint8Array;
      /** witness: whole signature lines, each with its newline. */
      readonly cosignatures?: readonly Uint8Array[];
    }
  | TargetFailure;

export interface TargetFailure {
  readonly kind: "failed";
  readonly failure: FailureClass;
  /** One sentence, no key material. */
  readonly message: string;
  /** What the target asks to wait. */
  readonly retryAfterMs?: number;
  /** The answer that did not verify, at most 256 KiB. */
  readonly evidence?: Uint8Array;
}

export interface AttestationTarget {
  /** As configured; 1-64 of [a-z0-9._-]. */
  readonly name: string;
  readonly kind: "rekor" | "witness" | "file";
  /** One attempt. Never throws for what the target did: that is a result. */
  attest(work: TargetWork, signal: AbortSignal): Promise<TargetResult>;
  /** The newest note of our log that the target holds, for the confirmation of the head. */
  newestNote?(signal: AbortSignal): Promise<Uint8Array | undefined>;
  /** Ends connections; nothing is in flight any more. */
  close(): Promise<void>;
}

/** The attestor's own key, ECDSA P-256; another one than the log's. */
export interface SigningKey {
  /** SHA-256 of the SPKI, lower-case hex. */
  readonly id: string;
  /** DER. */
  readonly publicKeySpki: Uint8Array;
  readonly privateKey: KeyObject;
}

/** What every target is made with. */
export interface TargetParts {
  /** Origin of our log. */
  readonly origin: string;
  readonly signingKey: SigningKey;
  readonly logger: Logger;
}
