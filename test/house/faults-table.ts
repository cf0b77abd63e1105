// The rows of the tamper table for docs/design/faults.md: `npm run -s faults-table` prints them.
import { pathToFileURL } from "node:url";
import type { TamperCase } from "../fault/store/tamper-case.ts";
import { tamperCases } from "../fault/store/tamper-table.ts";

export const faultsTable: readonly string[] = tamperCases.map(
  ({ part, what, found }) => `| \`${part}\` | ${what} | ${whatFindsIt(found)} |`,
);

function whatFindsIt({ open, alarms = [], read, verify = [] }: TamperCase["found"]): string {
  const verdicts = new Set(verify.map((one) => one.split(" ")[0] ?? one));
  const standby = alarms.some((alarm) => alarm.startsWith("standby"));
  const raised = alarms.filter((alarm) => !alarm.startsWith("standby"));
  return [
    ...(open === undefined ? [] : [`open refuses: \`${open}\``]),
    ...(standby ? ["open: standby"] : []),
    ...raised.map((alarm) => `alarm \`${alarm}\``),
    ...(read === undefined ? [] : [`read: \`${read}\``]),
    ...(verdicts.size === 0 ? [] : [`verify: ${[...verdicts].map((v) => `\`${v}\``).join(" ")}`]),
  ].join("; ");
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  console.log(faultsTable.join("\n"));
}
