// One HTTP request to a target: bounded in time and size, no redirects, and one more try where a
// kept-alive connection had gone before any of the answer came.
import { Agent, type Dispatcher } from "undici";
import type { TargetFailure } from "./target.ts";

export interface HttpTarget {
  /** Throws HttpFailure when no whole answer came. */
  exchange(request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer>;
  close(): Promise<void>;
}

export interface HttpRequest {
  readonly method: "GET" | "POST";
  readonly url: URL;
  readonly body?: Uint8Array;
  readonly contentType?: string;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Uint8Array;
}

/** What was no answer, with what is to happen next. */
export class HttpFailure extends Error {
  override readonly name = "HttpFailure";
  readonly failure: TargetFailure;

  constructor(failure: TargetFailure, options?: { cause?: unknown }) {
    super(failure.message, options);
    this.failure = failure;
  }
}

const connectionsMax = 16;
const messageCharsMax = 300;
const retryAfterMsMax = 86_400_000;

export function createHttpTarget(options: {
  timeoutMs: number;
  answerBytesMax: number;
}): HttpTarget {
  const { timeoutMs, answerBytesMax } = options;
  const agent = new Agent({
    connections: connectionsMax,
    connect: { timeout: Math.min(timeoutMs, 10_000) },
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    maxHeaderSize: 16 * 1024,
  });
  const attempt = async (request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer> => {
    const answer = await agent.request(dispatchOf(request, signal));
    const body = await readBody(answer.body, answerBytesMax);
    return { status: answer.statusCode, headers: flatten(answer.headers), body };
  };
  return {
    exchange: async (request, signal) => {
      const deadline = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
      try {
        return await attempt(request, deadline).catch((error: unknown) => {
          if (codeOf(error) !== "UND_ERR_SOCKET" || deadline.aborted) throw error;
          return attempt(request, deadline);
        });
      } catch (cause) {
        throw httpFailure(request, cause, signal);
      }
    },
    close: () => agent.close(),
  };
}

/** What a refusal by status asks for; undefined for a status that the caller must read itself. */
export function failureOfStatus(answer: HttpAnswer): TargetFailure | undefined {
  const { status } = answer;
  const message = `${status}: ${firstWords(answer.body)}`;
  if (status === 429 || status === 503) {
    const retryAfterMs = parseRetryAfter(answer.headers["retry-after"]);
    const asked = retryAfterMs === undefined ? {} : { retryAfterMs };
    return { kind: "failed", failure: "pushback", message, ...asked };
  }
  if (status >= 500) return { kind: "failed", failure: "retry", message };
  if (status >= 300 || status < 200) return { kind: "failed", failure: "permanent", message };
  return undefined;
}

/** The beginning of what was said, printable, for people. */
export function firstWords(body: Uint8Array): string {
  const said = new TextDecoder().decode(body.subarray(0, 4 * messageCharsMax));
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are the point
  const clean = said.replaceAll(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]+/g, " ");
  return clean.trim().slice(0, messageCharsMax);
}

function parseRetryAfter(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const ms = /^\d{1,9}$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isFinite(ms) ? Math.min(Math.max(0, ms), retryAfterMsMax) : undefined;
}

function dispatchOf(request: HttpRequest, signal: AbortSignal) {
  const { method, url, body, contentType } = request;
  return {
    origin: url.origin,
    path: `${url.pathname}${url.search}`,
    method: method as Dispatcher.HttpMethod,
    signal,
    ...(body === undefined ? {} : { body }),
    ...(contentType === undefined ? {} : { headers: { "content-type": contentType } }),
  };
}

async function readBody(body: AsyncIterable<Uint8Array>, bytesMax: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of body) {
    length += part.length;
    if (length > bytesMax) {
      const message = `answer is over ${bytesMax} bytes`;
      const evidence = new Uint8Array(Buffer.concat(parts));
      throw new HttpFailure({ kind: "failed", failure: "invalid-answer", message, evidence });
    }
    parts.push(part);
  }
  return new Uint8Array(Buffer.concat(parts));
}

function httpFailure(request: HttpRequest, cause: unknown, signal: AbortSignal): HttpFailure {
  if (cause instanceof HttpFailure) return cause;
  const why = signal.aborted ? "stopped" : codeOf(cause) || "failed";
  const message = `${request.method} ${request.url.origin}: ${why}`;
  return new HttpFailure({ kind: "failed", failure: "retry", message }, { cause });
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return "";
  if (error.name === "TimeoutError") return "no answer in time";
  return "code" in error ? String(error.code) : error.name;
}

function flatten(headers: Record<string, string | string[] | undefined>) {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value[0] : value]),
  );
}
