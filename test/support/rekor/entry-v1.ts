// What Rekor 1 takes and what it writes for it, as rekor 1.5.4 was seen to do.
import type { KeyObject } from "node:crypto";
import { RefusedEntry } from "./refused-entry.ts";
import { decodePublicKey, isP256, isSignedDigest } from "./signed-digest.ts";

interface HashedRekord {
  readonly apiVersion?: unknown;
  readonly kind?: unknown;
  readonly spec?: {
    readonly data?: { readonly hash?: { readonly algorithm?: unknown; readonly value?: unknown } };
    readonly signature?: {
      readonly content?: unknown;
      readonly publicKey?: { readonly content?: unknown };
    };
  };
}

/** The entry's canonical body. Throws RefusedEntry with the status of the real one. */
export function entryOfV1Request(request: Buffer): Buffer {
  const { kind, apiVersion, spec } = parse(request);
  if (kind !== "hashedrekord") {
    throw new RefusedEntry(422, kind === undefined ? "kind is required" : `unknown kind ${kind}`);
  }
  if (apiVersion !== "0.0.1") throw invalid("unsupported version");
  const { algorithm, value } = spec?.data?.hash ?? {};
  if (algorithm !== "sha256") throw invalid("unsupported hash algorithm");
  if (typeof value !== "string" || !/^[0-9a-f]{64}$/.test(value)) throw invalid("invalid hash");
  const signature = bytesOf(spec?.signature?.content, "signature");
  const key = decodePublicKey(bytesOf(spec?.signature?.publicKey?.content, "publicKey"), "pem");
  if (key === undefined) throw invalid("invalid public key");
  if (!isP256(key)) throw invalid("unsupported algorithm");
  if (!isSignedDigest({ key, digest: Buffer.from(value, "hex"), signature })) {
    throw invalid("verifying signature: invalid signature when validating ASN.1 encoded signature");
  }
  return canonicalBody(value, signature, key);
}

// RFC 8785, the key as it writes it itself.
function canonicalBody(hash: string, signature: Buffer, key: KeyObject): Buffer {
  const pem = key.export({ format: "pem", type: "spki" }).toString();
  const content = signature.toString("base64");
  const publicKey = Buffer.from(pem).toString("base64");
  return Buffer.from(
    `{"apiVersion":"0.0.1","kind":"hashedrekord","spec":{"data":{"hash":{"algorithm":"sha256",` +
      `"value":"${hash}"}},"signature":{"content":"${content}","publicKey":{"content":` +
      `"${publicKey}"}}}}`,
  );
}

function parse(request: Buffer): HashedRekord {
  try {
    const json: unknown = JSON.parse(request.toString("utf8"));
    if (typeof json === "object" && json !== null) return json;
  } catch {
    // Refused below.
  }
  throw new RefusedEntry(500, "parsing body: invalid character");
}

function bytesOf(value: unknown, field: string): Buffer {
  const isBase64 = typeof value === "string" && /^[A-Za-z0-9+/]+={0,2}$/.test(value);
  if (!isBase64) throw invalid(`missing ${field}`);
  return Buffer.from(value, "base64");
}

function invalid(why: string): RefusedEntry {
  return new RefusedEntry(400, `error processing entry: ${why}`);
}
