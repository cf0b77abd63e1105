import type { Client, FactFilter, ReadFact, VerifyMode } from "@strongroom/client";
import type { Verb } from "../context.ts";
import { CliError } from "../errors.ts";
import { table } from "../output.ts";
import { parseCount, parseTimeMs } from "../parse-flag.ts";
import { withClient } from "../session.ts";
import { factHeading, factJson, factRow } from "./fact-json.ts";
import { type FilterFlags, filterOf } from "./filter.ts";

interface QueryFlags extends FilterFlags {
  readonly text?: string;
  readonly history?: boolean;
  readonly asOfSize?: string;
  readonly asOfTime?: string;
  readonly limit?: string;
  readonly verify?: VerifyMode;
}

interface Found {
  readonly fact: ReadFact;
  readonly score?: number;
}

const ROWS_FOR_PEOPLE = 50;

export const queryVerb: Verb<QueryFlags> = async (context, _args, flags) => {
  const { output } = context;
  const filter = filterOf(flags);
  if (flags.text === undefined && Object.keys(filter).length === 0) {
    throw new CliError("USAGE", "give --scope, --entity, --relation, --source or --text");
  }
  const asked = flags.limit === undefined ? undefined : Number(parseCount("--limit", flags.limit));
  const limit = asked ?? (output.json ? Number.POSITIVE_INFINITY : ROWS_FOR_PEOPLE);
  await withClient(context, async (client) => {
    const rows: string[][] = [];
    let cut = false;
    for await (const { fact, score } of find(client, filter, flags, limit)) {
      if (output.json) {
        await output.document({ ...factJson(fact), ...(score === undefined ? {} : { score }) });
      } else if (rows.length < limit) rows.push(factRow(fact));
      else cut = true;
    }
    if (output.json) return;
    await output.lines(...table(factHeading, rows));
    if (cut) output.notice(`only the first ${limit} are shown: see --limit`);
  });
};

async function* find(
  client: Client,
  filter: FactFilter,
  flags: QueryFlags,
  limit: number,
): AsyncGenerator<Found, void, undefined> {
  const view = flags.history ? "history" : "current";
  // One more than is shown, to know whether there are more.
  const options = {
    ...filter,
    view,
    limit: limit + (flags.limit ? 0 : 1),
    ...sized(limit),
  } as const;
  if (flags.text !== undefined) {
    yield* client.search({ ...options, text: flags.text });
    return;
  }
  const facts = client.query({
    ...options,
    ...(flags.verify === undefined ? {} : { verify: flags.verify }),
    ...(flags.asOfSize === undefined
      ? {}
      : { asOfSize: parseCount("--as-of-size", flags.asOfSize) }),
    ...(flags.asOfTime === undefined
      ? {}
      : { asOfMs: parseTimeMs("--as-of-time", flags.asOfTime) }),
  });
  for await (const fact of facts) yield { fact };
}

function sized(limit: number) {
  return { pageSize: Math.min(limit + 1, 500) };
}
