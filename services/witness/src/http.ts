// The HTTP side of C2SP tlog-witness: POST /add-checkpoint, and GET /<hash of origin>/checkpoint for
// monitors and for logs that want to know what is remembered of them.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { addCheckpoint, type WitnessParts } from "./add-checkpoint.ts";
import { hashOrigin } from "./memory.ts";
import { REQUEST_BYTES_MAX } from "./request.ts";
import { Turns } from "./turns.ts";

export interface WitnessHttpOptions {
  readonly parts: WitnessParts;
  readonly connectionsMax: number;
  readonly waitingMax: number;
  onAnswer(status: number): void;
  /** Anything that the request is not to blame for. */
  onError(error: unknown): void;
}

interface Answer {
  readonly status: number;
  readonly body: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

const CHECKPOINT_PATH = /^\/([0-9a-f]{64})\/checkpoint$/;
const TEXT = "text/plain; charset=utf-8";
const RETRY_AFTER_S = "5";

export function createWitnessHttp(options: WitnessHttpOptions): Server {
  const turns = new Turns(options.waitingMax);
  const server = createServer((request, response) => {
    void answer(request, options, turns)
      .catch((error: unknown): Answer => {
        if (error instanceof TooLarge) return { ...plain(413, error.message), headers: closing };
        options.onError(error);
        // Damaged or unwritable memory: nothing was signed, and the log may come again.
        return { ...plain(503, "cannot witness now"), headers: { "retry-after": RETRY_AFTER_S } };
      })
      .then((result) => send(response, result, options));
  });
  server.maxConnections = options.connectionsMax;
  return server;
}

async function answer(
  request: IncomingMessage,
  options: WitnessHttpOptions,
  turns: Turns,
): Promise<Answer> {
  const path = request.url?.split("?", 1)[0] ?? "";
  if (path === "/add-checkpoint") {
    if (request.method !== "POST") return methodRefused("POST");
    return await post(await readBody(request), options, turns);
  }
  const [, originHash] = CHECKPOINT_PATH.exec(path) ?? [];
  if (originHash === undefined) return plain(404, "not found");
  if (request.method !== "GET" && request.method !== "HEAD") return methodRefused("GET, HEAD");
  return await latest(originHash, options.parts);
}

async function post(body: Uint8Array, options: WitnessHttpOptions, turns: Turns): Promise<Answer> {
  const { parts } = options;
  const result = await turns.take(turnOf(body, parts), () => addCheckpoint(body, parts));
  if (result === undefined) {
    return { ...plain(503, "too many wait"), headers: { "retry-after": RETRY_AFTER_S } };
  }
  switch (result.status) {
    case 200:
      return { status: 200, body: result.cosignature };
    case 409:
      return {
        status: 409,
        body: `${result.size}\n`,
        headers: { "content-type": "text/x.tlog.size" },
      };
    default:
      return plain(result.status, result.why);
  }
}

/** A turn for each known log; all others share one, and are refused without touching memory. */
function turnOf(body: Uint8Array, parts: WitnessParts): string {
  const head = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const start = head.indexOf("\n\n") + 2;
  const end = head.indexOf("\n", start);
  const origin = start < 2 || end < 0 ? "" : head.toString("utf8", start, end);
  return parts.logs.has(origin) ? origin : "";
}

/** The newest note of the log with its own lines and ours. */
async function latest(originHash: string, parts: WitnessParts): Promise<Answer> {
  const origin = [...parts.logs.keys()].find((name) => hashOrigin(name) === originHash);
  const remembered = origin === undefined ? undefined : await parts.memory.read(origin);
  if (remembered === undefined) return plain(404, "not found");
  return { status: 200, body: remembered.note };
}

class TooLarge extends Error {}
const closing = { connection: "close" };

async function readBody(request: IncomingMessage): Promise<Uint8Array> {
  const tooLarge = new TooLarge(`request is over ${REQUEST_BYTES_MAX} bytes`);
  if (Number(request.headers["content-length"] ?? 0) > REQUEST_BYTES_MAX) throw tooLarge;
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    length += part.length;
    if (length > REQUEST_BYTES_MAX) throw tooLarge;
    parts.push(part);
  }
  return new Uint8Array(Buffer.concat(parts));
}

function methodRefused(allow: string): Answer {
  return { ...plain(405, "method not allowed"), headers: { allow } };
}

function plain(status: number, why: string): Answer {
  return { status, body: `${why}\n` };
}

function send(response: ServerResponse, result: Answer, options: WitnessHttpOptions): void {
  const { status, body, headers } = result;
  options.onAnswer(status);
  if (response.destroyed) return;
  response.writeHead(status, {
    "content-type": TEXT,
    "content-length": Buffer.byteLength(body),
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    ...headers,
  });
  response.end(response.req.method === "HEAD" ? undefined : body);
}
