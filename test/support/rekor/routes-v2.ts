// Version 2 over HTTP: one port that writes, another that serves checkpoint and tiles.
import { parseTilePath } from "@strongroom/protocol";
import { answerV2 } from "./answers.ts";
import { entryOfV2Request } from "./entry-v2.ts";
import type { Fault } from "./faults.ts";
import { LogKey } from "./log-key.ts";
import { RefusedEntry } from "./refused-entry.ts";
import type { RekorLog } from "./rekor-log.ts";
import { json, type Reply, type Request } from "./reply.ts";

const BODY_BYTES_MAX = 4 * 1024 * 1024;
const PREFIX = "/api/v2";
/** Of google.rpc.Code, as the real one names them beside the HTTP status. */
const rpcCodes: Readonly<Record<number, number>> = {
  400: 3,
  404: 5,
  409: 6,
  500: 13,
  501: 12,
  503: 14,
};

export async function writeV2(log: RekorLog, request: Request, fault?: Fault): Promise<Reply> {
  const { method, path, body } = request;
  if (path === "/healthz") return json(200, { status: "SERVING" });
  if (path !== `${PREFIX}/log/entries`) {
    const isRead = path === `${PREFIX}/checkpoint` || path.startsWith(`${PREFIX}/tile/`);
    return isRead ? refusal(501, "method not implemented") : refusal(404, "Not Found");
  }
  if (method !== "POST") return refusal(501, "Method Not Allowed");
  if (fault?.kind === "frozen") {
    const text = "This log has been frozen, please switch to the latest log.\n";
    return { status: 405, headers: { "content-type": "text/plain" }, body: text };
  }
  if (fault?.kind === "pushback") return refusal(503, "reached max pushback; retry");
  if (body.length > BODY_BYTES_MAX) return refusal(400, "http: request body too large");
  try {
    const { index, isDuplicate } = await log.add(entryOfV2Request(body));
    if (isDuplicate) return duplicate(index);
    return json(201, answerV2(log, index, fault));
  } catch (error) {
    if (error instanceof RefusedEntry) return refusal(error.status, error.message);
    throw error;
  }
}

/** What any static server over its folder gives. */
export function readV2(log: RekorLog, { method, path }: Request, fault?: Fault): Reply {
  if (method !== "GET" || !path.startsWith(PREFIX)) return { status: 404, body: "not found\n" };
  const rest = path.slice(PREFIX.length);
  if (rest === "/checkpoint") {
    const body = checkpointOf(log, fault);
    return { status: 200, headers: { "content-type": "text/plain" }, body };
  }
  const bytes = fault?.kind === "missing" ? undefined : tileOf(log, rest);
  if (bytes === undefined) return { status: 404, body: "not found\n" };
  if (fault?.kind === "wrong-proof") bytes.fill(0);
  return { status: 200, headers: { "content-type": "application/octet-stream" }, body: bytes };
}

// Partial tiles stay readable only until the full one exists, which the specification allows.
function tileOf(log: RekorLog, path: string): Buffer | undefined {
  try {
    const { level, n, width } = parseTilePath(path);
    const { size } = log.checkpoint;
    const isReplaced = width < 256 && fullTileExists(level === "entries" ? 0 : level, n, size);
    if (isReplaced) return undefined;
    if (level === "entries") return log.tree.entryTile(n, width, size);
    return log.tree.hashTile({ level, n, width }, size);
  } catch {
    return undefined;
  }
}

function fullTileExists(level: number, n: number, size: number): boolean {
  return Math.floor(size / 256 ** (level + 1)) > n;
}

function checkpointOf(log: RekorLog, fault: Fault | undefined): string {
  if (fault?.kind === "stale-checkpoint") return log.published[0]?.envelope ?? "";
  if (fault?.kind !== "wrong-log-key") return log.checkpoint.envelope;
  return log.signCheckpoint(log.checkpoint.size, new LogKey(2, log.key.hostname));
}

function duplicate(index: number): Reply {
  const message = `an equivalent entry already exists in the transparency log with index ${index}`;
  const reply = refusal(409, message);
  return { ...reply, headers: { ...reply.headers, "x-log-index": String(index) } };
}

function refusal(status: number, message: string): Reply {
  return json(status, { code: rpcCodes[status] ?? 2, message, details: [] });
}
