import type { VerifyMode } from "@strongroom/client";
import { formatCid } from "@strongroom/protocol";
import type { Verb } from "../context.ts";
import { fields } from "../output.ts";
import { parseKey } from "../parse-flag.ts";
import { withClient } from "../session.ts";
import { factJson, valueText } from "./fact-json.ts";

export const getVerb: Verb<{ verify: VerifyMode }> = async (context, [key = ""], { verify }) => {
  const { output } = context;
  const asked = parseKey(key);
  const read = await withClient(context, (client) => client.get(asked, { verify }));
  if (output.json) return output.document(factJson(read));
  const { fact } = read;
  await output.lines(
    ...fields([
      ...(fact === undefined
        ? []
        : ([
            ["scope", fact.scope],
            ["entity", fact.entity],
            ["relation", fact.relation],
            ["value", `${valueText(fact)} (${fact.value.case ?? "none"})`],
            ["source", fact.source],
          ] as const)),
      ["cid", formatCid(read.cid)],
      ["index", String(read.index)],
      ["appended", new Date(read.appendedAtMs).toISOString()],
      ["state", read.state],
      ["verified", read.verified],
    ]),
  );
};
