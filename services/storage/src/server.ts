// The gRPC server, and the only place that knows gRPC status codes: what a handler throws becomes
// a status with google.rpc.ErrorInfo; what the gate refuses never reaches a handler.
import { create, toBinary } from "@bufbuild/protobuf";
import { anyPack, durationFromMs } from "@bufbuild/protobuf/wkt";
import {
  Metadata,
  Server,
  ServerCredentials,
  ServerInterceptingCall,
  type ServerInterceptor,
  status,
} from "@grpc/grpc-js";
import { ErrorInfoSchema, RetryInfoSchema } from "@strongroom/proto/google/rpc/error_details";
import { type Status as RpcStatus, StatusSchema } from "@strongroom/proto/google/rpc/status";
import { toBase64 } from "@strongroom/protocol";
import { type StoreError, type StoreErrorCode, toStoreError } from "@strongroom/store";
import type { Admission, Gate } from "./gate.ts";
import type { StatusReport } from "./grpc/streams.ts";

export const messageBytesMax = 6 * 1024 * 1024;

const malformed = status.INVALID_ARGUMENT;
const precondition = status.FAILED_PRECONDITION;
const damaged = status.DATA_LOSS;

const statusByCode = {
  INVALID_ARGUMENT: status.INVALID_ARGUMENT,
  NOT_FOUND: status.NOT_FOUND,
  NOT_A_FACT: status.NOT_FOUND,
  PERMISSION_DENIED: status.PERMISSION_DENIED,
  UNAUTHENTICATED: status.UNAUTHENTICATED,
  FACT_RETRACTED: precondition,
  FACT_REDACTED: precondition,
  SCOPE_ERASED: precondition,
  PAGE_TOKEN_INVALID: status.INVALID_ARGUMENT,
  TEXT_SEARCH_DISABLED: precondition,
  LAST_OPERATOR: precondition,
  LEASE_LOST: precondition,
  KEY_NOT_REGISTERED: precondition,
  ATTESTATION_INVALID: damaged,
  OVERLOADED: status.RESOURCE_EXHAUSTED,
  UNAVAILABLE: status.UNAVAILABLE,
  CANCELLED: status.CANCELLED,
  STORE_CLOSED: status.UNAVAILABLE,
  WRITER_STOPPED: precondition,
  STANDBY: precondition,
  KEY_LENGTH: precondition,
  KEY_SOURCE_INVALID: precondition,
  KEY_SOURCE_UNAVAILABLE: precondition,
  KEY_REQUIRED: precondition,
  WRONG_KEY: precondition,
  NOT_ENCRYPTED: precondition,
  CORRUPT_PAGE: damaged,
  TRUNCATED_FILE: damaged,
  STORE_LOCKED: precondition,
  KEYRING_MISSING: precondition,
  KEYRING_MALFORMED: damaged,
  KEYRING_EDITED: damaged,
  KEYRING_FOREIGN: damaged,
  KEYRING_ROLLED_BACK: damaged,
  KDF_LIMITS: precondition,
  CIPHER_MISMATCH: precondition,
  SCHEMA_UNSUPPORTED: precondition,
  SCHEMA_CHANGED: damaged,
  NOT_A_STORE: precondition,
  STORE_EXISTS: precondition,
  ANCHOR_MISSING: damaged,
  ANCHOR_DAMAGED: damaged,
  STORE_ROLLED_BACK: damaged,
  STORE_FORKED: damaged,
  STATE_FOREIGN: damaged,
  HEAD_UNCERTAIN: damaged,
  PERMISSION: precondition,
  READ_ONLY: precondition,
  DISK_FULL: precondition,
  IO_ERROR: status.INTERNAL,
  MALFORMED_ENCODING: malformed,
  MALFORMED_CID: malformed,
  MALFORMED_FACT: malformed,
  MALFORMED_SCOPE: malformed,
  MALFORMED_LEAF: malformed,
  MALFORMED_EVIDENCE: malformed,
  MALFORMED_BODY: malformed,
  MALFORMED_NOTE: malformed,
  MALFORMED_VKEY: malformed,
  MALFORMED_CHECKPOINT: malformed,
  MALFORMED_COSIGNATURE: malformed,
  MALFORMED_RECEIPT: malformed,
  MALFORMED_POLICY: malformed,
  MALFORMED_PROOF: malformed,
  MALFORMED_TILE: malformed,
  MALFORMED_BUNDLE: malformed,
  MALFORMED_TRUSTED_ROOT: malformed,
  MALFORMED_ATTESTATION_KEY: malformed,
  MALFORMED_LOG_ANSWER: malformed,
  LIMIT_EXCEEDED: malformed,
  CID_MISMATCH: damaged,
  SUBJECT_MISMATCH: damaged,
  EVIDENCE_MISMATCH: damaged,
  LINK_MISMATCH: damaged,
  LEAF_MISMATCH: damaged,
  INCLUSION_MISMATCH: damaged,
  CONSISTENCY_MISMATCH: damaged,
  ROOT_MISMATCH: damaged,
  SIGNATURE_INVALID: damaged,
  UNTRUSTED_KEY: precondition,
  ORIGIN_MISMATCH: precondition,
  AUTHOR_SIGNATURE_INVALID: malformed,
  AUTHOR_REQUIRED: precondition,
  WITNESS_REQUIRED: precondition,
  ATTESTATION_REQUIRED: precondition,
  ATTESTATION_KEY_UNTRUSTED: malformed,
  ATTESTATION_NOTE_MISMATCH: malformed,
  ATTESTATION_ENTRY_MISMATCH: malformed,
  ATTESTATION_LOG_UNTRUSTED: malformed,
  ATTESTATION_INDEX_MISMATCH: malformed,
  ATTESTATION_INCLUSION_MISMATCH: malformed,
  ATTESTATION_CHECKPOINT_INVALID: malformed,
  ATTESTATION_SIGNATURE_INVALID: malformed,
  ATTESTATION_PROMISE_INVALID: malformed,
  ATTESTATION_TIME_INVALID: malformed,
  NO_TRUSTED_TIME: precondition,
  RECEIPT_TOO_OLD: precondition,
  RETIRED_KEY: precondition,
  BODY_ERASED: precondition,
  FORK_DETECTED: damaged,
  ROLLBACK_DETECTED: damaged,
  INTERNAL: status.INTERNAL,
} satisfies Record<StoreErrorCode, status>;

