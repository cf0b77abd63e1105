import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { root } from "../support/root.ts";
import { readMutations } from "./mutation.ts";

const mutations = readMutations();

test("there is a mutation for every guarantee", () => {
  assert.ok(mutations.length >= 50, `${mutations.length} mutations`);
  const guarantees = new Set(mutations.map(({ guarantee }) => guarantee));
  assert.equal(guarantees.size, mutations.length, "two mutations of one guarantee");
});

for (const { name, path, test: file, testName, changes } of mutations) {
  test(`${name} still applies, and names a test that is there`, () => {
    const { status, stderr } = spawnSync("git", ["apply", "--check", path], {
      cwd: root,
      encoding: "utf8",
    });
    assert.equal(status, 0, stderr);
    assert.ok(changes.length > 0, "changes nothing");
    for (const changed of changes) assert.doesNotMatch(changed, /\.test\.ts$/);
    assert.ok(file.endsWith(".test.ts") && existsSync(join(root, file)), `no ${file}`);
    if (testName === undefined) return;
    const text = readFileSync(join(root, file), "utf8");
    assert.ok(text.includes(testName), `no test "${testName}" in ${file}`);
  });
}
