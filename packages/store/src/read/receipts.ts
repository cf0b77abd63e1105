// Full receipts under the newest signed head. Each is checked before it is handed out: a receipt
// that would not verify is a finding, not an answer.
import { ENTRY_KINDS, encodeReceipt, sha256 } from "@strongroom/protocol";
import type { EntryRow } from "../engine/port.ts";
import { StoreError } from "../errors.ts";
import type { EntryKey } from "../types.ts";
import {
  checkEvidence,
  checkInclusion,
  evidenceOf,
  holdsBody,
  mismatch,
  requireEntry,
} from "./checked-entry.ts";
import { kindOf } from "./entry-fields.ts";
import { findFact } from "./fact-lookup.ts";
import { maySee } from "./log-scan.ts";
import { beginRead, type HeadArgument, type Reader } from "./reader-context.ts";
import { recordedAnchors } from "./recorded-anchors.ts";

const ANSWER_BYTES_MAX = 4 * 1024 * 1024;
const NO_BYTES = new Uint8Array(0);

export interface ReceiptsRequest {
  head: HeadArgument & { note: Uint8Array };
  keys: readonly EntryKey[];
  privateEvidence: boolean;
  /** Add anchors under checkpoints that outside records name. */
  attested: boolean;
  scopes: readonly string[] | undefined;
}

export interface ReceiptsAnswer {
  /** Encoded receipts, one after the other. */
  buffer: Uint8Array;
  lengths: number[];
}

/** In the order of the keys; fewer of them when the answer is full. */
export function makeReceipts(reader: Reader, request: ReceiptsRequest): ReceiptsAnswer {
  const receipts: Uint8Array[] = [];
  let bytes = 0;
  for (const key of request.keys) {
    const receipt = makeReceipt(reader, requireRow(reader, key, request), request);
    if (receipts.length > 0 && bytes + receipt.length > ANSWER_BYTES_MAX) break;
    receipts.push(receipt);
    bytes += receipt.length;
  }
  const buffer = new Uint8Array(bytes);
  let at = 0;
  for (const receipt of receipts) {
    buffer.set(receipt, at);
    at += receipt.length;
  }
  return { buffer, lengths: receipts.map((receipt) => receipt.length) };
}

/** Throws NOT_FOUND, also for what the caller may not see. */
export function requireRow(
  reader: Reader,
  key: EntryKey,
  request: { head: HeadArgument; scopes: readonly string[] | undefined },
): EntryRow {
  const row = "cid" in key ? rowOfCid(reader, key.cid, request) : rowOfIndex(reader, key, request);
  if (row && maySee(reader, row, request.scopes)) return row;
  // The same answer for what is not there and for what the caller may not see.
  throw new StoreError("NOT_FOUND", "make a receipt: there is no such entry");
}

function rowOfCid(reader: Reader, cid: Uint8Array, { head }: { head: HeadArgument }) {
  return findFact(reader, cid, beginRead(reader, head.size));
}

function rowOfIndex(
  reader: Reader,
  { index }: { index: number },
  { head }: { head: HeadArgument },
) {
  if (!Number.isSafeInteger(index) || index < 0 || index >= head.size) return undefined;
  return requireEntry(reader, index);
}

function makeReceipt(reader: Reader, row: EntryRow, request: ReceiptsRequest): Uint8Array {
  const isErased = row.body.length === 0;
  if (!isErased && !holdsBody(row, sha256(row.body))) {
    const code = kindOf(row.leaf) === ENTRY_KINDS.fact ? "CID_MISMATCH" : "SUBJECT_MISMATCH";
    throw mismatch(code, { row, message: "its body is not what its leaf says" });
  }
  checkEvidence(row);
  const inclusion = checkInclusion(reader, row, request.head);
  const evidence = evidenceOf(row);
  return encodeReceipt({
    body: row.body,
    blind: isErased ? NO_BYTES : row.blind,
    evidencePublic: evidence.public,
    evidencePrivateHash: evidence.privateHash,
    evidencePrivate: request.privateEvidence ? evidence.private : NO_BYTES,
    leaf: row.leaf,
    anchors: [
      { checkpoint: request.head.note, inclusion },
      ...(request.attested ? recordedAnchors(reader, row, request.head) : []),
    ],
  });
}
