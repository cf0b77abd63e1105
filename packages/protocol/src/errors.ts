// The two ways this package says no. MalformedError: bytes from outside are not what they
// claim to be. VerificationError: well-formed, but something does not hold; never retried and
// never downgraded. Messages name fields and ids, never payloads or key material.

export const malformedCodes = [
  "MALFORMED_CID",
  "MALFORMED_FACT",
  "MALFORMED_SCOPE",
  "MALFORMED_LEAF",
  "MALFORMED_EVIDENCE",
  "MALFORMED_BODY",
  "MALFORMED_NOTE",
  "MALFORMED_VKEY",
  "MALFORMED_CHECKPOINT",
  "MALFORMED_COSIGNATURE",
  "MALFORMED_RECEIPT",
  "MALFORMED_POLICY",
  "MALFORMED_PROOF",
  "MALFORMED_TILE",
  "MALFORMED_ENCODING",
  "MALFORMED_BUNDLE",
  "MALFORMED_TRUSTED_ROOT",
  "MALFORMED_ATTESTATION_KEY",
  "MALFORMED_LOG_ANSWER",
  "LIMIT_EXCEEDED",
] as const;

export type MalformedCode = (typeof malformedCodes)[number];

export const verificationCodes = [
  "CID_MISMATCH",
  "SUBJECT_MISMATCH",
  "EVIDENCE_MISMATCH",
  "LINK_MISMATCH",
  "LEAF_MISMATCH",
  "INCLUSION_MISMATCH",
  "CONSISTENCY_MISMATCH",
  "ROOT_MISMATCH",
  "SIGNATURE_INVALID",
  "UNTRUSTED_KEY",
  "ORIGIN_MISMATCH",
  "AUTHOR_SIGNATURE_INVALID",
  "AUTHOR_REQUIRED",
  "WITNESS_REQUIRED",
  "ATTESTATION_REQUIRED",
  "ATTESTATION_KEY_UNTRUSTED",
  "ATTESTATION_NOTE_MISMATCH",
  "ATTESTATION_ENTRY_MISMATCH",
  "ATTESTATION_LOG_UNTRUSTED",
  "ATTESTATION_INDEX_MISMATCH",
  "ATTESTATION_INCLUSION_MISMATCH",
  "ATTESTATION_CHECKPOINT_INVALID",
  "ATTESTATION_SIGNATURE_INVALID",
  "ATTESTATION_PROMISE_INVALID",
  "ATTESTATION_TIME_INVALID",
  "NO_TRUSTED_TIME",
  "RECEIPT_TOO_OLD",
  "RETIRED_KEY",
  "BODY_ERASED",
  "FORK_DETECTED",
  "ROLLBACK_DETECTED",
] as const;

export type VerificationCode = (typeof verificationCodes)[number];

export class MalformedError extends Error {
  readonly code: MalformedCode;

  constructor(code: MalformedCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = "MalformedError";
    this.code = code;
  }
}

export interface VerificationErrorOptions {
  cause?: unknown;
  /** What had been proven before this step failed, in order. */
  proven?: readonly string[];
  /** What a third party needs to see the failure for itself, such as two notes of a fork. */
  evidence?: readonly Uint8Array[];
}

export class VerificationError extends Error {
  readonly code: VerificationCode;
  readonly proven?: readonly string[];
  readonly evidence?: readonly Uint8Array[];

  constructor(code: VerificationCode, message: string, options: VerificationErrorOptions = {}) {
    super(message, "cause" in options ? { cause: options.cause } : undefined);
    this.name = "VerificationError";
    this.code = code;
    if (options.proven) this.proven = options.proven;
    if (options.evidence) this.evidence = options.evidence;
  }
}
