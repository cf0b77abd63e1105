import type { WatchEvent } from "@strongroom/client";
import { formatCid } from "@strongroom/protocol";
import type { Verb } from "../context.ts";
import { printable } from "../output.ts";
import { parseCount } from "../parse-flag.ts";
import { withClient } from "../session.ts";
import { factJson, valueText } from "./fact-json.ts";
import { type FilterFlags, filterOf } from "./filter.ts";

interface WatchFlags extends FilterFlags {
  readonly fromIndex?: string;
  readonly untilHead?: boolean;
}

export const watchVerb: Verb<WatchFlags> = async (context, _args, flags) => {
  const { output, signal } = context;
  const from =
    flags.fromIndex === undefined ? {} : { fromIndex: parseCount("--from-index", flags.fromIndex) };
  const options = { ...filterOf(flags), ...from, untilHead: flags.untilHead ?? false, signal };
  await withClient(context, async (client) => {
    try {
      for await (const event of client.watch(options)) {
        if (output.json) await output.document(eventJson(event));
        else await output.lines(printable(eventLine(event)));
      }
    } catch (cause) {
      // Ctrl-C is how a watch ends.
      if (!signal.aborted) throw cause;
    }
  });
};

function eventJson(event: WatchEvent): Record<string, unknown> {
  const nextIndex = String(event.nextIndex);
  if (event.type === "fact") return { type: "fact", ...factJson(event.fact), nextIndex };
  if (event.type === "progress")
    return { type: "progress", treeSize: String(event.treeSize), nextIndex };
  return {
    type: "retraction",
    index: String(event.index),
    scope: event.scope,
    factIndex: String(event.factIndex),
    cid: formatCid(event.cid),
    reason: event.reason,
    appendedAt: new Date(event.appendedAtMs).toISOString(),
    nextIndex,
  };
}

function eventLine(event: WatchEvent): string {
  if (event.type === "progress") return `at ${event.treeSize}`;
  if (event.type === "retraction") {
    return `${event.index}  ${event.scope}  retracts ${event.factIndex}  ${event.reason}`;
  }
  const { fact, index, state } = event.fact;
  if (fact === undefined) return `${index}  (${state})`;
  return `${index}  ${fact.scope}  ${fact.entity}  ${fact.relation}  ${valueText(fact)}`;
}
