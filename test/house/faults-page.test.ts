// docs/design/faults.md tells what is tried and which test shows it: both must be so.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { tamperCases } from "../fault/store/tamper-table.ts";
import { root } from "../support/root.ts";
import { faultsTable } from "./faults-table.ts";

const TESTS_MIN = 20;
const page = readFileSync(join(root, "docs/design/faults.md"), "utf8");

test("the page has every row of the tamper table, as the code has it", () => {
  assert.ok(page.includes(faultsTable.join("\n")), "print it with `npm run -s faults-table`");
});

test("every row of the tamper table has a name of its own and something that finds it", () => {
  const names = tamperCases.map(({ part, what }) => `${part}: ${what}`);
  assert.equal(new Set(names).size, names.length);
  for (const { part, what, found } of tamperCases) {
    const { open, alarms, read, verify } = found;
    assert.ok(open ?? read ?? alarms?.[0] ?? verify?.[0], `${part}: ${what} is found by nothing`);
  }
});

test("every test that the page names is there", () => {
  const named = [...page.matchAll(/\]\(\.\.\/\.\.\/(\S+?\.test\.ts)\) "([^"|]+)"/g)];
  assert.ok(named.length >= TESTS_MIN, `${named.length} tests are named`);
  for (const [, file = "", name = ""] of named) {
    const source = readFileSync(join(root, file), "utf8").replaceAll(/\s+/g, " ");
    // "…" stands for what differs from test to test.
    for (const part of name.split("…")) {
      assert.ok(source.includes(part.trim()), `${file} has no test "${name}"`);
    }
  }
});

test("every fault of the page names a test and a residual risk", () => {
  const rows = page
    .split("\n")
    .filter((line) => line.startsWith("| ") && line.includes("](../../"));
  for (const row of rows) {
    const cells = row.split("|").map((cell) => cell.trim());
    assert.equal(cells.length, 6, row);
    assert.ok(
      cells.slice(1, 5).every((cell) => cell !== ""),
      row,
    );
  }
});
