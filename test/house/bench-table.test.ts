// The README quotes the largest saved run of the bench, as `npm run bench-table` writes it.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { withTable } from "../bench/readme-table.ts";
import { root } from "../support/root.ts";

test("the README's table is that of the largest saved run", () => {
  const readme = readFileSync(join(root, "README.md"), "utf8");
  assert.equal(readme, withTable(readme), "npm run bench-table writes it");
});
