// Sigstore bundle v0.3 over a checkpoint note, with a public key hint: the stored attestation.
import { type Bundle, type BundleWithPublicKey, bundleFromJSON } from "@sigstore/bundle";
import { HashAlgorithm } from "@sigstore/protobuf-specs";
import { sha256 } from "#crypto";
import { toBase64, utf8 } from "../bytes.ts";
import { parseDecimal } from "../checkpoint.ts";
import { MalformedError } from "../errors.ts";
import { parseBoundedJson } from "./bounded-json.ts";
import type { RekorEntry } from "./rekor-entry.ts";
import { parseRekorRequest } from "./rekor-request.ts";

export const BUNDLE_BYTES_MAX = 256 * 1024;
const MEDIA_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json";
const TIMESTAMPS_MAX = 4;
const SHA256_BYTES = 32;

export interface BundleParts {
  /** The stored request, as it was sent. */
  readonly request: Uint8Array;
  /** What the log answered, or what was rebuilt from its tiles. */
  readonly entry: RekorEntry;
  /** RFC 3161 tokens over the signature, for logs that sign no time. */
  readonly timestamps?: readonly Uint8Array[];
}

/** JSON in UTF-8. Verifies nothing. Throws MALFORMED_LOG_ANSWER for a request not of ours. */
export function makeBundle({ request, entry, timestamps = [] }: BundleParts): Uint8Array {
  const { digest, signature, publicKeySpki } = parseRekorRequest(request);
  const bundle = {
    mediaType: MEDIA_TYPE,
    verificationMaterial: {
      publicKey: { hint: toBase64(sha256(publicKeySpki)) },
      tlogEntries: [entryJson(entry)],
      ...(timestamps.length > 0 && {
        timestampVerificationData: {
          rfc3161Timestamps: timestamps.map((token) => ({ signedTimestamp: toBase64(token) })),
        },
      }),
    },
    messageSignature: {
      messageDigest: { algorithm: "SHA2_256", digest: toBase64(digest) },
      signature: toBase64(signature),
    },
  };
  return utf8(JSON.stringify(bundle));
}

function entryJson(entry: RekorEntry): unknown {
  const { proof, signedEntryTimestamp } = entry;
  return {
    logIndex: String(entry.logIndex),
    logId: { keyId: toBase64(entry.logId) },
    kindVersion: { kind: "hashedrekord", version: entry.version === 1 ? "0.0.1" : "0.0.2" },
    // Version 2 gives no time, and what it might claim is signed by nobody.
    ...(signedEntryTimestamp && {
      integratedTime: String(entry.integratedTimeS ?? 0n),
      inclusionPromise: { signedEntryTimestamp: toBase64(signedEntryTimestamp) },
    }),
    inclusionProof: {
      logIndex: String(proof.index),
      rootHash: toBase64(proof.rootHash),
      treeSize: String(proof.treeSize),
      hashes: proof.hashes.map(toBase64),
      checkpoint: { envelope: proof.checkpoint },
    },
    canonicalizedBody: toBase64(entry.canonicalizedBody),
  };
}

/** A bundle of the one shape that attestations have. */
export interface AttestationBundle {
  readonly sigstore: Bundle;
  readonly hint: string;
  readonly digest: Uint8Array;
  readonly signature: Uint8Array;
  readonly entry: RekorEntry;
  readonly timestampCount: number;
}

/** Proves nothing. Throws MALFORMED_BUNDLE, LIMIT_EXCEEDED above 256 KiB or 16 levels. */
export function parseBundle(bundleJson: Uint8Array): AttestationBundle {
  const json = parseBoundedJson(bundleJson, {
    what: "bundle",
    code: "MALFORMED_BUNDLE",
    bytesMax: BUNDLE_BYTES_MAX,
  });
  const sigstore = decode(json);
  if (sigstore.mediaType !== MEDIA_TYPE) throw malformed("is not of version 0.3");
  const { content, verificationMaterial: material } = sigstore;
  if (content.$case !== "messageSignature") throw malformed("does not sign a message");
  const { messageDigest, signature } = content.messageSignature;
  if (messageDigest.algorithm !== HashAlgorithm.SHA2_256) throw malformed("is not of SHA-256");
  if (messageDigest.digest.length !== SHA256_BYTES) throw malformed("digest is not 32 bytes");
  if (material.content.$case !== "publicKey") throw malformed("does not name a public key");
  const timestamps = material.timestampVerificationData?.rfc3161Timestamps ?? [];
  if (timestamps.length > TIMESTAMPS_MAX) throw malformed("has more than four time stamps");
  return {
    sigstore,
    hint: material.content.publicKey.hint,
    digest: messageDigest.digest,
    signature,
    entry: parseEntry(material),
    timestampCount: timestamps.length,
  };
}

function decode(json: unknown): Bundle {
  try {
    return bundleFromJSON(json);
  } catch (cause) {
    throw new MalformedError("MALFORMED_BUNDLE", "bundle is not a Sigstore bundle", { cause });
  }
}

// Exactly one: several entries are several attestations, and must not lend each other their times.
function parseEntry({
  tlogEntries,
}: BundleWithPublicKey["verificationMaterial"] | Bundle["verificationMaterial"]): RekorEntry {
  const [entry, ...others] = tlogEntries;
  if (!entry || others.length > 0) throw malformed("does not hold exactly one log entry");
  const { kindVersion, inclusionProof, inclusionPromise, logId } = entry;
  if (kindVersion.kind !== "hashedrekord") throw malformed("entry is not a hashedrekord");
  const isV1 = kindVersion.version === "0.0.1";
  if (!isV1 && kindVersion.version !== "0.0.2") throw malformed("entry is of an unknown version");
  if (!inclusionProof?.checkpoint) throw malformed("entry has no inclusion proof");
  return {
    version: isV1 ? 1 : 2,
    logId: logId.keyId,
    logIndex: countOf(entry.logIndex),
    canonicalizedBody: entry.canonicalizedBody,
    ...(inclusionPromise && {
      integratedTimeS: countOf(entry.integratedTime),
      signedEntryTimestamp: inclusionPromise.signedEntryTimestamp,
    }),
    proof: {
      index: countOf(inclusionProof.logIndex),
      treeSize: countOf(inclusionProof.treeSize),
      rootHash: inclusionProof.rootHash,
      hashes: inclusionProof.hashes,
      checkpoint: inclusionProof.checkpoint.envelope,
    },
  };
}

function countOf(digits: string): bigint {
  const count = parseDecimal(digits);
  if (count === undefined) throw malformed("has a number that is not one below 2^63");
  return count;
}

function malformed(why: string): MalformedError {
  return new MalformedError("MALFORMED_BUNDLE", `bundle ${why}`);
}
