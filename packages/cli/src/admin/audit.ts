// Audit and key events of the log, oldest first.
import type { JsonValue } from "@bufbuild/protobuf";
import type { Verb } from "../context.ts";
import { entryJson } from "../log/entry-json.ts";
import { printable } from "../output.ts";
import { parseCount } from "../parse-flag.ts";
import { withClient } from "../session.ts";

interface AuditFlags {
  readonly from: string;
  readonly until?: string;
}

export const auditListVerb: Verb<AuditFlags> = async (context, _args, flags) => {
  const { output, signal } = context;
  const range = {
    fromIndex: parseCount("--from", flags.from),
    untilIndex: flags.until === undefined ? 0n : parseCount("--until", flags.until),
  };
  const options = { ...range, bodies: true, privateEvidence: true, signal };
  await withClient(context, async (client) => {
    for await (const entry of client.entries(options)) {
      // The second byte of a leaf is its kind: skip facts before anything is decoded.
      const kind = entry.leaf[1];
      if (kind !== AUDIT && kind !== KEY_EVENT) continue;
      const { leaf: _, ...shown } = entryJson(entry);
      if (output.json) await output.document(shown);
      else
        await output.lines(
          printable(`${shown.index}  ${shown.time}  ${shown.kind}  ${what(shown.body)}`),
        );
    }
  });
};

const AUDIT = 4;
const KEY_EVENT = 5;

function what(body: JsonValue | undefined): string {
  if (typeof body !== "object" || body === null || Array.isArray(body)) return "(erased)";
  const { event, action, subject, target, outcome } = body;
  return [event ?? action, subject ?? target, outcome].filter((part) => part).join("  ");
}
