// Serves protobuf-es services with grpc-js. Handlers are plain functions: a request gives a
// promise of a response, or an async iterable of responses; they throw, and this file reports.
// Requests are decoded here, after the gate, so that nothing of a stranger's is parsed.
import {
  create,
  type DescMessage,
  type DescMethod,
  type DescService,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import type {
  handleUnaryCall,
  Metadata,
  Server,
  ServerDuplexStream,
  ServerWritableStream,
  ServiceDefinition,
  UntypedServiceImplementation,
} from "@grpc/grpc-js";
import { type Principal, StoreError } from "@strongroom/store";
import { readRequests, type StatusReport, writeResponses } from "./streams.ts";

/** One call, as a handler sees it. */
export interface Call {
  /** Throws if the method needs none and there is none. */
  readonly principal: Principal;
  readonly peer: string;
  /** Aborts when the caller is gone, the deadline passed, or the right to go on ended. */
  readonly signal: AbortSignal;
  /** Aborts when the server shuts down: finish what is begun, take nothing new. */
  readonly ending: AbortSignal;
}

/** A response that its handler has encoded itself, where a general encoder would be the bottleneck. */
export class EncodedResponse {
  readonly bytes: Uint8Array;
  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }
}

type Input<M> = M extends { input: infer I extends DescMessage } ? MessageShape<I> : never;
type Output<M> = M extends { output: infer O extends DescMessage } ? MessageInitShape<O> : never;

export type HandlerOf<M> = M extends { methodKind: "unary" }
  ? (request: Input<M>, call: Call) => Promise<Output<M> | EncodedResponse> | Output<M>
  : M extends { methodKind: "server_streaming" }
    ? (request: Input<M>, call: Call) => AsyncIterable<Output<M>>
    : M extends { methodKind: "bidi_streaming" }
      ? (requests: AsyncIterable<Input<M>>, call: Call) => AsyncIterable<Output<M>>
      : never;

export type HandlersOf<S extends DescService> = {
  [N in keyof S["method"]]: HandlerOf<S["method"][N]>;
};

export interface AnyCall {
  readonly metadata: Metadata;
  on(event: "cancelled", listener: () => void): unknown;
}

export interface OpenCall extends Call {
  /** Reports the end: the error, or undefined when it went well. */
  end(error: unknown): void;
}

export interface CallHooks {
  open(method: string, call: AnyCall): OpenCall;
  report(error: unknown): StatusReport;
}

/** Adds a service with all its methods to a grpc-js server. */
export function addService<S extends DescService>(
  server: Server,
  service: S,
  handlers: HandlersOf<S>,
  hooks: CallHooks,
): void {
  const implementation: UntypedServiceImplementation = {};
  for (const method of service.methods) {
    const handler: unknown = handlers[method.localName as keyof S["method"]];
    implementation[method.localName] = bindMethod(method, handler, hooks);
  }
  server.addService(defineService(service), implementation);
}

export function methodName(method: DescMethod): string {
  return `${method.parent.typeName}/${method.name}`;
}

function defineService(service: DescService): ServiceDefinition {
  return Object.fromEntries(
    service.methods.map((method) => [
      method.localName,
      {
        path: `/${methodName(method)}`,
        originalName: method.localName,
        requestStream:
          method.methodKind === "client_streaming" || method.methodKind === "bidi_streaming",
        responseStream:
          method.methodKind === "server_streaming" || method.methodKind === "bidi_streaming",
        requestSerialize: asBuffer,
        requestDeserialize: (bytes: Buffer) => bytes,
        responseSerialize: asBuffer,
        responseDeserialize: (bytes: Buffer) => bytes,
      },
    ]),
  );
}

function bindMethod(method: DescMethod, handler: unknown, hooks: CallHooks) {
  switch (method.methodKind) {
    case "unary":
      return bindUnary(method, handler as UnaryHandler, hooks);
    case "server_streaming":
      return bindServerStream(method, handler as ServerStreamHandler, hooks);
    case "bidi_streaming":
      return bindBidiStream(method, handler as BidiStreamHandler, hooks);
    default:
      throw new Error(`bind ${methodName(method)}: ${method.methodKind} is not served`);
  }
}

type Init = MessageInitShape<DescMessage>;
type UnaryHandler = (
  request: MessageShape<DescMessage>,
  call: Call,
) => Promise<Init | EncodedResponse> | Init;
type ServerStreamHandler = (request: MessageShape<DescMessage>, call: Call) => AsyncIterable<Init>;
type BidiStreamHandler = (
  requests: AsyncIterable<MessageShape<DescMessage>>,
  call: Call,
) => AsyncIterable<Init>;

function bindUnary(
  method: DescMethod,
  handler: UnaryHandler,
  hooks: CallHooks,
): handleUnaryCall<Buffer, Uint8Array> {
  const name = methodName(method);
  return (call, callback) => {
    const open = hooks.open(name, call);
    // Not raced against cancellation: an append goes on to its end, and the units of the limits
    // stay taken as long as the work does.
    const answer = async (): Promise<Uint8Array> => {
      const response = await handler(decode(method.input, call.request), open);
      if (response instanceof EncodedResponse) return response.bytes;
      return encode(method.output, response);
    };
    answer().then(
      (bytes) => {
        open.end(undefined);
        callback(null, bytes);
      },
      (error: unknown) => {
        open.end(error);
        callback(hooks.report(error));
      },
    );
  };
}

function bindServerStream(method: DescMethod, handler: ServerStreamHandler, hooks: CallHooks) {
  const name = methodName(method);
  return (call: ServerWritableStream<Buffer, Uint8Array>): void => {
    const open = hooks.open(name, call);
    const responses = (): AsyncIterable<Uint8Array> =>
      encodeAll(method.output, handler(decode(method.input, call.request), open));
    finish(call, open, hooks, writeResponses(call, responses, open.signal));
  };
}

function bindBidiStream(method: DescMethod, handler: BidiStreamHandler, hooks: CallHooks) {
  const name = methodName(method);
  return (call: ServerDuplexStream<Buffer, Uint8Array>): void => {
    const open = hooks.open(name, call);
    const requests = decodeAll(method.input, readRequests(call));
    const responses = (): AsyncIterable<Uint8Array> =>
      encodeAll(method.output, handler(requests, open));
    finish(call, open, hooks, writeResponses(call, responses, open.signal));
  };
}

function finish(
  call: ServerWritableStream<Buffer, Uint8Array> | ServerDuplexStream<Buffer, Uint8Array>,
  open: OpenCall,
  hooks: CallHooks,
  written: Promise<void>,
): void {
  written.then(
    () => {
      open.end(undefined);
      call.end();
    },
    (error: unknown) => {
      open.end(error);
      if (!call.destroyed) call.emit("error", hooks.report(error));
    },
  );
}

function decode<D extends DescMessage>(schema: D, bytes: Uint8Array): MessageShape<D> {
  try {
    return fromBinary(schema, bytes);
  } catch (cause) {
    const message = `parse ${schema.typeName}: not a valid message`;
    throw new StoreError("INVALID_ARGUMENT", message, { cause });
  }
}

async function* decodeAll<D extends DescMessage>(schema: D, parts: AsyncIterable<Uint8Array>) {
  for await (const part of parts) yield decode(schema, part);
}

function encode(schema: DescMessage, response: Init): Uint8Array {
  return toBinary(schema, create(schema, response));
}

async function* encodeAll(schema: DescMessage, responses: AsyncIterable<Init>) {
  for await (const response of responses) yield encode(schema, response);
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
