// Facts in the clear. There is no encrypted form yet, so the caller has to say that plain is meant.

import { once } from "node:events";
import { createWriteStream } from "node:fs";
import type { Client, FactFilter, ReadFact } from "@strongroom/client";
import { formatCid } from "@strongroom/protocol";
import type { Verb } from "../context.ts";
import { CliError } from "../errors.ts";
import { withClient } from "../session.ts";
import { factJson, valueText } from "./fact-json.ts";
import { type FilterFlags, filterOf } from "./filter.ts";

interface ExportFlags extends FilterFlags {
  readonly plaintext?: boolean;
  readonly current?: boolean;
  readonly format: "jsonl" | "markdown";
  readonly out?: string;
}

export const exportVerb: Verb<ExportFlags> = async (context, _args, flags) => {
  const { output, signal } = context;
  if (!flags.plaintext) {
    const why =
      "encrypted exports come with a later version; say --plaintext to write one in clear";
    throw new CliError("PLAINTEXT_REQUIRED", `refuse to export: ${why}`);
  }
  const filter = filterOf(flags);
  const target = flags.out === undefined ? undefined : await openTarget(flags.out);
  const write = async (text: string) => {
    if (target === undefined) return output.raw(text);
    if (!target.write(text)) await once(target, "drain");
  };
  const bar = output.progress("exporting");
  let facts = 0;
  await withClient(context, async (client) => {
    const form = flags.format === "markdown" ? markdown() : jsonLine;
    for await (const fact of select(client, filter, { current: flags.current ?? false, signal })) {
      await write(form(fact));
      bar.at(++facts);
    }
  });
  bar.end();
  if (target === undefined) return;
  target.end();
  await once(target, "finish");
  if (output.json) await output.document({ facts: String(facts), out: flags.out });
  else await output.lines(`${facts} facts written to ${flags.out}`);
};

/** All facts oldest first, or the current ones newest first. */
async function* select(
  client: Client,
  filter: FactFilter,
  options: { current: boolean; signal: AbortSignal },
): AsyncGenerator<ReadFact, void, undefined> {
  if (options.current) {
    yield* client.query({ scope: "*", ...filter, view: "current", pageSize: 500 });
    return;
  }
  const { fromMs = 0, untilMs = Number.POSITIVE_INFINITY } = filter;
  const watching = { ...filter, fromIndex: 0n, untilHead: true, signal: options.signal };
  for await (const event of client.watch(watching)) {
    if (event.type !== "fact") continue;
    const { appendedAtMs } = event.fact;
    if (appendedAtMs >= fromMs && appendedAtMs < untilMs) yield event.fact;
  }
}

function jsonLine(fact: ReadFact): string {
  return `${JSON.stringify(factJson(fact))}\n`;
}

/** A section per entity, in the order in which they first come. */
function markdown(): (fact: ReadFact) => string {
  let heading = "";
  return (read) => {
    const { fact } = read;
    if (fact === undefined) return `- entry ${read.index}: ${read.state}\n`;
    const next = `${fact.scope} / ${fact.entity}`;
    const title = next === heading ? "" : `\n## ${markdownText(next)}\n\n`;
    heading = next;
    const source = fact.source === "" ? "" : ` — ${markdownText(fact.source)}`;
    const state = read.state === "active" ? "" : ` (${read.state})`;
    const at = new Date(read.appendedAtMs).toISOString();
    const what = `**${markdownText(fact.relation)}**: ${markdownText(valueText(fact))}`;
    return `${title}- ${what}${source}${state}, entry ${read.index}, ${at}, \`${formatCid(read.cid)}\`\n`;
  };
}

function markdownText(text: string): string {
  return text.replaceAll(/[\\`*_{}[\]<>#|]/g, "\\$&").replaceAll(/\s+/g, " ");
}

async function openTarget(path: string) {
  const target = createWriteStream(path, { mode: 0o600, flags: "wx" });
  try {
    await once(target, "open");
  } catch (cause) {
    const exists = cause instanceof Error && "code" in cause && cause.code === "EEXIST";
    if (exists) throw new CliError("FILE_EXISTS", `write ${path}: it is there already`, { cause });
    throw new CliError("FILE_UNREADABLE", `write ${path}`, { cause });
  }
  return target;
}
