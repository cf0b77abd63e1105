// One error class for what the command line itself refuses; everything else keeps its own code.
import type { ErrorKind } from "@strongroom/client";
import { type ExitCode, exitCodeOf } from "./exit-codes.ts";

export const cliCodes = [
  "USAGE",
  "FILE_NOT_FOUND",
  "FILE_UNREADABLE",
  "FILE_EXISTS",
  "PLAINTEXT_REQUIRED",
  "CONFIRMATION_REQUIRED",
  "PROGRESS_MISMATCH",
  "LINES_REFUSED",
  "TILE_MISSING",
  "TREE_UNAVAILABLE",
  "CHECKS_FAILED",
  "SERVICE_FAILED",
  "NO_TOKEN",
  "KEY_MISSING",
  "ALREADY_RUNNING",
  "ATTESTATION_FOREIGN",
  "ATTESTATION_OVERDUE",
  "TRUST_INVALID",
  "TRUST_UNAVAILABLE",
  "WITNESS_KEY_INVALID",
  "TARGET_INVALID",
  "SIGNING_KEY_INVALID",
  "SIGNING_KEY_UNAVAILABLE",
  "SIGNING_KEY_WRONG_WRAP",
  "WITNESS_LOGS_INVALID",
  "WITNESS_STATE_DAMAGED",
  "WITNESS_STATE_FOREIGN",
  "WITNESS_STATE_MISSING",
  "WITNESS_STATE_UNWRITABLE",
] as const;
export type CliCode = (typeof cliCodes)[number];

export class CliError extends Error {
  readonly code: CliCode;
  /** Members that a --json document shows beside the error. */
  readonly shown: Readonly<Record<string, unknown>>;

  constructor(
    code: CliCode,
    message: string,
    options: { cause?: unknown; shown?: Record<string, unknown> } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "CliError";
    this.code = code;
    this.shown = options.shown ?? {};
  }
}

/** A failed proof: the verdict and what was proven before it. */
export class ProofError extends Error {
  readonly code: string;
  readonly proven: readonly string[];
  readonly shown: Readonly<Record<string, unknown>>;

  constructor(
    code: string,
    message: string,
    options: { cause?: unknown; proven?: readonly string[]; shown?: Record<string, unknown> } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "ProofError";
    this.code = code;
    this.proven = options.proven ?? [];
    this.shown = options.shown ?? {};
  }
}

export interface Failure {
  readonly code: string;
  readonly message: string;
  readonly exitCode: ExitCode;
  /** The --json document. */
  readonly document: Readonly<Record<string, unknown>>;
}

/** What to print and how to exit for anything that was thrown. */
export function failureOf(cause: unknown): Failure {
  const message = cause instanceof Error ? cause.message : String(cause);
  if (cause instanceof ProofError) {
    const { code, proven, shown } = cause;
    const document = { verdict: code, proven, ...shown, error: { code, message } };
    return { code, message, exitCode: 5, document };
  }
  const { code, kind } = identify(cause);
  const shown = cause instanceof CliError ? cause.shown : evidenceOf(cause);
  const document = { ...shown, error: { code, message } };
  return { code, message, exitCode: exitCodeOf(code, kind), document };
}

/** Other workspaces' errors are known by name: importing their classes would load them all. */
const kindOfClass = {
  CliError: "refused",
  ClientError: "refused",
  StoreError: "refused",
  RuntimeError: "refused",
  MalformedError: "refused",
  VerificationError: "verification",
} as const satisfies Record<string, ErrorKind>;

function identify(cause: unknown): { code: string; kind: ErrorKind } {
  if (cause instanceof Error && "code" in cause && Object.hasOwn(kindOfClass, cause.name)) {
    const fallback = kindOfClass[cause.name as keyof typeof kindOfClass];
    const kind = "kind" in cause ? (cause.kind as ErrorKind) : fallback;
    return { code: String(cause.code), kind };
  }
  return { code: "INTERNAL", kind: "internal" };
}

function evidenceOf(cause: unknown): Record<string, unknown> {
  if (!(cause instanceof Error) || cause.name !== "ClientError") return {};
  const evidence = "evidence" in cause ? cause.evidence : undefined;
  return Array.isArray(evidence) && evidence.length > 0 ? { evidence } : {};
}
