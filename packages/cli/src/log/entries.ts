import type { Verb } from "../context.ts";
import { parseCount } from "../parse-flag.ts";
import { withClient } from "../session.ts";
import { entryJson } from "./entry-json.ts";

interface EntriesFlags {
  readonly from: string;
  readonly until?: string;
  readonly bodies?: boolean;
  readonly privateEvidence?: boolean;
}

export const entriesVerb: Verb<EntriesFlags> = async (context, _args, flags) => {
  const { output, signal } = context;
  const range = {
    fromIndex: parseCount("--from", flags.from),
    untilIndex: flags.until === undefined ? 0n : parseCount("--until", flags.until),
  };
  const { privateEvidence = false } = flags;
  const bodies = flags.bodies ?? privateEvidence;
  await withClient(context, async (client) => {
    for await (const entry of client.entries({ ...range, bodies, privateEvidence, signal })) {
      const shown = entryJson(entry);
      if (output.json) await output.document(shown);
      else await output.lines(`${shown.index}  ${shown.time}  ${shown.kind}  ${shown.leafHash}`);
    }
  });
};
