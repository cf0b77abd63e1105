// What a transparency log says about an entry, from the answers of both versions of Rekor. Proves
// nothing: verifyAttestation does, once it is a bundle.

import { fromBase64, fromHex } from "../bytes.ts";
import { MalformedError } from "../errors.ts";
import { parseBoundedJson } from "./bounded-json.ts";
import { JsonFields } from "./json-fields.ts";
import type { RekorVersion } from "./rekor-request.ts";

/** An answer holds one entry, a checkpoint and at most 63 hashes. */
export const LOG_ANSWER_BYTES_MAX = 256 * 1024;
const PATH_HASHES_MAX = 63;
const UUID = /^(?:[0-9a-f]{16})?[0-9a-f]{64}$/;

export interface RekorEntry {
  readonly version: RekorVersion;
  /** 32 bytes. */
  readonly logId: Uint8Array;
  /** Of the whole log; with version 1 it may count over several trees. */
  readonly logIndex: bigint;
  readonly canonicalizedBody: Uint8Array;
  /** Seconds; worth nothing without the promise that signs it. Version 1. */
  readonly integratedTimeS?: bigint;
  /** The log's promise (SET). Version 1. */
  readonly signedEntryTimestamp?: Uint8Array;
  readonly proof: {
    /** In the tree of the checkpoint. */
    readonly index: bigint;
    readonly treeSize: bigint;
    readonly rootHash: Uint8Array;
    readonly hashes: readonly Uint8Array[];
    /** The log's checkpoint, a signed note. */
    readonly checkpoint: string;
  };
}

/** The answer to a version 2 submission: TransparencyLogEntry. Throws MALFORMED_LOG_ANSWER. */
export function parseRekorV2Answer(answer: Uint8Array): RekorEntry {
  const entry = parseAnswer(answer);
  const proof = entry.object("inclusionProof");
  return {
    version: 2,
    logId: entry.object("logId").base64("keyId"),
    logIndex: entry.count("logIndex"),
    canonicalizedBody: entry.base64("canonicalizedBody"),
    proof: {
      index: proof.count("logIndex"),
      treeSize: proof.count("treeSize"),
      rootHash: proof.base64("rootHash"),
      hashes: hashesOf(proof, (text) => fromBase64(text, "MALFORMED_LOG_ANSWER")),
      checkpoint: proof.object("checkpoint").text("envelope"),
    },
  };
}

/**
 * The answer to a version 1 submission, or to the GET of what its Location names: one entry under
 * its id. Throws MALFORMED_LOG_ANSWER.
 */
export function parseRekorV1Answer(answer: Uint8Array): RekorEntry {
  const entries = parseAnswer(answer);
  const [uuid, ...others] = entries.names();
  if (uuid === undefined || others.length > 0 || !UUID.test(uuid)) {
    throw new MalformedError("MALFORMED_LOG_ANSWER", "answer does not hold one entry");
  }
  const entry = entries.object(uuid);
  const verification = entry.object("verification");
  const proof = verification.object("inclusionProof");
  return {
    version: 1,
    logId: entry.hex("logID"),
    logIndex: entry.count("logIndex"),
    canonicalizedBody: entry.base64("body"),
    integratedTimeS: entry.count("integratedTime"),
    ...(verification.has("signedEntryTimestamp") && {
      signedEntryTimestamp: verification.base64("signedEntryTimestamp"),
    }),
    proof: {
      index: proof.count("logIndex"),
      treeSize: proof.count("treeSize"),
      rootHash: proof.hex("rootHash"),
      hashes: hashesOf(proof, (text) => fromHex(text, "MALFORMED_LOG_ANSWER")),
      checkpoint: proof.text("checkpoint"),
    },
  };
}

/**
 * The path to GET from the `Location` of a version 1 conflict, an absolute or relative address of
 * an entry. Throws MALFORMED_LOG_ANSWER: nothing else is ever fetched because a log says so.
 */
export function parseRekorV1Location(location: string): string {
  const path = location.replace(/^https?:\/\/[^/]+/, "");
  const [, uuid = ""] = /^\/api\/v1\/log\/entries\/([0-9a-f]+)$/.exec(path) ?? [];
  if (!UUID.test(uuid)) {
    throw new MalformedError("MALFORMED_LOG_ANSWER", "Location does not name an entry");
  }
  return path;
}

function parseAnswer(answer: Uint8Array): JsonFields {
  const json = parseBoundedJson(answer, {
    what: "the log's answer",
    code: "MALFORMED_LOG_ANSWER",
    bytesMax: LOG_ANSWER_BYTES_MAX,
  });
  return new JsonFields(json, "answer", "MALFORMED_LOG_ANSWER");
}

function hashesOf(proof: JsonFields, decode: (text: string) => Uint8Array): Uint8Array[] {
  const hashes = proof.list("hashes");
  if (hashes.length > PATH_HASHES_MAX) {
    throw new MalformedError("MALFORMED_LOG_ANSWER", "inclusion proof has too many hashes");
  }
  return hashes.map((hash) => {
    if (typeof hash !== "string") {
      throw new MalformedError("MALFORMED_LOG_ANSWER", "hash of the inclusion proof is no string");
    }
    return decode(hash);
  });
}
