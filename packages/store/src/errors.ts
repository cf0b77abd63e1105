// Every failure that leaves the store has one of these codes. A refusal is expected and safe to
// show; an open error says why a folder is not a store we may use; a verification failure is
// evidence, never retried and never downgraded.
import {
  type MalformedCode,
  MalformedError,
  malformedCodes,
  type VerificationCode,
  VerificationError,
  verificationCodes,
} from "@strongroom/protocol";

export const refusalCodes = [
  "INVALID_ARGUMENT",
  "NOT_FOUND",
  "NOT_A_FACT",
  "PERMISSION_DENIED",
  "UNAUTHENTICATED",
  "FACT_RETRACTED",
  "FACT_REDACTED",
  "SCOPE_ERASED",
  "PAGE_TOKEN_INVALID",
  "TEXT_SEARCH_DISABLED",
  "LAST_OPERATOR",
  "LEASE_LOST",
  "KEY_NOT_REGISTERED",
  "ATTESTATION_INVALID",
  "OVERLOADED",
  "UNAVAILABLE",
  "CANCELLED",
  "STORE_CLOSED",
  "WRITER_STOPPED",
  "STANDBY",
] as const;

export const openCodes = [
  "KEY_LENGTH",
  "KEY_SOURCE_INVALID",
  "KEY_SOURCE_UNAVAILABLE",
  "KEY_REQUIRED",
  "WRONG_KEY",
  "NOT_ENCRYPTED",
  "CORRUPT_PAGE",
  "TRUNCATED_FILE",
  "STORE_LOCKED",
  "KEYRING_MISSING",
  "KEYRING_MALFORMED",
  "KEYRING_EDITED",
  "KEYRING_FOREIGN",
  "KEYRING_ROLLED_BACK",
  "KDF_LIMITS",
  "CIPHER_MISMATCH",
  "SCHEMA_UNSUPPORTED",
  "SCHEMA_CHANGED",
  "NOT_A_STORE",
  "STORE_EXISTS",
  "ANCHOR_MISSING",
  "ANCHOR_DAMAGED",
  "STORE_ROLLED_BACK",
  "STORE_FORKED",
  "STATE_FOREIGN",
  "HEAD_UNCERTAIN",
  "PERMISSION",
  "READ_ONLY",
  "DISK_FULL",
  "IO_ERROR",
] as const;

export type RefusalCode = (typeof refusalCodes)[number];
export type OpenCode = (typeof openCodes)[number];
export type StoreErrorCode = RefusalCode | OpenCode | MalformedCode | VerificationCode | "INTERNAL";

export const storeErrorCodes: readonly StoreErrorCode[] = [
  ...refusalCodes,
  ...openCodes,
  ...malformedCodes,
  ...verificationCodes,
  "INTERNAL",
];

export interface StoreErrorOptions {
  cause?: unknown;
  /** Ids and numbers that help to act; never payloads or key material. */
  metadata?: Record<string, string>;
}

/** The only error class that leaves the store. */
export class StoreError extends Error {
  override readonly name = "StoreError";
  readonly code: StoreErrorCode;
  readonly metadata: Readonly<Record<string, string>>;
  /** Signed notes and the like that prove a verification failure. */
  readonly evidence: readonly Uint8Array[];

  constructor(
    code: StoreErrorCode,
    message: string,
    options: StoreErrorOptions & { evidence?: readonly Uint8Array[] } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.metadata = options.metadata ?? {};
    this.evidence = options.evidence ?? [];
  }
}

/** Turns whatever was thrown into a StoreError; a broken invariant becomes INTERNAL. */
export function toStoreError(reason: unknown): StoreError {
  if (reason instanceof StoreError) return reason;
  if (reason instanceof MalformedError) {
    return new StoreError(reason.code, reason.message, { cause: reason });
  }
  if (reason instanceof VerificationError) {
    return new StoreError(reason.code, reason.message, {
      cause: reason,
      ...(reason.evidence ? { evidence: reason.evidence } : {}),
    });
  }
  const message = reason instanceof Error ? reason.message : "unknown failure";
  return new StoreError("INTERNAL", message, { cause: reason });
}
