import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { root } from "../support/root.ts";

const LOCK = join(root, "scripts/setup/lock.mjs");

/** Takes the lock, says so, holds it for a while, and notes when it let go. */
const holder = (lock: string, log: string, ms: number) => `
  import { appendFileSync } from "node:fs";
  import { withLock } from ${JSON.stringify(LOCK)};
  await withLock(${JSON.stringify(lock)}, async () => {
    appendFileSync(${JSON.stringify(log)}, "in ");
    await new Promise((resolve) => setTimeout(resolve, ${ms}));
    appendFileSync(${JSON.stringify(log)}, "out ");
  });`;

test("set-up says how it is used, and fails", () => {
  const { status, stderr } = spawnSync(process.execPath, [join(root, "scripts/setup.mjs"), "x"], {
    encoding: "utf8",
  });
  assert.equal(status, 1);
  assert.match(stderr, /usage/);
});

test("two set-ups at once take turns", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "strongroom-setup-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const lock = join(folder, "lock");
  const log = join(folder, "log");
  const children = [1, 2].map(() =>
    spawn(process.execPath, ["--input-type=module", "-e", holder(lock, log, 300)]),
  );
  await Promise.all(children.map((child) => once(child, "exit")));
  assert.equal(readFileSync(log, "utf8"), "in out in out ");
  assert.equal(existsSync(lock), false);
});

test("the lock of a set-up that was killed is taken over", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "strongroom-setup-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const lock = join(folder, "lock");
  const { pid } = spawnSync(process.execPath, ["-e", ""]);
  writeFileSync(lock, String(pid));
  const log = join(folder, "log");
  const child = spawn(process.execPath, ["--input-type=module", "-e", holder(lock, log, 1)]);
  await once(child, "exit");
  assert.equal(readFileSync(log, "utf8"), "in out ");
});
