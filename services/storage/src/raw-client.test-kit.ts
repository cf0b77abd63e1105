// A gRPC client for tests that can also say wrong things: no token, two tokens, any bytes.
import {
  create,
  type DescMethod,
  type DescMethodBiDiStreaming,
  type DescMethodServerStreaming,
  type DescMethodUnary,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import { anyUnpack } from "@bufbuild/protobuf/wkt";
import {
  type CallOptions,
  Client,
  type ClientDuplexStream,
  type ClientReadableStream,
  credentials,
  Metadata,
  type ServiceError,
} from "@grpc/grpc-js";
import {
  type ErrorInfo,
  ErrorInfoSchema,
  RetryInfoSchema,
} from "@strongroom/proto/google/rpc/error_details";
import { StatusSchema } from "@strongroom/proto/google/rpc/status";
import { type Address, formatAddress } from "@strongroom/runtime";
import { methodName } from "./grpc/adapter.ts";

export interface CallInit {
  /** Default: the client's token. */
  authorization?: string[];
  deadlineMs?: number;
}

const identity = (bytes: Buffer): Buffer => bytes;
const channelOptions = { "grpc.max_receive_message_length": -1, "grpc.enable_retries": 0 };

export class RawClient {
  readonly client: Client;
  readonly token: string | undefined;

  constructor(address: Address, token?: string) {
    const insecure = credentials.createInsecure();
    this.client = new Client(formatAddress(address), insecure, channelOptions);
    this.token = token;
  }

  async unary<M extends DescMethodUnary>(
    method: M,
    request: MessageInitShape<M["input"]>,
    init: CallInit = {},
  ): Promise<MessageShape<M["output"]>> {
    const bytes = toBinary(method.input, create(method.input, request));
    return decode(method, await this.unaryBytes(method, bytes, init));
  }

  unaryBytes(method: DescMethod, bytes: Uint8Array, init: CallInit = {}): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      this.client.makeUnaryRequest(
        `/${methodName(method)}`,
        identity,
        identity,
        Buffer.from(bytes),
        this.#metadata(init),
        toOptions(init),
        (error, value) => (error ? reject(error) : resolve(value ?? Buffer.alloc(0))),
      );
    });
  }

  serverStream<M extends DescMethodServerStreaming>(
    method: M,
    request: MessageInitShape<M["input"]>,
    init: CallInit = {},
  ): ClientReadableStream<MessageShape<M["output"]>> {
    return this.client.makeServerStreamRequest(
      `/${methodName(method)}`,
      identity,
      (part: Buffer) => decode(method, part),
      Buffer.from(toBinary(method.input, create(method.input, request))),
      this.#metadata(init),
      toOptions(init),
    );
  }

  bidiStream<M extends DescMethodBiDiStreaming>(
    method: M,
    init: CallInit = {},
  ): ClientDuplexStream<MessageInitShape<M["input"]>, MessageShape<M["output"]>> {
    return this.client.makeBidiStreamRequest(
      `/${methodName(method)}`,
      (value: MessageInitShape<M["input"]>) =>
        Buffer.from(toBinary(method.input, create(method.input, value))),
      (part: Buffer) => decode(method, part),
      this.#metadata(init),
      toOptions(init),
    );
  }

  close(): void {
    this.client.close();
  }

  #metadata(init: CallInit): Metadata {
    const metadata = new Metadata();
    const own = this.token === undefined ? [] : [`Bearer ${this.token}`];
    for (const value of init.authorization ?? own) metadata.add("authorization", value);
    return metadata;
  }
}

function decode<M extends DescMethod>(method: M, bytes: Buffer): MessageShape<M["output"]> {
  return fromBinary<M["output"]>(method.output, bytes);
}

function toOptions(init: CallInit): CallOptions {
  return init.deadlineMs === undefined ? {} : { deadline: Date.now() + init.deadlineMs };
}

export interface Failure {
  status: number;
  /** Empty where the library answered, not the service. */
  reason: string;
  metadata: Readonly<Record<string, string>>;
  retryMs: number | undefined;
}

/** What a call failed with; throws if it did not. */
export async function failureOf(call: Promise<unknown>): Promise<Failure> {
  try {
    await call;
  } catch (error) {
    return toFailure(error as ServiceError);
  }
  throw new Error("expected the call to fail");
}

export function toFailure(error: ServiceError): Failure {
  const [bytes] = error.metadata?.get("grpc-status-details-bin") ?? [];
  const details = bytes ? fromBinary(StatusSchema, bytes as Buffer).details : [];
  let info: ErrorInfo | undefined;
  let retryMs: number | undefined;
  for (const detail of details) {
    info ??= anyUnpack(detail, ErrorInfoSchema);
    const delay = anyUnpack(detail, RetryInfoSchema)?.retryDelay;
    if (delay) retryMs = Number(delay.seconds) * 1000 + delay.nanos / 1e6;
  }
  const metadata = info?.metadata ?? {};
  return { status: error.code, reason: info?.reason ?? "", metadata, retryMs };
}

/** Everything a stream answers, until its end. Rejects with what it failed with. */
export async function collect<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of stream) all.push(item);
  return all;
}
