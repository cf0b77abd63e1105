// Version 1 over HTTP: one port for everything.
import { createPublicKey } from "node:crypto";
import { answerV1, entriesV1, uuidOf } from "./answers.ts";
import { entryOfV1Request } from "./entry-v1.ts";
import type { Fault } from "./faults.ts";
import { RefusedEntry } from "./refused-entry.ts";
import type { RekorLog } from "./rekor-log.ts";
import { json, type Reply, type Request } from "./reply.ts";

const ENTRIES = "/api/v1/log/entries";

export async function routeV1(log: RekorLog, request: Request, fault?: Fault): Promise<Reply> {
  const { method, path, query } = request;
  if (method === "POST" && path === ENTRIES) return submit(log, request, fault);
  if (method === "POST" && path === "/api/v1/index/retrieve") return retrieve(log, request);
  if (method !== "GET") return refusal(405, `method ${method} is not allowed`);
  if (path === "/api/v1/log") return head(log);
  if (path === "/api/v1/log/publicKey") return { status: 200, body: log.key.publicKeyPem };
  if (path === "/api/v1/log/proof") return consistency(log, query);
  if (path === ENTRIES) return entryAt(log, Number(query.get("logIndex")), fault);
  if (path.startsWith(`${ENTRIES}/`)) return entryOf(log, path.slice(ENTRIES.length + 1), fault);
  return refusal(404, `path ${path} was not found`);
}

async function submit(log: RekorLog, request: Request, fault?: Fault): Promise<Reply> {
  if (fault?.kind === "frozen") return refusal(405, "This log has been frozen");
  if (fault?.kind === "pushback") return refusal(503, "service unavailable");
  const type = String(request.headers["content-type"] ?? "");
  if (!type.startsWith("application/json")) return refusal(415, `unsupported media type ${type}`);
  try {
    const body = entryOfV1Request(request.body);
    const { index, isDuplicate } = await log.add(body);
    const location = `${ENTRIES}/${uuidOf(log, body)}`;
    if (isDuplicate) return duplicate(uuidOf(log, body), location);
    return json(201, answerV1(log, index, fault), { location });
  } catch (error) {
    if (error instanceof RefusedEntry) return refusal(error.status, error.message);
    throw error;
  }
}

function duplicate(uuid: string, location: string): Reply {
  const message = `an equivalent entry already exists in the transparency log with UUID ${uuid}`;
  const reply = refusal(409, message);
  return { ...reply, headers: { ...reply.headers, location } };
}

function entryOf(log: RekorLog, id: string, fault?: Fault): Reply {
  const hash = /^(?:[0-9a-f]{16})?([0-9a-f]{64})$/.exec(id)?.[1];
  if (hash === undefined) return refusal(422, "entryUUID in path should match the pattern");
  return entryAt(log, log.tree.indexOf(hash) ?? -1, fault);
}

function entryAt(log: RekorLog, index: number, fault?: Fault): Reply {
  const isThere = Number.isInteger(index) && index >= 0 && index < log.checkpoint.size;
  if (!isThere || fault?.kind === "missing") return refusal(404, "entry not found");
  return json(200, entriesV1(log, index, fault));
}

function head(log: RekorLog): Reply {
  const { size, envelope } = log.checkpoint;
  return json(200, {
    inactiveShards: [],
    rootHash: Buffer.from(log.tree.root(size)).toString("hex"),
    signedTreeHead: envelope,
    treeID: String(log.treeId),
    treeSize: size,
  });
}

function consistency(log: RekorLog, query: URLSearchParams): Reply {
  const from = Number(query.get("firstSize") ?? 1);
  const to = Number(query.get("lastSize"));
  if (!(from >= 1 && from <= to && to <= log.checkpoint.size)) {
    return refusal(400, `firstSize(${from}) must be less than or equal to lastSize(${to})`);
  }
  const hashes = log.tree.consistency(from, to).map((hash) => Buffer.from(hash).toString("hex"));
  return json(200, { hashes, rootHash: Buffer.from(log.tree.root(to)).toString("hex") });
}

/** Ids of the entries of a key or a hash, each once. */
function retrieve(log: RekorLog, request: Request): Reply {
  const asked = JSON.parse(request.body.toString("utf8")) as {
    hash?: string;
    publicKey?: { content?: string };
  };
  const hash = asked.hash?.replace(/^sha256:/, "");
  const key = asked.publicKey?.content === undefined ? undefined : pemOf(asked.publicKey.content);
  const found = log.tree.bodies.filter((body) => {
    const { data, signature } = JSON.parse(body.toString("utf8")).spec ?? {};
    return (
      (hash !== undefined && data?.hash?.value === hash) ||
      (key !== undefined && signature?.publicKey?.content === key)
    );
  });
  return json(200, [...new Set(found.map((body) => uuidOf(log, body)))]);
}

function pemOf(content: string): string {
  const key = createPublicKey(Buffer.from(content, "base64"));
  return Buffer.from(key.export({ format: "pem", type: "spki" })).toString("base64");
}

function refusal(code: number, message: string): Reply {
  return json(code, { code, message });
}
