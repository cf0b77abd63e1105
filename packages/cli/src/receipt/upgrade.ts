// A receipt from before its entry was attested gets an anchor under the attested checkpoint. What
// it had stays; the whole is verified before the file is replaced.
import type { Client } from "@strongroom/client";
import {
  type Anchor,
  equalBytes,
  parseCheckpoint,
  parseLeaf,
  parseNote,
  type Receipt,
} from "@strongroom/protocol";
import { CliError, ProofError } from "../errors.ts";

export interface Upgraded {
  readonly receipt: Receipt;
  /** Anchors that it did not have. */
  readonly added: number;
}

/** Throws ORIGIN_MISMATCH for a receipt of another log, LEAF_MISMATCH for one of another entry. */
export async function upgradeReceipt(client: Client, receipt: Receipt): Promise<Upgraded> {
  requireOrigin(client, receipt);
  const { index } = parseLeaf(receipt.leaf);
  const fresh = await client.receipt({ index }, { attested: true });
  if (!equalBytes(fresh.leaf, receipt.leaf)) {
    throw new ProofError("LEAF_MISMATCH", `entry ${index} of this log is another one`, {
      proven: [],
    });
  }
  const recorded = fresh.anchors.filter(
    ({ bundles, cosignatures }) => bundles.length + cosignatures.length > 0,
  );
  const anchors = [...receipt.anchors];
  let added = 0;
  for (const anchor of recorded.length > 0 ? recorded : fresh.anchors) {
    if (mergeAnchor(anchors, anchor)) added++;
  }
  const upgraded = { ...receipt, anchors };
  await client.verifyReceipt(upgraded);
  return { receipt: upgraded, added };
}

/** Another epoch of the same log has the same name and a number. */
function requireOrigin(client: Client, receipt: Receipt): void {
  const origins = receipt.anchors.map(
    ({ checkpoint }) => parseCheckpoint(parseNote(checkpoint).text).origin,
  );
  const { origin } = client;
  const genesis = origin.replace(/\/e[0-9]+$/, "");
  if (origins.some((one) => one.replace(/\/e[0-9]+$/, "") === genesis)) return;
  throw new ProofError(
    "ORIGIN_MISMATCH",
    `the receipt is of ${origins[0]}, the store is ${origin}`,
    {
      proven: [],
    },
  );
}

/** Whether the receipt has something that it did not have. */
function mergeAnchor(anchors: Anchor[], fresh: Anchor): boolean {
  const at = anchors.findIndex(({ checkpoint }) => equalBytes(checkpoint, fresh.checkpoint));
  const known = anchors[at];
  if (known === undefined) {
    anchors.push(fresh);
    return true;
  }
  const bundles = union(known.bundles, fresh.bundles);
  const cosignatures = union(known.cosignatures, fresh.cosignatures);
  anchors[at] = { ...known, bundles, cosignatures };
  const had = known.bundles.length + known.cosignatures.length;
  return bundles.length + cosignatures.length > had;
}

function union(a: readonly Uint8Array[], b: readonly Uint8Array[]): Uint8Array[] {
  return [...a, ...b.filter((one) => !a.some((other) => equalBytes(one, other)))];
}

export function requireUpgradable(path: string): void {
  if (!path.endsWith(".tlog-proof")) return;
  throw new CliError("USAGE", "a .tlog-proof has one anchor; upgrade the receipt itself");
}
