// Version 1: its own consistency proofs, and its search index for entries of our key. The index is
// signed by nobody: a log that hides entries from it is not found out here.
import {
  equalBytes,
  fromHex,
  toBase64,
  utf8,
  verifyConsistency,
  verifyInclusion,
} from "@strongroom/protocol";
import {
  findEntryOfKey,
  hashEntry,
  type LogCheckpoint,
  parseRekorV1Answer,
  verifyLogCheckpoint,
} from "@strongroom/protocol/attestation";
import { checkGrowth, type FollowedLog, type Progress } from "./followed-log.ts";
import { type LogReader, unavailable } from "./log-reader.ts";
import type { FoundEntry, LogState } from "./monitor-state.ts";

export async function followV1(log: FollowedLog, last: LogState | undefined): Promise<Progress> {
  const { reader, trust } = log;
  const { signedTreeHead } = await readJson<{ signedTreeHead: string }>(reader, "/api/v1/log");
  const head = verifyLogCheckpoint(signedTreeHead, trust);
  await checkGrowth(last, signedTreeHead, (from, to) => proveGrowth(reader, from, to));
  const seen = new Set(last?.seen);
  const found: FoundEntry[] = [];
  for (const spki of trust.attestationKeys) {
    for (const uuid of await idsOf(reader, spki)) {
      if (seen.has(uuid)) continue;
      seen.add(uuid);
      found.push(await readEntry(log, uuid));
    }
  }
  return { checkpoint: signedTreeHead, nextIndex: head.size, found };
}

async function proveGrowth(reader: LogReader, from: LogCheckpoint, to: LogCheckpoint) {
  // Version 1 proves nothing from an empty tree, nor need it.
  const isTrivial = from.size === 0n || from.size === to.size;
  const path = `/api/v1/log/proof?firstSize=${from.size}&lastSize=${to.size}`;
  const { hashes } = isTrivial
    ? { hashes: [] }
    : await readJson<{ hashes: readonly string[] }>(reader, path);
  verifyConsistency({
    fromSize: from.size,
    fromRoot: from.root,
    toSize: to.size,
    toRoot: to.root,
    proof: hashes.map((hash) => fromHex(hash)),
  });
}

async function idsOf(reader: LogReader, spki: Uint8Array): Promise<readonly string[]> {
  const lines = toBase64(spki).match(/.{1,64}/g) ?? [];
  const pem = `-----BEGIN PUBLIC KEY-----\n${lines.join("\n")}\n-----END PUBLIC KEY-----\n`;
  const publicKey = { format: "x509", content: toBase64(utf8(pem)) };
  const path = "/api/v1/index/retrieve";
  const ids = decode<unknown>(reader, path, await reader.post(path, { publicKey }));
  const isList = Array.isArray(ids) && ids.every((id) => /^[0-9a-f]{64,80}$/.test(String(id)));
  if (!isList) throw unavailable(reader.url, path, "no list of entries");
  return ids as readonly string[];
}

async function readEntry({ reader, trust }: FollowedLog, uuid: string): Promise<FoundEntry> {
  const path = `/api/v1/log/entries/${uuid}`;
  const answer = await reader.get(path);
  if (answer === undefined) throw unavailable(reader.url, path, "not found");
  const { canonicalizedBody, logIndex, proof } = parseRekorV1Answer(answer);
  const leafHash = hashEntry(canonicalizedBody);
  if (!equalBytes(leafHash, fromHex(uuid.slice(-64)))) {
    throw unavailable(reader.url, path, "another entry");
  }
  const { size, root } = verifyLogCheckpoint(proof.checkpoint, trust);
  verifyInclusion({ leafHash, index: proof.index, size, proof: proof.hashes, root });
  const entry = findEntryOfKey(canonicalizedBody, trust.attestationKeys) ?? {};
  return { logIndex: String(logIndex), uuid, ...entry };
}

async function readJson<T>(reader: LogReader, path: string): Promise<T> {
  return decode<T>(reader, path, await reader.get(path));
}

function decode<T>(reader: LogReader, path: string, bytes: Uint8Array | undefined): T {
  try {
    return JSON.parse(new TextDecoder().decode(bytes)) as T;
  } catch (cause) {
    throw unavailable(reader.url, path, "not JSON", cause);
  }
}
