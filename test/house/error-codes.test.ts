import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { cliCodes } from "@strongroom/cli";
import { clientCodes } from "@strongroom/client";
import { findingVerdicts, storeErrorCodes } from "@strongroom/store";
import { root } from "../support/root.ts";

/** Codes of the closed union that nothing can reach yet, each with what will. */
const LATER = new Map([
  ["FACT_REDACTED", "redaction"],
  ["SCOPE_ERASED", "erasable scopes"],
]);
const LEFT_OUT = new Set(["node_modules", "dist", "house"]);

function testsIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return LEFT_OUT.has(entry.name) ? [] : testsIn(path);
    const isVector = folder.endsWith("vectors") && entry.name.endsWith(".json");
    // The tamper table is data that tamper-*.test.ts run.
    const isTest = entry.name.endsWith(".test.ts") || /^tamper-\w+\.ts$/.test(entry.name);
    return isVector || isTest ? [readFileSync(path, "utf8")] : [];
  });
}

test("what a witness ends with has its place in the command line's table", () => {
  const text = readFileSync(join(root, "services/witness/src/errors.ts"), "utf8");
  const codes = [...text.matchAll(/"(WITNESS_[A-Z_]+)"/g)].map(([, code]) => code);
  assert.ok(codes.length > 0);
  const known = new Set<string | undefined>(cliCodes);
  assert.deepEqual(
    codes.filter((code) => !known.has(code)),
    [],
  );
});

test("every error code is expected by a test somewhere", () => {
  const tests = ["packages", "services", "test"].flatMap((folder) => testsIn(join(root, folder)));
  const text = tests.join("\n");
  const codes = new Set<string>([
    ...storeErrorCodes,
    ...findingVerdicts,
    ...clientCodes,
    ...cliCodes,
  ]);
  const missing = [...codes].filter((code) => !new RegExp(`\\b${code}\\b`).test(text));
  assert.deepEqual(
    missing.filter((code) => !LATER.has(code)),
    [],
  );
  for (const code of LATER.keys()) assert.ok(missing.includes(code), `${code} is reached by now`);
});
