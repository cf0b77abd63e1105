// The read path of C2SP tlog-tiles over plain HTTP: checkpoint, tiles of hashes, tiles of the
// 114-byte leaves. Nothing but GET, nothing beyond the signed head, no content of any fact.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { parseTilePath, TILE_WIDTH } from "@strongroom/protocol";
import {
  type Address,
  closeHttpServer,
  formatAddress,
  isLoopback,
  type Logger,
  listenHttp,
  RuntimeError,
} from "@strongroom/runtime";
import { type Principal, type Store, toStoreError } from "@strongroom/store";
import { hasRole } from "./access.ts";

export interface TilesServerOptions {
  store: Store;
  listen: Address;
  /** Answer anybody; otherwise an auditor's token is needed. */
  isPublic: boolean;
  authenticate(token: string): Principal | undefined;
  logger: Logger;
}

export interface TilesServer {
  readonly address: Address;
  close(): Promise<void>;
}

type Tile = ReturnType<typeof parseTilePath>;

interface Answer {
  status: number;
  contentType: string;
  cacheControl: string;
  body: Uint8Array | string;
}

const connectionsMax = 512;
const textType = "text/plain; charset=utf-8";

/** Throws ADDRESS_REFUSED where an auditor's token would travel in clear. */
export async function startTilesServer(options: TilesServerOptions): Promise<TilesServer> {
  const { listen, isPublic } = options;
  if (!isPublic && !isLoopback(listen.host)) {
    const where = formatAddress(listen);
    const message = `listen on ${where}: tiles that need a token are served on loopback only`;
    throw new RuntimeError("ADDRESS_REFUSED", message);
  }
  const server = createServer((request, response) => {
    answer(request, options).then(
      (result) => send(response, result, options),
      (error: unknown) => {
        options.logger.error({ err: error }, "tiles request failed");
        send(response, refusal(500, "internal error"), options);
      },
    );
  });
  server.maxConnections = connectionsMax;
  const address = await listenHttp(server, listen);
  return { address, close: () => closeHttpServer(server) };
}

async function answer(request: IncomingMessage, options: TilesServerOptions): Promise<Answer> {
  if (request.method !== "GET" && request.method !== "HEAD") return refusal(405, "only GET");
  const refused = options.isPublic ? undefined : authorise(request, options);
  if (refused) return refused;
  const path = request.url ?? "";
  if (path === "/checkpoint") {
    // Never cached: a stale head looks like a log that stands still.
    const body = options.store.head().note;
    return { status: 200, contentType: textType, cacheControl: "no-cache", body };
  }
  const tile = findTile(path);
  return tile === undefined ? refusal(404, "not found") : await readTile(tile, options);
}

function authorise(request: IncomingMessage, options: TilesServerOptions): Answer | undefined {
  const match = /^Bearer ([\x21-\x7e]{1,512})$/i.exec(request.headers.authorization ?? "");
  const principal = match?.[1] === undefined ? undefined : options.authenticate(match[1]);
  if (principal === undefined) return refusal(401, "token needed");
  return hasRole(principal, ["auditor"]) ? undefined : refusal(403, "role auditor needed");
}

function findTile(path: string): Tile | undefined {
  try {
    return parseTilePath(path);
  } catch {
    return undefined;
  }
}

/** A partial tile stays readable after it filled up, so no client has to fall back. */
async function readTile(tile: Tile, options: TilesServerOptions): Promise<Answer> {
  if (!isWithin(tile, options.store.head().size)) return refusal(404, "not found");
  try {
    const body = await options.store.tile(tile);
    const reach = options.isPublic ? "public" : "private";
    const cacheControl = `${reach}, max-age=31536000, immutable`;
    return { status: 200, contentType: "application/octet-stream", cacheControl, body };
  } catch (error) {
    const { code } = toStoreError(error);
    if (code === "NOT_FOUND") return refusal(404, "not found");
    if (code === "STORE_CLOSED" || code === "UNAVAILABLE") return refusal(503, "come again");
    throw error;
  }
}

/** Only what the newest signed head covers is served. */
function isWithin(tile: Tile, size: number): boolean {
  const level = tile.level === "entries" ? 0 : tile.level;
  const hashes = Math.floor(size / TILE_WIDTH ** level);
  return tile.n * TILE_WIDTH + tile.width <= hashes;
}

function refusal(status: number, why: string): Answer {
  return { status, contentType: textType, cacheControl: "no-store", body: `${why}\n` };
}

function send(response: ServerResponse, result: Answer, options: TilesServerOptions): void {
  const { status, contentType, cacheControl, body } = result;
  response.writeHead(status, {
    "content-type": contentType,
    "content-length": Buffer.byteLength(body),
    "cache-control": cacheControl,
    "x-content-type-options": "nosniff",
    ...(status === 401 ? { "www-authenticate": "Bearer" } : {}),
    ...(status === 405 ? { allow: "GET, HEAD" } : {}),
    // Public tiles are for every verifier, also one in a browser.
    ...(options.isPublic ? { "access-control-allow-origin": "*" } : {}),
  });
  response.end(response.req.method === "HEAD" ? undefined : body);
}
