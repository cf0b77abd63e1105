// A receipt in the form that the file's suffix names. It was verified before it is written.
import { replaceFile } from "@strongroom/client";
import {
  encodeReceipt,
  formatReceiptJson,
  formatTlogProof,
  parseReceipt,
  parseReceiptJson,
  type Receipt,
} from "@strongroom/protocol";
import type { Context, Verb } from "../context.ts";
import { CliError } from "../errors.ts";
import { parseKey } from "../parse-flag.ts";
import { withClient } from "../session.ts";
import { readBytesFile } from "../settings.ts";
import { requireUpgradable, upgradeReceipt } from "./upgrade.ts";

interface ReceiptGetFlags {
  readonly out?: string;
  readonly privateEvidence?: boolean;
  readonly upgrade?: string;
}

export const receiptGetVerb: Verb<ReceiptGetFlags> = async (context, [key], flags) => {
  const { output } = context;
  const { out, privateEvidence = false, upgrade } = flags;
  if ((key === undefined) === (upgrade === undefined)) {
    throw new CliError("USAGE", "name the entry, or --upgrade a receipt");
  }
  if (upgrade !== undefined) return upgradeFile(context, upgrade, out ?? upgrade);
  const asked = parseKey(key ?? "");
  const receipt = await withClient(context, (client) =>
    client.receipt(asked, { privateEvidence, attested: true }),
  );
  if (out === undefined) return output.raw(`${formatReceiptJson(receipt)}\n`);
  const content = formatReceipt(receipt, out);
  await replaceFile(out, content);
  if (output.json) await output.document({ out, bytes: content.length });
  else await output.lines(`receipt written to ${out}`);
};

async function upgradeFile(context: Context, path: string, out: string): Promise<void> {
  const { output } = context;
  requireUpgradable(path);
  requireUpgradable(out);
  const bytes = await readBytesFile(path);
  const receipt = path.endsWith(".json") ? parseReceiptJson(bytes) : parseReceipt(bytes);
  const { receipt: upgraded, added } = await withClient(context, (client) =>
    upgradeReceipt(client, receipt),
  );
  if (added > 0 || out !== path) await replaceFile(out, formatReceipt(upgraded, out));
  if (output.json) {
    await output.document({ out, anchorsAdded: added, anchors: upgraded.anchors.length });
  } else await output.lines(`${out}: ${added} anchors added, ${upgraded.anchors.length} in all`);
}

function formatReceipt(receipt: Receipt, path: string): string | Uint8Array {
  if (path.endsWith(".json")) return `${formatReceiptJson(receipt)}\n`;
  return path.endsWith(".tlog-proof") ? formatTlogProof(receipt) : encodeReceipt(receipt);
}
