// What Rekor 2 takes and what it writes for it, as rekor-tiles 2.3.0 was seen to do.
import { RefusedEntry } from "./refused-entry.ts";
import { decodePublicKey, isP256, isSignedDigest } from "./signed-digest.ts";

interface HashedRekordRequest {
  readonly digest?: unknown;
  readonly signature?: {
    readonly content?: unknown;
    readonly verifier?: {
      readonly publicKey?: { readonly rawBytes?: unknown };
      readonly keyDetails?: unknown;
    };
  };
}

const FIELDS: Readonly<Record<string, readonly string[]>> = {
  "": ["hashedRekordRequestV002", "dsseRequestV002"],
  hashedRekordRequestV002: ["digest", "signature"],
  signature: ["content", "verifier"],
  verifier: ["publicKey", "x509Certificate", "keyDetails"],
  publicKey: ["rawBytes"],
};
const ONEOF_ARMS = new Set([
  "hashedRekordRequestV002",
  "dsseRequestV002",
  "publicKey",
  "x509Certificate",
]);
const KNOWN_KEY_DETAILS = /^(PKIX|PKCS1|LMS|LMOTS|ML_DSA)_/;

/** The entry's canonical body. Throws RefusedEntry with the status of the real one. */
export function entryOfV2Request(request: Buffer): Buffer {
  const json = parse(request);
  checkFields(json, "");
  const hashed = json.hashedRekordRequestV002 as HashedRekordRequest | undefined;
  if (hashed === undefined) throw new RefusedEntry(400, "invalid type, must be hashedrekord");
  const verifier = hashed.signature?.verifier;
  const digest = bytesOf(hashed.digest, "digest");
  const signature = bytesOf(hashed.signature?.content, "content");
  const rawBytes = bytesOf(verifier?.publicKey?.rawBytes, "rawBytes");
  const keyDetails = String(verifier?.keyDetails ?? "");
  if (keyDetails !== "" && !KNOWN_KEY_DETAILS.test(keyDetails)) {
    throw protoError(`invalid value for enum field keyDetails: "${keyDetails}"`);
  }
  const key = decodePublicKey(rawBytes, "der");
  if (key === undefined) throw invalid();
  // Pure Ed25519 is not for hashes; the real one falls over it.
  if (keyDetails === "PKIX_ED25519" && key.asymmetricKeyType === "ed25519") {
    throw new RefusedEntry(500, "internal server error");
  }
  if (!isP256(key) || keyDetails !== "PKIX_ECDSA_P256_SHA_256") throw invalid();
  if (digest.length !== 32 || !isSignedDigest({ key, digest, signature })) throw invalid();
  return canonicalBody(digest, signature, rawBytes);
}

// RFC 8785: members in order, no space.
function canonicalBody(digest: Buffer, signature: Buffer, rawBytes: Buffer): Buffer {
  const [digest64, signature64, key64] = [digest, signature, rawBytes].map((bytes) =>
    bytes.toString("base64"),
  );
  return Buffer.from(
    `{"apiVersion":"0.0.2","kind":"hashedrekord","spec":{"hashedRekordV002":{"data":` +
      `{"algorithm":"SHA2_256","digest":"${digest64}"},"signature":{"content":"${signature64}",` +
      `"verifier":{"keyDetails":"PKIX_ECDSA_P256_SHA_256","publicKey":{"rawBytes":"${key64}"}}}}}}`,
  );
}

function parse(request: Buffer): Record<string, unknown> {
  if (request.length === 0) return {};
  try {
    const json: unknown = JSON.parse(request.toString("utf8"));
    if (typeof json === "object" && json !== null && !Array.isArray(json)) {
      return json as Record<string, unknown>;
    }
  } catch {
    // Refused below.
  }
  throw protoError("syntax error (line 1:1): unexpected token");
}

// The real one refuses unknown fields at every level, and two arms of one choice.
function checkFields(value: object, name: string): void {
  const arms = Object.keys(value).filter((field) => ONEOF_ARMS.has(field));
  if (arms.length > 1) throw protoError(`error parsing "${arms[1]}", oneof is already set`);
  for (const [field, member] of Object.entries(value)) {
    if (FIELDS[name] && !FIELDS[name].includes(field)) {
      throw protoError(`(line 1:2): unknown field "${field}"`);
    }
    if (typeof member === "object" && member !== null) checkFields(member, field);
  }
}

function bytesOf(value: unknown, field: string): Buffer {
  if (value === undefined || value === null || value === "") throw invalid();
  if (typeof value !== "string" || !/^[A-Za-z0-9+/_-]*={0,2}$/.test(value)) {
    throw protoError(`(line 1:40): invalid value for bytes field ${field}`);
  }
  return Buffer.from(value, "base64");
}

function protoError(what: string): RefusedEntry {
  return new RefusedEntry(400, `proto: ${what}`);
}

function invalid(): RefusedEntry {
  return new RefusedEntry(400, "invalid hashedrekord request");
}
