import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { errorsPage } from "./errors-page.ts";

test("docs/errors.md is what the tables in the code say", () => {
  const page = readFileSync(new URL("../../docs/errors.md", import.meta.url), "utf8");
  assert.equal(page, errorsPage(), "npm run errors-page writes it");
});
