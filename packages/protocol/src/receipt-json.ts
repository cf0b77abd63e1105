// The JSON form of a receipt: lowerCamel names, padded standard base64, empty equals absent.
import { create } from "@bufbuild/protobuf";
import { fromBase64, text, toBase64 } from "./bytes.ts";
import { MalformedError } from "./errors.ts";
import {
  type Anchor,
  AnchorSchema,
  checkReceiptShape,
  checkReceiptSize,
  type Receipt,
  ReceiptSchema,
} from "./receipt.ts";
import { parseStrictJson, type StrictJson } from "./receipt-strict-json.ts";

const RECEIPT_KEYS = [
  "body",
  "blind",
  "evidencePublic",
  "evidencePrivateHash",
  "evidencePrivate",
  "leaf",
  "anchors",
] as const;
const ANCHOR_KEYS = ["checkpoint", "inclusion", "bundles", "cosignatures"] as const;

type Members = ReadonlyMap<string, StrictJson>;

/** Proves nothing: see verifyReceipt. Throws MALFORMED_RECEIPT, LIMIT_EXCEEDED. */
export function parseReceiptJson(json: string | Uint8Array): Receipt {
  checkReceiptSize(json.length);
  const members = membersOf(parseStrictJson(decode(json)), RECEIPT_KEYS);
  const receipt = create(ReceiptSchema, {
    body: bytesOf(members, "body"),
    blind: bytesOf(members, "blind"),
    evidencePublic: bytesOf(members, "evidencePublic"),
    evidencePrivateHash: bytesOf(members, "evidencePrivateHash"),
    evidencePrivate: bytesOf(members, "evidencePrivate"),
    leaf: bytesOf(members, "leaf"),
    anchors: listOf(members, "anchors").map(parseAnchor),
  });
  checkReceiptShape(receipt);
  return receipt;
}

/** One line without a newline. Throws MALFORMED_RECEIPT, LIMIT_EXCEEDED. */
export function formatReceiptJson(receipt: Receipt): string {
  checkReceiptShape(receipt);
  const json = JSON.stringify({
    body: base64Of(receipt.body),
    blind: base64Of(receipt.blind),
    evidencePublic: base64Of(receipt.evidencePublic),
    evidencePrivateHash: base64Of(receipt.evidencePrivateHash),
    evidencePrivate: base64Of(receipt.evidencePrivate),
    leaf: base64Of(receipt.leaf),
    anchors: receipt.anchors.map((anchor) => ({
      checkpoint: base64Of(anchor.checkpoint),
      inclusion: base64ListOf(anchor.inclusion),
      bundles: base64ListOf(anchor.bundles),
      cosignatures: base64ListOf(anchor.cosignatures),
    })),
  });
  checkReceiptSize(json.length);
  return json;
}

function parseAnchor(value: StrictJson): Anchor {
  const members = membersOf(value, ANCHOR_KEYS);
  return create(AnchorSchema, {
    checkpoint: bytesOf(members, "checkpoint"),
    inclusion: bytesListOf(members, "inclusion"),
    bundles: bytesListOf(members, "bundles"),
    cosignatures: bytesListOf(members, "cosignatures"),
  });
}

function membersOf(value: StrictJson, keys: readonly string[]): Members {
  if (!(value instanceof Map)) throw malformed("expected an object");
  const members: Members = value;
  for (const key of members.keys()) {
    if (!keys.includes(key)) throw malformed("unknown key");
  }
  return members;
}

function listOf(members: Members, key: string): readonly StrictJson[] {
  const value = members.get(key) ?? [];
  if (!Array.isArray(value)) throw malformed(`${key} is not an array`);
  return value;
}

function bytesListOf(members: Members, key: string): Uint8Array[] {
  return listOf(members, key).map((item) => decodeBytes(item, key));
}

function bytesOf(members: Members, key: string): Uint8Array {
  return decodeBytes(members.get(key) ?? "", key);
}

function decodeBytes(value: StrictJson, key: string): Uint8Array {
  if (typeof value !== "string") throw malformed(`${key} is not a string`);
  return fromBase64(value, "MALFORMED_RECEIPT");
}

function base64Of(bytes: Uint8Array): string | undefined {
  return bytes.length === 0 ? undefined : toBase64(bytes);
}

function base64ListOf(list: readonly Uint8Array[]): string[] | undefined {
  return list.length === 0 ? undefined : list.map(toBase64);
}

// A byte order mark is kept by the decoder and then refused as no part of JSON.
function decode(json: string | Uint8Array): string {
  if (typeof json === "string") return json;
  try {
    return text(json);
  } catch (cause) {
    throw new MalformedError("MALFORMED_RECEIPT", "receipt JSON is not UTF-8", { cause });
  }
}

function malformed(why: string): MalformedError {
  return new MalformedError("MALFORMED_RECEIPT", `receipt JSON: ${why}`);
}
