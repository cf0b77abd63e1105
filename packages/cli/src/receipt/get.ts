// A receipt in the form that the file's suffix names. It was verified before it is written.
import { replaceFile } from "@strongroom/client";
import {
  encodeReceipt,
  formatReceiptJson,
  formatTlogProof,
  type Receipt,
} from "@strongroom/protocol";
import type { Verb } from "../context.ts";
import { parseKey } from "../parse-flag.ts";
import { withClient } from "../session.ts";

interface ReceiptGetFlags {
  readonly out?: string;
  readonly privateEvidence?: boolean;
}

export const receiptGetVerb: Verb<ReceiptGetFlags> = async (context, [key = ""], flags) => {
  const { output } = context;
  const asked = parseKey(key);
  const { out, privateEvidence = false } = flags;
  const receipt = await withClient(context, (client) => client.receipt(asked, { privateEvidence }));
  if (out === undefined) return output.raw(`${formatReceiptJson(receipt)}\n`);
  const content = formatReceipt(receipt, out);
  await replaceFile(out, content);
  if (output.json) await output.document({ out, bytes: content.length });
  else await output.lines(`receipt written to ${out}`);
};

function formatReceipt(receipt: Receipt, path: string): string | Uint8Array {
  if (path.endsWith(".json")) return `${formatReceiptJson(receipt)}\n`;
  return path.endsWith(".tlog-proof") ? formatTlogProof(receipt) : encodeReceipt(receipt);
}
