// Batches over AppendStream, answered in order. When the stream breaks, a new one is opened and
// everything unanswered is sent again: appends are idempotent by content id, so nothing is doubled.
import { create } from "@bufbuild/protobuf";
import type { ClientDuplexStream } from "@grpc/grpc-js";
import {
  type AppendStreamRequest,
  AppendStreamRequestSchema,
  type AppendStreamResponse,
  FactService,
  type NewFact,
} from "@strongroom/proto/strongroom/fact/v1/fact_service";
import type { Channel } from "./channel.ts";
import { ClientError, toClientError } from "./errors.ts";
import { backoffMs } from "./retry.ts";

interface Waiting {
  readonly request: AppendStreamRequest;
  readonly resolve: (answer: AppendStreamResponse) => void;
  readonly reject: (error: ClientError) => void;
}

type Stream = ClientDuplexStream<AppendStreamRequest, AppendStreamResponse>;

export class BatchStream {
  readonly #channel: Channel;
  readonly #attemptsMax: number;
  readonly #answerTimeoutMs: number;
  readonly #waiting: Waiting[] = [];
  #stream: Stream | undefined;
  #reopening: NodeJS.Timeout | undefined;
  #watchdog: NodeJS.Timeout | undefined;
  #failures = 0;
  #number = 0;
  #closed = false;

  constructor(channel: Channel, options: { attemptsMax: number; answerTimeoutMs: number }) {
    this.#channel = channel;
    this.#attemptsMax = options.attemptsMax;
    this.#answerTimeoutMs = options.answerTimeoutMs;
  }

  /** Resolves with the answer to this batch. The caller bounds how many are in flight. */
  send(facts: NewFact[], requestId?: string): Promise<AppendStreamResponse> {
    this.#number++;
    const id = requestId ?? `batch-${this.#number}`;
    const request = create(AppendStreamRequestSchema, { facts, requestId: id });
    return new Promise((resolve, reject) => {
      if (this.#closed) return reject(closed());
      this.#waiting.push({ request, resolve, reject });
      if (this.#stream !== undefined) this.#stream.write(request);
      else if (this.#reopening === undefined) this.#open();
      this.#watch();
    });
  }

  /** Ends the stream; batches without an answer fail. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#reopening);
    clearTimeout(this.#watchdog);
    const stream = this.#stream;
    this.#stream = undefined;
    if (stream !== undefined && this.#waiting.length === 0) stream.end();
    else stream?.cancel();
    this.#rejectAll(closed());
  }

  #open(): void {
    this.#reopening = undefined;
    const stream = this.#channel.bidi(FactService.method.appendStream);
    this.#stream = stream;
    stream.on("data", (answer: AppendStreamResponse) => {
      if (this.#stream === stream) this.#answered(answer);
    });
    stream.on("error", (cause) => {
      if (this.#stream === stream) this.#broken(toClientError(cause));
    });
    stream.on("end", () => {
      if (this.#stream === stream) this.#broken(ended());
    });
    for (const { request } of this.#waiting) stream.write(request);
  }

  #answered(answer: AppendStreamResponse): void {
    const [oldest] = this.#waiting;
    if (oldest === undefined || answer.requestId !== oldest.request.requestId) {
      this.#fail(
        new ClientError("PROTOCOL_VIOLATION", "the server answered out of order", {
          kind: "internal",
        }),
      );
      return;
    }
    this.#failures = 0;
    this.#waiting.shift();
    this.#watch();
    oldest.resolve(answer);
  }

  #broken(error: ClientError): void {
    this.#stream = undefined;
    if (this.#waiting.length === 0) return;
    this.#failures++;
    if (!error.retryable || this.#failures >= this.#attemptsMax) {
      this.#rejectAll(error);
      return;
    }
    this.#reopening = setTimeout(() => this.#open(), backoffMs(this.#failures));
  }

  #fail(error: ClientError): void {
    const stream = this.#stream;
    this.#stream = undefined;
    stream?.cancel();
    this.#rejectAll(error);
  }

  #watch(): void {
    clearTimeout(this.#watchdog);
    if (this.#waiting.length === 0) return;
    this.#watchdog = setTimeout(() => {
      const message = `no answer to a batch within ${this.#answerTimeoutMs} ms`;
      this.#fail(new ClientError("DEADLINE", message, { kind: "unavailable" }));
    }, this.#answerTimeoutMs);
  }

  #rejectAll(error: ClientError): void {
    clearTimeout(this.#watchdog);
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }
}

function ended(): ClientError {
  return new ClientError("UNAVAILABLE", "the server ended the stream", {
    kind: "unavailable",
    retryable: true,
  });
}

function closed(): ClientError {
  return new ClientError("CLIENT_CLOSED", "the stream is closed", { kind: "unavailable" });
}
