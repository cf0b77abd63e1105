// What is sent to Rekor and what it writes into its log for that: both byte for byte known before
// anything is sent, so that the leaf is known too.
import { sha256 } from "#crypto";
import { concatBytes, fromBase64, toBase64, toHex, utf8 } from "../bytes.ts";
import { MalformedError } from "../errors.ts";
import { parseBoundedJson } from "./bounded-json.ts";
import { JsonFields } from "./json-fields.ts";

export type RekorVersion = 1 | 2;

/** The largest that a stored request may be; ours have less than 1 KiB. */
const REQUEST_BYTES_MAX = 16 * 1024;
const PEM_COLUMNS = 64;
const LEAF_PREFIX = Uint8Array.of(0);

export interface RekorRequestFields {
  readonly version: RekorVersion;
  /** The note as first stored. */
  readonly note: Uint8Array;
  /** DER, as signNoteForRekor made it. */
  readonly signature: Uint8Array;
  /** SPKI, DER. */
  readonly publicKeySpki: Uint8Array;
}

export interface RekorRequest {
  /** JSON in UTF-8: what is posted. */
  readonly body: Uint8Array;
  /** What the log will hold. */
  readonly entryBody: Uint8Array;
  /** SHA-256(0x00 ‖ entryBody), 32 bytes. */
  readonly leafHash: Uint8Array;
}

/** A `hashedrekord` over the note. Signs nothing and verifies nothing. */
export function makeRekorRequest(fields: RekorRequestFields): RekorRequest {
  const parts = { ...fields, digest: sha256(fields.note) };
  return finish(parts);
}

export interface ParsedRekorRequest extends RekorRequest {
  readonly version: RekorVersion;
  /** SHA-256 of the note. */
  readonly digest: Uint8Array;
  readonly signature: Uint8Array;
  readonly publicKeySpki: Uint8Array;
}

/** Reads a stored request back. Throws MALFORMED_LOG_ANSWER if it is not one of ours. */
export function parseRekorRequest(body: Uint8Array): ParsedRekorRequest {
  const json = parseBoundedJson(body, {
    what: "stored request",
    code: "MALFORMED_LOG_ANSWER",
    bytesMax: REQUEST_BYTES_MAX,
  });
  const request = new JsonFields(json, "request", "MALFORMED_LOG_ANSWER");
  const parts = request.has("hashedRekordRequestV002") ? partsOfV2(request) : partsOfV1(request);
  const made = finish(parts);
  if (toHex(made.body) !== toHex(body)) {
    throw new MalformedError("MALFORMED_LOG_ANSWER", "stored request is not one of ours");
  }
  return { ...parts, ...made };
}

interface RequestParts {
  readonly version: RekorVersion;
  readonly digest: Uint8Array;
  readonly signature: Uint8Array;
  readonly publicKeySpki: Uint8Array;
}

function finish(parts: RequestParts): RekorRequest {
  const entryBody = entryBodyOf(parts);
  const body = parts.version === 1 ? entryBody : requestV2(parts);
  return { body, entryBody, leafHash: hashEntry(entryBody) };
}

/** What the log holds for a signature by this key over a note of this digest. */
export function entryBodyOf(parts: RequestParts): Uint8Array {
  return parts.version === 1 ? entryV1(parts) : entryV2(parts);
}

/** SHA-256(0x00 ‖ entry body). */
export function hashEntry(entryBody: Uint8Array): Uint8Array {
  return sha256(concatBytes(LEAF_PREFIX, entryBody));
}

// RFC 8785: members in order, no space. Nothing here needs escapes.
function entryV1({ digest, signature, publicKeySpki }: RequestParts): Uint8Array {
  return encode({
    apiVersion: "0.0.1",
    kind: "hashedrekord",
    spec: {
      data: { hash: { algorithm: "sha256", value: toHex(digest) } },
      signature: {
        content: toBase64(signature),
        publicKey: { content: toBase64(utf8(formatPem(publicKeySpki))) },
      },
    },
  });
}

function entryV2({ digest, signature, publicKeySpki }: RequestParts): Uint8Array {
  return encode({
    apiVersion: "0.0.2",
    kind: "hashedrekord",
    spec: {
      hashedRekordV002: {
        data: { algorithm: "SHA2_256", digest: toBase64(digest) },
        signature: {
          content: toBase64(signature),
          verifier: {
            keyDetails: "PKIX_ECDSA_P256_SHA_256",
            publicKey: { rawBytes: toBase64(publicKeySpki) },
          },
        },
      },
    },
  });
}

function requestV2({ digest, signature, publicKeySpki }: RequestParts): Uint8Array {
  return encode({
    hashedRekordRequestV002: {
      digest: toBase64(digest),
      signature: {
        content: toBase64(signature),
        verifier: {
          publicKey: { rawBytes: toBase64(publicKeySpki) },
          keyDetails: "PKIX_ECDSA_P256_SHA_256",
        },
      },
    },
  });
}

function partsOfV2(request: JsonFields): RequestParts {
  const hashed = request.object("hashedRekordRequestV002");
  const signature = hashed.object("signature");
  return {
    version: 2,
    digest: hashed.base64("digest"),
    signature: signature.base64("content"),
    publicKeySpki: signature.object("verifier").object("publicKey").base64("rawBytes"),
  };
}

function partsOfV1(request: JsonFields): RequestParts {
  const spec = request.object("spec");
  const signature = spec.object("signature");
  const pem = new TextDecoder().decode(signature.object("publicKey").base64("content"));
  const der = pem.replaceAll(/-----[A-Z ]+-----|\n/g, "");
  return {
    version: 1,
    digest: spec.object("data").object("hash").hex("value"),
    signature: signature.base64("content"),
    publicKeySpki: fromBase64(der, "MALFORMED_LOG_ANSWER"),
  };
}

function formatPem(spki: Uint8Array): string {
  const base64 = toBase64(spki);
  const lines = base64.match(new RegExp(`.{1,${PEM_COLUMNS}}`, "g")) ?? [];
  return `-----BEGIN PUBLIC KEY-----\n${lines.join("\n")}\n-----END PUBLIC KEY-----\n`;
}

function encode(value: unknown): Uint8Array {
  return utf8(JSON.stringify(value));
}
