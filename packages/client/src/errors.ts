// Every failure of this package is a ClientError with a code. The only file that knows gRPC
// status codes: a server's ErrorInfo reason is passed through as the code, and the status
// decides the kind, so that a code newer than this client is still treated rightly.
import { fromBinary } from "@bufbuild/protobuf";
import { anyUnpack } from "@bufbuild/protobuf/wkt";
import { type ServiceError, status } from "@grpc/grpc-js";
import { ErrorInfoSchema } from "@strongroom/proto/google/rpc/error_details";
import { type Status, StatusSchema } from "@strongroom/proto/google/rpc/status";
import {
  type MalformedCode,
  MalformedError,
  type VerificationCode,
  VerificationError,
} from "@strongroom/protocol";

/** Codes that this package raises itself, or that stand for a status without a reason. */
export const clientCodes = [
  "UNAVAILABLE",
  "DEADLINE",
  "CANCELLED",
  "UNAUTHENTICATED",
  "PERMISSION_DENIED",
  "NOT_FOUND",
  "INVALID_ARGUMENT",
  "FAILED_PRECONDITION",
  "RESOURCE_EXHAUSTED",
  "ALREADY_EXISTS",
  "UNIMPLEMENTED",
  "INTERNAL",
  "DATA_LOSS",
  "PROTOCOL_VIOLATION",
  "PLAINTEXT_REFUSED",
  "STATE_FILE_INVALID",
  "CLIENT_CLOSED",
] as const;
export type ClientCode = (typeof clientCodes)[number];

/** A code of ours, of the protocol, or a reason that the server gave (UPPER_SNAKE). */
export type ErrorCode = ClientCode | MalformedCode | VerificationCode | (string & {});

/** What a caller can do about it; decides retries here and exit codes in the command line. */
export type ErrorKind = "refused" | "not-found" | "verification" | "unavailable" | "internal";

export interface ClientErrorOptions {
  readonly kind?: ErrorKind;
  /** Ids and numbers only; never content or key material. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Paths of evidence files that were written. */
  readonly evidence?: readonly string[];
  /** The signed notes that prove the verdict: the pinned one, then the offered one. */
  readonly notes?: readonly Uint8Array[];
  /** Whether the same request may be sent again. */
  readonly retryable?: boolean;
  readonly cause?: unknown;
}

export class ClientError extends Error {
  readonly code: ErrorCode;
  readonly kind: ErrorKind;
  readonly metadata: Readonly<Record<string, string>>;
  readonly evidence: readonly string[];
  readonly notes: readonly Uint8Array[];
  readonly retryable: boolean;

  constructor(code: ErrorCode, message: string, options: ClientErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "ClientError";
    this.code = code;
    this.kind = options.kind ?? "refused";
    this.metadata = options.metadata ?? {};
    this.evidence = options.evidence ?? [];
    this.notes = options.notes ?? [];
    this.retryable = options.retryable ?? false;
  }
}

const byStatus: Readonly<Record<number, readonly [ClientCode, ErrorKind]>> = {
  [status.CANCELLED]: ["CANCELLED", "unavailable"],
  [status.UNKNOWN]: ["INTERNAL", "internal"],
  [status.INVALID_ARGUMENT]: ["INVALID_ARGUMENT", "refused"],
  [status.DEADLINE_EXCEEDED]: ["DEADLINE", "unavailable"],
  [status.NOT_FOUND]: ["NOT_FOUND", "not-found"],
  [status.ALREADY_EXISTS]: ["ALREADY_EXISTS", "refused"],
  [status.PERMISSION_DENIED]: ["PERMISSION_DENIED", "refused"],
  [status.RESOURCE_EXHAUSTED]: ["RESOURCE_EXHAUSTED", "refused"],
  [status.FAILED_PRECONDITION]: ["FAILED_PRECONDITION", "refused"],
  [status.ABORTED]: ["FAILED_PRECONDITION", "refused"],
  [status.OUT_OF_RANGE]: ["INVALID_ARGUMENT", "refused"],
  [status.UNIMPLEMENTED]: ["UNIMPLEMENTED", "refused"],
  [status.INTERNAL]: ["INTERNAL", "internal"],
  [status.UNAVAILABLE]: ["UNAVAILABLE", "unavailable"],
  [status.DATA_LOSS]: ["DATA_LOSS", "verification"],
  [status.UNAUTHENTICATED]: ["UNAUTHENTICATED", "refused"],
};

/** Turns whatever a call failed with into a ClientError. */
export function toClientError(cause: unknown): ClientError {
  if (cause instanceof ClientError) return cause;
  if (cause instanceof VerificationError) {
    return new ClientError(cause.code, cause.message, { kind: "verification", cause });
  }
  if (cause instanceof MalformedError) {
    return new ClientError(cause.code, cause.message, { kind: "refused", cause });
  }
  if (isServiceError(cause)) return errorOfCall(cause);
  const message = cause instanceof Error ? cause.message : String(cause);
  return new ClientError("INTERNAL", message, { kind: "internal", cause });
}

/** Like toClientError, but malformed bytes from the server are a failed verification. */
export function toAnswerError(cause: unknown): ClientError {
  if (!(cause instanceof MalformedError)) return toClientError(cause);
  return new ClientError(cause.code, `answer of the server: ${cause.message}`, {
    kind: "verification",
    cause,
  });
}

/** The error of one item of a batch. */
export function errorOfItem(item: Status): ClientError {
  const [fallback, kind] = byStatus[item.code] ?? (["INTERNAL", "internal"] as const);
  const info = errorInfo(item);
  return new ClientError(info?.reason ?? fallback, item.message, {
    kind,
    metadata: info?.metadata ?? {},
    retryable: item.code === status.UNAVAILABLE,
  });
}

function errorOfCall(error: ServiceError): ClientError {
  const [fallback, kind] = byStatus[error.code] ?? (["INTERNAL", "internal"] as const);
  const info = detailsOf(error);
  const message = error.details === "" ? error.message : error.details;
  return new ClientError(info?.reason ?? fallback, message, {
    kind,
    metadata: info?.metadata ?? {},
    retryable: error.code === status.UNAVAILABLE,
    cause: error,
  });
}

function detailsOf(
  error: ServiceError,
): { reason: string; metadata: Record<string, string> } | undefined {
  const [raw] = error.metadata?.get("grpc-status-details-bin") ?? [];
  if (raw === undefined || typeof raw === "string") return undefined;
  try {
    return errorInfo(fromBinary(StatusSchema, raw));
  } catch {
    return undefined;
  }
}

function errorInfo(rich: Status): { reason: string; metadata: Record<string, string> } | undefined {
  for (const detail of rich.details) {
    const info = anyUnpack(detail, ErrorInfoSchema);
    if (info !== undefined && info.reason !== "") {
      return { reason: info.reason, metadata: info.metadata };
    }
  }
  return undefined;
}

function isServiceError(cause: unknown): cause is ServiceError {
  return (
    cause instanceof Error &&
    "code" in cause &&
    typeof cause.code === "number" &&
    "details" in cause
  );
}
