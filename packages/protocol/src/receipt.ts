// The binary receipt: canonical protobuf within 4 MiB, and the shape that both forms must have.
import {
  type Anchor,
  AnchorSchema,
  type Receipt,
  ReceiptSchema,
} from "@strongroom/proto/strongroom/receipt/v1/receipt";
import { parseCanonical } from "./canonical.ts";
import { MalformedError } from "./errors.ts";
import { LEAF_BYTES } from "./leaf.ts";
import { type ReceiptFields, writeReceipt } from "./receipt-wire.ts";

export { type Anchor, AnchorSchema, type Receipt, ReceiptSchema };

/** Of either form. */
export const RECEIPT_BYTES_MAX = 4 * 1024 * 1024;
/** Each one may cost a verifier some signatures. */
export const RECEIPT_ANCHORS_MAX = 64;
export const RECEIPT_MEDIA_TYPE = "application/vnd.strongroom.receipt";
export const RECEIPT_JSON_MEDIA_TYPE = "application/vnd.strongroom.receipt+json";
const HASH_BYTES = 32;
const BLIND_BYTES = 16;

/** Proves nothing: see verifyReceipt. Throws MALFORMED_RECEIPT, LIMIT_EXCEEDED. */
export function parseReceipt(bytes: Uint8Array): Receipt {
  checkReceiptSize(bytes.length);
  const receipt = parseCanonical(ReceiptSchema, bytes, "MALFORMED_RECEIPT");
  checkReceiptShape(receipt);
  return receipt;
}

/** Canonical bytes. Throws MALFORMED_RECEIPT, LIMIT_EXCEEDED. */
export function encodeReceipt(receipt: ReceiptFields): Uint8Array {
  checkReceiptShape(receipt);
  const bytes = writeReceipt(receipt);
  checkReceiptSize(bytes.length);
  return bytes;
}

/** What holds of every receipt whatever it proves. Throws MALFORMED_RECEIPT, LIMIT_EXCEEDED. */
export function checkReceiptShape(receipt: ReceiptFields): void {
  const lengthOf = (field: Uint8Array | undefined): number => field?.length ?? 0;
  if (lengthOf(receipt.leaf) !== LEAF_BYTES) throw malformed("leaf is not 114 bytes");
  if (lengthOf(receipt.evidencePrivateHash) !== HASH_BYTES) {
    throw malformed("private evidence hash is not 32 bytes");
  }
  const blind = lengthOf(receipt.blind);
  if (blind !== 0 && blind !== BLIND_BYTES) throw malformed("blind is not 16 bytes");
  if ((lengthOf(receipt.body) === 0) !== (blind === 0)) {
    throw malformed("body and blind are not both present or both empty");
  }
  const anchors = (receipt.anchors ?? []).length;
  if (anchors === 0) throw malformed("receipt has no anchor");
  if (anchors > RECEIPT_ANCHORS_MAX) {
    throw new MalformedError(
      "LIMIT_EXCEEDED",
      `receipt has more than ${RECEIPT_ANCHORS_MAX} anchors`,
    );
  }
}

export function checkReceiptSize(size: number): void {
  if (size > RECEIPT_BYTES_MAX) throw new MalformedError("LIMIT_EXCEEDED", "receipt is over 4 MiB");
}

function malformed(message: string): MalformedError {
  return new MalformedError("MALFORMED_RECEIPT", message);
}