/** Refusals that pass by themselves, and after how long a caller may come again. */
const retryAfterMs: Partial<Record<StoreErrorCode, number>> = {
  OVERLOADED: 500,
  UNAVAILABLE: 250,
  STORE_CLOSED: 1000,
};

const detailsBytesMax = 1024;

export function statusOf(code: StoreErrorCode): number {
  return statusByCode[code];
}

/** google.rpc.Status of anything thrown; a broken invariant tells nothing of itself. */
export function toRpcStatus(thrown: unknown): RpcStatus {
  const error = toStoreError(thrown);
  const message = error.code === "INTERNAL" ? "internal error" : error.message;
  const retryMs = retryAfterMs[error.code];
  const info = create(ErrorInfoSchema, {
    reason: error.code,
    domain: "strongroom",
    metadata: { ...shortMetadata(error), ...evidenceOf(error) },
  });
  return create(StatusSchema, {
    code: statusByCode[error.code],
    message: wellFormed(message, detailsBytesMax),
    details: [
      anyPack(ErrorInfoSchema, info),
      ...(retryMs === undefined
        ? []
        : [
            anyPack(
              RetryInfoSchema,
              create(RetryInfoSchema, { retryDelay: durationFromMs(retryMs) }),
            ),
          ]),
    ],
  });
}

export function report(thrown: unknown): StatusReport {
  const rpcStatus = toRpcStatus(thrown);
  const metadata = new Metadata();
  const details = toBinary(StatusSchema, rpcStatus);
  metadata.set("grpc-status-details-bin", Buffer.from(details));
  return Object.assign(new Error(rpcStatus.message), {
    code: rpcStatus.code,
    details: rpcStatus.message,
    metadata,
  });
}

export interface GrpcServerOptions {
  gate: Gate;
  streamsPerConnectionMax: number;
  connectionIdleMs: number;
}

export interface GrpcServer {
  readonly server: Server;
  readonly credentials: ServerCredentials;
  /** What the gate said of a call, by the metadata that the call carries. */
  readonly admissions: WeakMap<Metadata, Admission>;
}

export function createGrpcServer(options: GrpcServerOptions): GrpcServer {
  const admissions = new WeakMap<Metadata, Admission>();
  const server = new Server({
    interceptors: [gateInterceptor(options.gate, admissions)],
    "grpc.enable_channelz": 0,
    "grpc.max_receive_message_length": messageBytesMax,
    "grpc.max_send_message_length": messageBytesMax,
    "grpc.max_concurrent_streams": options.streamsPerConnectionMax,
    "grpc.max_connection_idle_ms": options.connectionIdleMs,
    "grpc.keepalive_time_ms": 60_000,
    "grpc.keepalive_timeout_ms": 20_000,
    "grpc-node.max_session_memory": 64,
  });
  return { server, credentials: ServerCredentials.createInsecure(), admissions };
}

/** Lets in-flight calls end until the deadline, then cuts what is left. */
export async function shutDownServer(server: Server, drainMs: number): Promise<void> {
  const drained = new Promise<void>((resolve) => server.tryShutdown(() => resolve()));
  const force = setTimeout(() => server.forceShutdown(), drainMs);
  try {
    await drained;
  } finally {
    clearTimeout(force);
  }
}

function gateInterceptor(gate: Gate, admissions: WeakMap<Metadata, Admission>): ServerInterceptor {
  return (method, call) => {
    let admission: Admission | undefined;
    return new ServerInterceptingCall(call, {
      start: (next) =>
        next({
          onReceiveMetadata: (metadata, pass) => {
            try {
              const authorization = metadata.get("authorization").map(String);
              const name = method.path.slice(1);
              admission = gate.admit({ method: name, authorization, peer: call.getPeer() });
            } catch (error) {
              call.sendStatus(report(error));
              return;
            }
            metadata.remove("authorization");
            admissions.set(metadata, admission);
            pass(metadata);
          },
          // A call that ends before its handler ran; after that the handler releases.
          onCancel: () => {
            if (admission && !admission.started) admission.release();
          },
        }),
    });
  };
}

function shortMetadata(error: StoreError): Record<string, string> {
  const entries = Object.entries(error.metadata).slice(0, 16);
  return Object.fromEntries(entries.map(([name, value]) => [name, wellFormed(value, 256)]));
}

/** Lone surrogates, also those that cutting makes, fit neither UTF-8 nor a header. */
function wellFormed(text: string, lengthMax: number): string {
  return text.slice(0, lengthMax).replace(/\p{Surrogate}/gu, "\ufffd");
}

/** Signed notes that prove a verdict; the caller keeps them. */
function evidenceOf(error: StoreError): Record<string, string> {
  const notes = error.evidence.filter((note) => note.length <= 2048).slice(0, 2);
  return Object.fromEntries(notes.map((note, i) => [`evidence_${i}`, toBase64(note)]));
}
