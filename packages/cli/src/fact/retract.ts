import { formatReceiptJson } from "@strongroom/protocol";
import type { Verb } from "../context.ts";
import { parseCidText } from "../parse-flag.ts";
import { withClient } from "../session.ts";

interface RetractFlags {
  readonly reason: string;
  readonly requestId?: string;
}

export const retractVerb: Verb<RetractFlags> = async (context, [cidText = ""], flags) => {
  const { output } = context;
  const cid = parseCidText(cidText);
  const requestId = flags.requestId === undefined ? {} : { requestId: flags.requestId };
  const retracted = await withClient(context, (client) =>
    client.retract({ cid, reason: flags.reason, ...requestId }),
  );
  const index = String(retracted.index);
  const treeSize = String(retracted.treeSize);
  if (output.json) {
    const receipt: unknown = JSON.parse(formatReceiptJson(retracted.receipt));
    await output.document({ cid: cidText, index, treeSize, existing: retracted.existing, receipt });
    return;
  }
  const before = retracted.existing ? " (had been retracted before)" : "";
  await output.lines(`retracted ${cidText} by entry ${index}${before}`);
};
