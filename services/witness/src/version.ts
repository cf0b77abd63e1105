import { readFileSync } from "node:fs";

/** From package.json, which lies beside both `src` and `dist`. */
export const version: string = readVersion();

function readVersion(): string {
  const text = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}
