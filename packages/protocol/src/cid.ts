// Content id: SHA-256 of a fact's bytes, exactly as the author serialised them.
import { sha256 } from "#crypto";
import { fromHex, toHex } from "./bytes.ts";
import { MalformedError } from "./errors.ts";

declare const cidBrand: unique symbol;

/** 32 bytes. */
export type Cid = Uint8Array & { readonly [cidBrand]: true };

const PREFIX = "sha256:";

export function hashFact(factBytes: Uint8Array): Cid {
  return sha256(factBytes) as Cid;
}

/** `sha256:` and 64 lower-case hex digits. */
export function formatCid(cid: Uint8Array): string {
  return PREFIX + toHex(asCid(cid));
}

/** Throws MALFORMED_CID. */
export function parseCid(cid: string): Cid {
  if (cid.length !== PREFIX.length + 64 || !cid.startsWith(PREFIX)) {
    throw new MalformedError("MALFORMED_CID", "cid is not sha256: and 64 hex digits");
  }
  return fromHex(cid.slice(PREFIX.length), "MALFORMED_CID") as Cid;
}

/** Takes 32 bytes as a cid. Throws MALFORMED_CID on any other length. */
export function asCid(bytes: Uint8Array): Cid {
  if (bytes.length !== 32) throw new MalformedError("MALFORMED_CID", "cid is not 32 bytes");
  return bytes as Cid;
}
