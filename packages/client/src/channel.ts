// protobuf-es services over grpc-js: one connection, the caller's token on every call.
// Knows messages and streams, nothing of facts.
import {
  create,
  type DescMessage,
  type DescMethod,
  type DescMethodBiDiStreaming,
  type DescMethodServerStreaming,
  type DescMethodUnary,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import { MethodOptions_IdempotencyLevel } from "@bufbuild/protobuf/wkt";
import { Client, type ClientDuplexStream, credentials, Metadata } from "@grpc/grpc-js";
import { ClientError, toClientError } from "./errors.ts";
import { withRetry } from "./retry.ts";

export interface CallOptions {
  /** For the whole call with its retries; the connection's default if absent. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
}

export interface ChannelOptions {
  readonly address: string;
  readonly token: string | undefined;
  readonly timeoutMs: number;
}

const MESSAGE_BYTES_MAX = 6 * 1024 * 1024;

export class Channel {
  readonly #grpc: Client;
  readonly #token: string | undefined;
  readonly #timeoutMs: number;

  constructor(options: ChannelOptions) {
    requireLoopback(options.address);
    this.#token = options.token;
    this.#timeoutMs = options.timeoutMs;
    this.#grpc = new Client(options.address, credentials.createInsecure(), {
      "grpc.max_receive_message_length": MESSAGE_BYTES_MAX,
      "grpc.max_send_message_length": MESSAGE_BYTES_MAX,
      "grpc.keepalive_time_ms": 30_000,
      "grpc.keepalive_timeout_ms": 10_000,
      "grpc.enable_channelz": 0,
      // Retries are ours: they know which calls are safe.
      "grpc.enable_retries": 0,
      "grpc.initial_reconnect_backoff_ms": 100,
      "grpc.max_reconnect_backoff_ms": 2_000,
      "grpc.use_local_subchannel_pool": 1,
    });
  }

  /** One request, one answer. Retried only if the method is declared idempotent. */
  async unary<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    request: MessageInitShape<I>,
    options: CallOptions = {},
  ): Promise<MessageShape<O>> {
    const deadlineMs = Date.now() + (options.timeoutMs ?? this.#timeoutMs);
    const message = create(method.input, request);
    const attempt = () => this.#unaryOnce(method, message, deadlineMs, options.signal);
    const safe = method.idempotency !== MethodOptions_IdempotencyLevel.IDEMPOTENCY_UNKNOWN;
    if (!safe) return attempt().catch((cause) => Promise.reject(toClientError(cause)));
    return withRetry(attempt, { deadlineMs, signal: options.signal });
  }

  #unaryOnce<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    message: MessageShape<I>,
    deadlineMs: number,
    signal: AbortSignal | undefined,
  ): Promise<MessageShape<O>> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(cancelled());
      const call = this.#grpc.makeUnaryRequest(
        pathOf(method),
        serializer(method.input),
        deserializer(method.output),
        message,
        this.#metadata(),
        { deadline: deadlineMs },
        (error, answer) => {
          signal?.removeEventListener("abort", onAbort);
          if (error !== null) reject(toClientError(error));
          else if (answer === undefined) reject(noAnswer());
          else resolve(answer);
        },
      );
      const onAbort = () => call.cancel();
      signal?.addEventListener("abort", onAbort, { once: true });
    });
  }

  /** A server stream, read at the caller's speed; leaving the loop cancels the call. */
  async *serverStream<I extends DescMessage, O extends DescMessage>(
    method: DescMethodServerStreaming<I, O>,
    request: MessageInitShape<I>,
    options: CallOptions = {},
  ): AsyncGenerator<MessageShape<O>, void, undefined> {
    const call = this.#grpc.makeServerStreamRequest(
      pathOf(method),
      serializer(method.input),
      deserializer(method.output),
      create(method.input, request),
      this.#metadata(),
      options.timeoutMs === undefined ? {} : { deadline: Date.now() + options.timeoutMs },
    );
    // A cancelled call still emits its error after the loop has gone.
    call.on("error", () => {});
    const onAbort = () => call.cancel();
    if (options.signal?.aborted) onAbort();
    options.signal?.addEventListener("abort", onAbort, { once: true });
    try {
      for await (const message of call) yield message as MessageShape<O>;
    } catch (cause) {
      throw toClientError(cause);
    } finally {
      options.signal?.removeEventListener("abort", onAbort);
      call.cancel();
    }
  }

  bidi<I extends DescMessage, O extends DescMessage>(
    method: DescMethodBiDiStreaming<I, O>,
  ): ClientDuplexStream<MessageShape<I>, MessageShape<O>> {
    return this.#grpc.makeBidiStreamRequest(
      pathOf(method),
      serializer(method.input),
      deserializer(method.output),
      this.#metadata(),
      {},
    );
  }

  get timeoutMs(): number {
    return this.#timeoutMs;
  }

  close(): void {
    this.#grpc.close();
  }

  #metadata(): Metadata {
    const metadata = new Metadata();
    if (this.#token !== undefined) metadata.set("authorization", `Bearer ${this.#token}`);
    return metadata;
  }
}

function pathOf(method: DescMethod): string {
  return `/${method.parent.typeName}/${method.name}`;
}

function serializer<T extends DescMessage>(schema: T): (message: MessageShape<T>) => Buffer {
  return (message) => {
    const bytes = toBinary(schema, message);
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  };
}

function deserializer<T extends DescMessage>(schema: T): (bytes: Uint8Array) => MessageShape<T> {
  return (bytes) => fromBinary(schema, bytes);
}

/** A token must never cross a network in clear text. */
function requireLoopback(address: string): void {
  const host = address.slice(0, Math.max(0, address.lastIndexOf(":")));
  if (host === "localhost" || host === "[::1]" || /^127(\.\d{1,3}){3}$/.test(host)) return;
  if (address.startsWith("unix:")) return;
  throw new ClientError(
    "PLAINTEXT_REFUSED",
    `refuse to call ${address}: without TLS only loopback addresses (host:port) are allowed`,
  );
}

function cancelled(): ClientError {
  return new ClientError("CANCELLED", "cancelled by the caller", { kind: "unavailable" });
}

function noAnswer(): ClientError {
  return new ClientError("PROTOCOL_VIOLATION", "the server ended a call without an answer", {
    kind: "internal",
  });
}
