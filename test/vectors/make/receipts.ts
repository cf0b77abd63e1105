// Receipts that hold and receipts that do not, each with the policy and the time it is tried at.
import {
  encodeReceipt,
  formatReceiptJson,
  MalformedError,
  parsePolicy,
  parseReceipt,
  type Receipt,
  toBase64,
  toHex,
  VerificationError,
  verifyReceipt,
} from "@strongroom/protocol";
import { binaryMalformed, jsonMalformed, jsonValid } from "./receipt-forms.ts";
import { type Case, LOG, NOW } from "./receipt-parts.ts";
import { bodyAndEvidenceCases } from "./receipts-invalid-entry.ts";
import { noteCases } from "./receipts-invalid-note.ts";
import { requirementCases } from "./receipts-invalid-policy.ts";
import { validCases } from "./receipts-valid.ts";

export function makeReceipts() {
  const invalid = [...bodyAndEvidenceCases(), ...noteCases(), ...requirementCases()];
  return {
    valid: validCases().map(writeCase),
    invalid: invalid.map(writeCase),
    binary_malformed: binaryMalformed(),
    json_valid: jsonValid(),
    json_malformed: jsonMalformed(),
  };
}

function writeCase(wanted: Case) {
  const policy = wanted.policy ?? LOG;
  const now = wanted.now ?? NOW;
  const bytes = encodeReceipt(wanted.receipt);
  const common = {
    why: wanted.why,
    receipt: toBase64(bytes),
    ...(bytes.length < 10_000 && { json: formatReceiptJson(wanted.receipt) }),
    policy,
    now_unix_ms: now,
    ...(wanted.fact && { fact: toHex(wanted.fact) }),
  };
  const outcome = outcomeOf(parseReceipt(bytes), policy, now, wanted.fact);
  const code = "code" in outcome ? outcome.code : undefined;
  if (code !== wanted.code) throw new Error(`${wanted.why}: expected ${wanted.code}, got ${code}`);
  return { ...common, expect: outcome };
}

function outcomeOf(receipt: Receipt, policy: string, now: number, fact: Uint8Array | undefined) {
  try {
    const done = verifyReceipt(receipt, parsePolicy(policy), now, fact ? { factBytes: fact } : {});
    return {
      proven: done.proven,
      kind: done.kind,
      ...(done.cid && { cid: toHex(done.cid) }),
      index: String(done.index),
      time_unix_ms: String(done.timeUnixMs),
      origin: done.origin,
      tree_size: String(done.treeSize),
      root: toHex(done.root),
      authors: done.authors.map(toHex),
      anchor: done.anchorIndex,
      witnesses: done.witnesses,
      ...(done.signedTimeUnixMs !== undefined && { signed_time_unix_ms: done.signedTimeUnixMs }),
    };
  } catch (error) {
    if (error instanceof VerificationError) return { code: error.code, proven: error.proven };
    if (error instanceof MalformedError) return { code: error.code };
    throw error;
  }
}
