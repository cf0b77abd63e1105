import { formatCid, formatReceiptJson } from "@strongroom/protocol";
import type { Verb } from "../context.ts";
import { fields } from "../output.ts";
import { withClient } from "../session.ts";
import { readAuthorSeeds } from "./author-key.ts";
import { buildFact, type FactFlags } from "./build-fact.ts";

interface AppendFlags extends FactFlags {
  readonly nonce: boolean;
  readonly authorKeyFile?: readonly string[];
  readonly requestId?: string;
  readonly validateOnly?: boolean;
}

export const appendVerb: Verb<AppendFlags> = async (context, _args, flags) => {
  const { output } = context;
  const fact = buildFact(flags);
  const options = {
    authorSeeds: await readAuthorSeeds(flags.authorKeyFile),
    withoutNonce: !flags.nonce,
    ...(flags.requestId === undefined ? {} : { requestId: flags.requestId }),
  };
  if (flags.validateOnly) {
    const cid = await withClient(context, (client) => client.validate(fact, options));
    if (output.json) await output.document({ cid: formatCid(cid), validateOnly: true });
    else await output.lines(`valid: ${formatCid(cid)}; nothing was appended`);
    return;
  }
  const appended = await withClient(context, (client) => client.append(fact, options));
  const cid = formatCid(appended.cid);
  const index = String(appended.index);
  const treeSize = String(appended.treeSize);
  if (output.json) {
    const { existing } = appended;
    const receipt: unknown = JSON.parse(formatReceiptJson(appended.receipt));
    await output.document({ cid, index, treeSize, existing, receipt });
    return;
  }
  const proven = appended.proven.proven.join(", ");
  await output.lines(
    ...fields([
      ["cid", cid],
      ["index", appended.existing ? `${index} (was there before)` : index],
      ["tree size", treeSize],
      ["proven", proven],
    ]),
  );
};
