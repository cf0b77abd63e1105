// The results as a Markdown table, the same on the terminal and in the README.
import type { Result } from "./result.ts";

export function formatTable(results: readonly Result[]): string {
  const rows = results.map((result) => [
    result.what,
    targetOf(result),
    Number.isNaN(result.ratio) ? "" : result.ratio.toFixed(2),
    result.target === undefined ? "" : isMet(result) ? "yes" : "no",
    amount(result.ours, result.unit),
    Number.isNaN(result.floor) ? "" : `${amount(result.floor, result.unit)} (${result.against})`,
  ]);
  const header = ["what", "target", "ratio", "met", "ours", "floor"];
  return [header, header.map(() => "---"), ...rows]
    .map((row) => `| ${row.join(" | ")} |`)
    .join("\n");
}

export function isMet({ target, ratio }: Result): boolean {
  if (target === undefined) return true;
  return "atLeast" in target ? ratio >= target.atLeast : ratio <= target.atMost;
}

function targetOf({ target, note }: Result): string {
  if (target === undefined) return note ?? "reported";
  if (note !== undefined) return note;
  return "atLeast" in target ? `≥ ${target.atLeast}` : `≤ ${target.atMost}`;
}

function amount(value: number, unit: string): string {
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return `${value.toLocaleString("en-US", { maximumFractionDigits: digits })} ${unit}`;
}
