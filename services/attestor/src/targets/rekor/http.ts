// Requests to one outside server: bounded in time and size, without redirects, and every way in
// which they end has a name.
import { Agent, type Dispatcher, errors } from "undici";

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Uint8Array;
}

/** `never-sent`: it did not reach the server. `unknown`: it may have. */
export class HttpFailure extends Error {
  readonly kind: "never-sent" | "unknown" | "too-large";

  constructor(kind: HttpFailure["kind"], message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = "HttpFailure";
    this.kind = kind;
  }
}

export interface HttpOptions {
  readonly connections: number;
  readonly timeoutMs: number;
  readonly bodyBytesMax: number;
}

export interface HttpRequest {
  readonly method: "GET" | "POST";
  readonly url: string;
  readonly body?: Uint8Array;
  readonly signal: AbortSignal;
}

const CONNECT_TIMEOUT_MS = 10_000;
const NEVER_SENT = new Set([
  "ECONNREFUSED",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
  "EAI_AGAIN",
  "UND_ERR_CONNECT_TIMEOUT",
]);
/** A socket that was kept alive over a restart of the server fails at its first use. */
const STALE_SOCKET = new Set(["UND_ERR_SOCKET", "ECONNRESET", "EPIPE"]);

export class HttpClient {
  readonly #agent: Agent;
  readonly #options: HttpOptions;

  constructor(options: HttpOptions) {
    this.#options = options;
    this.#agent = new Agent({
      connections: options.connections,
      pipelining: 1,
      connect: { timeout: Math.min(CONNECT_TIMEOUT_MS, options.timeoutMs) },
      headersTimeout: options.timeoutMs,
      bodyTimeout: options.timeoutMs,
      maxResponseSize: options.bodyBytesMax,
    });
  }

  /** Throws HttpFailure. A request that met a stale socket is sent once more, byte for byte. */
  async request(request: HttpRequest): Promise<HttpAnswer> {
    const signal = AbortSignal.any([request.signal, AbortSignal.timeout(this.#options.timeoutMs)]);
    try {
      return await this.#once({ ...request, signal });
    } catch (cause) {
      if (signal.aborted || !STALE_SOCKET.has(codeOf(cause))) throw this.#failureOf(cause, signal);
    }
    try {
      return await this.#once({ ...request, signal });
    } catch (cause) {
      throw this.#failureOf(cause, signal);
    }
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  async #once({ method, url, body, signal }: HttpRequest): Promise<HttpAnswer> {
    const { origin, pathname, search } = new URL(url);
    const options: Dispatcher.RequestOptions = {
      ...{ origin, path: pathname + search, method, signal },
      headers: { accept: "application/json", ...(body && { "content-type": "application/json" }) },
      ...(body && { body: Buffer.from(body.buffer, body.byteOffset, body.byteLength) }),
    };
    const { statusCode, headers, body: stream } = await this.#agent.request(options);
    const bytes = new Uint8Array(await stream.arrayBuffer());
    return { status: statusCode, headers, body: bytes };
  }

  #failureOf(cause: unknown, signal: AbortSignal): HttpFailure {
    const code = codeOf(cause);
    if (NEVER_SENT.has(code)) return new HttpFailure("never-sent", `connect: ${code}`, { cause });
    if (cause instanceof errors.ResponseExceededMaxSizeError) {
      return new HttpFailure("too-large", "the answer is too large", { cause });
    }
    const why = signal.aborted ? `no answer within ${this.#options.timeoutMs} ms` : code;
    return new HttpFailure("unknown", why, { cause });
  }
}

function codeOf(cause: unknown): string {
  if (!(cause instanceof Error)) return "failed";
  if ("code" in cause && typeof cause.code === "string") return cause.code;
  return cause.name;
}

/** What `Retry-After` asks for: seconds or a date; undefined if it is neither. */
export function retryAfterMs(headers: HttpAnswer["headers"]): number | undefined {
  const value = headers["retry-after"];
  if (typeof value !== "string") return undefined;
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1000;
  const atMs = Date.parse(value);
  return Number.isNaN(atMs) ? undefined : Math.max(0, atMs - Date.now());
}
