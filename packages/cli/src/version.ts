import { readFileSync } from "node:fs";
import type { Verb } from "./context.ts";

export const versionVerb: Verb<object> = async ({ output }) => {
  const { version } = JSON.parse(
    readFileSync(new URL("../package.json", import.meta.url), "utf8"),
  ) as { version: string };
  if (output.json) await output.document({ version, node: process.version });
  else await output.lines(version);
};
