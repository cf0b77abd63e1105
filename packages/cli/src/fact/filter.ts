// Filter flags that query, watch and export share.
import type { FactFilter } from "@strongroom/client";
import { parseTimeMs } from "../parse-flag.ts";

export interface FilterFlags {
  readonly scope?: string;
  readonly entity?: string;
  readonly relation?: string;
  readonly source?: string;
  readonly from?: string;
  readonly until?: string;
}

export function filterOf(flags: FilterFlags): FactFilter {
  const { scope, entity, relation, source, from, until } = flags;
  return {
    ...(scope === undefined ? {} : { scope }),
    ...(entity === undefined ? {} : { entity }),
    ...(relation === undefined ? {} : { relation }),
    ...(source === undefined ? {} : { source }),
    ...(from === undefined ? {} : { fromMs: parseTimeMs("--from", from) }),
    ...(until === undefined ? {} : { untilMs: parseTimeMs("--until", until) }),
  };
}
