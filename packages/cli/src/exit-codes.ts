// Every error code and the exit code that stands for it: 0 done, 1 internal error, 2 wrong usage,
// 3 refused, 4 not found, 5 verification failed, 6 unavailable or timed out, 7 cannot open the
// store. A new code of ours without a row does not compile.
import type { ClientCode, ErrorKind } from "@strongroom/client";
import type { MalformedCode, VerificationCode } from "@strongroom/protocol";
import type { RuntimeErrorCode } from "@strongroom/runtime";
import type { FindingVerdict, StoreErrorCode } from "@strongroom/store";
import type { CliCode } from "./errors.ts";

export type ExitCode = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7;

type Code =
  | CliCode
  | ClientCode
  | StoreErrorCode
  | MalformedCode
  | VerificationCode
  | FindingVerdict
  | RuntimeErrorCode;

export const exitCodes = {
  INTERNAL: 1,
  PROTOCOL_VIOLATION: 1,
  SERVICE_FAILED: 1,

  USAGE: 2,
  CONFIG_INVALID: 2,
  CONFIG_FILE_UNREADABLE: 2,
  ADDRESS_INVALID: 2,
  FILE_NOT_FOUND: 2,
  FILE_UNREADABLE: 2,
  FILE_EXISTS: 2,
  MALFORMED_ENCODING: 2,
  MALFORMED_CID: 2,
  MALFORMED_FACT: 2,
  MALFORMED_SCOPE: 2,
  MALFORMED_LEAF: 2,
  MALFORMED_EVIDENCE: 2,
  MALFORMED_BODY: 2,
  MALFORMED_NOTE: 2,
  MALFORMED_VKEY: 2,
  MALFORMED_CHECKPOINT: 2,
  MALFORMED_COSIGNATURE: 2,
  MALFORMED_RECEIPT: 2,
  MALFORMED_POLICY: 2,
  MALFORMED_PROOF: 2,
  MALFORMED_TILE: 2,

  ADDRESS_REFUSED: 3,
  LISTEN_FAILED: 3,
  PLAINTEXT_REQUIRED: 3,
  CONFIRMATION_REQUIRED: 3,
  PROGRESS_MISMATCH: 3,
  LINES_REFUSED: 3,
  CHECKS_FAILED: 3,
  NO_TOKEN: 3,
  ALREADY_RUNNING: 3,
  LIMIT_EXCEEDED: 3,
  INVALID_ARGUMENT: 3,
  NOT_A_FACT: 3,
  PERMISSION_DENIED: 3,
  UNAUTHENTICATED: 3,
  FACT_RETRACTED: 3,
  FACT_REDACTED: 3,
  SCOPE_ERASED: 3,
  PAGE_TOKEN_INVALID: 3,
  TEXT_SEARCH_DISABLED: 3,
  LAST_OPERATOR: 3,
  STANDBY: 3,
  FAILED_PRECONDITION: 3,
  RESOURCE_EXHAUSTED: 3,
  ALREADY_EXISTS: 3,
  UNIMPLEMENTED: 3,
  PLAINTEXT_REFUSED: 3,
  STATE_FILE_INVALID: 3,

  NOT_FOUND: 4,

  DATA_LOSS: 5,
  TILE_MISSING: 5,
  CID_MISMATCH: 5,
  SUBJECT_MISMATCH: 5,
  EVIDENCE_MISMATCH: 5,
  LINK_MISMATCH: 5,
  LEAF_MISMATCH: 5,
  INCLUSION_MISMATCH: 5,
  CONSISTENCY_MISMATCH: 5,
  ROOT_MISMATCH: 5,
  SIGNATURE_INVALID: 5,
  UNTRUSTED_KEY: 5,
  ORIGIN_MISMATCH: 5,
  AUTHOR_SIGNATURE_INVALID: 5,
  AUTHOR_REQUIRED: 5,
  WITNESS_REQUIRED: 5,
  ATTESTATION_REQUIRED: 5,
  NO_TRUSTED_TIME: 5,
  RECEIPT_TOO_OLD: 5,
  RETIRED_KEY: 5,
  BODY_ERASED: 5,
  FORK_DETECTED: 5,
  ROLLBACK_DETECTED: 5,
  TAIL_TRUNCATED: 5,
  ENTRY_MISSING: 5,
  BODY_EDITED: 5,
  BODY_MISSING: 5,
  BLIND_EDITED: 5,
  EVIDENCE_EDITED: 5,
  LEAF_EDITED: 5,
  LINK_FORGED: 5,
  SCOPE_LINK_FORGED: 5,
  AUTHOR_FORGED: 5,
  TILE_WRONG: 5,
  CHECKPOINT_FOREIGN: 5,
  CHECKPOINT_WRONG: 5,
  ANCHOR_WRONG: 5,
  MUTATION_ATTEMPTED: 5,
  FILTER_WRONG: 5,
  CONTROL_WRONG: 5,
  SCOPE_HEAD_WRONG: 5,
  PROJECTION_WRONG: 5,
  PAGE_UNREADABLE: 5,

  UNAVAILABLE: 6,
  TREE_UNAVAILABLE: 6,
  DEADLINE: 6,
  CANCELLED: 6,
  CLIENT_CLOSED: 6,
  OVERLOADED: 6,
  STORE_CLOSED: 6,
  WRITER_STOPPED: 6,

  KEY_MISSING: 7,
  KEY_LENGTH: 7,
  KEY_SOURCE_INVALID: 7,
  KEY_SOURCE_UNAVAILABLE: 7,
  KEY_REQUIRED: 7,
  WRONG_KEY: 7,
  NOT_ENCRYPTED: 7,
  CORRUPT_PAGE: 7,
  TRUNCATED_FILE: 7,
  STORE_LOCKED: 7,
  KEYRING_MISSING: 7,
  KEYRING_MALFORMED: 7,
  KEYRING_EDITED: 7,
  KEYRING_FOREIGN: 7,
  KEYRING_ROLLED_BACK: 7,
  KDF_LIMITS: 7,
  CIPHER_MISMATCH: 7,
  SCHEMA_UNSUPPORTED: 7,
  SCHEMA_CHANGED: 7,
  NOT_A_STORE: 7,
  STORE_EXISTS: 7,
  ANCHOR_MISSING: 7,
  ANCHOR_DAMAGED: 7,
  STORE_ROLLED_BACK: 7,
  STORE_FORKED: 7,
  STATE_FOREIGN: 7,
  HEAD_UNCERTAIN: 7,
  PERMISSION: 7,
  READ_ONLY: 7,
  DISK_FULL: 7,
  IO_ERROR: 7,
} as const satisfies Record<Code, ExitCode>;

const byKind = {
  refused: 3,
  "not-found": 4,
  verification: 5,
  unavailable: 6,
  internal: 1,
} as const satisfies Record<ErrorKind, ExitCode>;

/** A failed verification is 5 whatever its code; a code newer than this table goes by its kind. */
export function exitCodeOf(code: string, kind: ErrorKind): ExitCode {
  if (kind === "verification") return 5;
  return Object.hasOwn(exitCodes, code) ? exitCodes[code as keyof typeof exitCodes] : byKind[kind];
}
