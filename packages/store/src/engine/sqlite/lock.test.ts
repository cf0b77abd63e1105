import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, beforeEach, test } from "node:test";
import { StoreError } from "../../errors.ts";
import { StoreLock } from "./lock.ts";

const root = mkdtempSync(join(tmpdir(), "strongroom-lock-"));
after(() => rmSync(root, { recursive: true }));
let folder = root;
beforeEach(() => {
  folder = mkdtempSync(join(root, "t"));
});

// Other processes run what this file runs: the source, or what was built of it.
const isSource = import.meta.url.endsWith(".ts");
const SOURCE_FLAGS = isSource ? ["--conditions=source", "--import", "tsx"] : [];
const FLAGS = [...SOURCE_FLAGS, "--input-type=module", "-e"];
const LOCK_MODULE = new URL(isSource ? "lock.ts" : "lock.js", import.meta.url).href;
const ACQUIRE = `
  const { StoreLock } = await import(${JSON.stringify(LOCK_MODULE)});
  try { StoreLock.acquire(process.argv[1]); console.log("held"); }
  catch (error) { console.log(error.code); process.exit(1); }`;

function lockedBy(pid: number | undefined): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof StoreError);
    assert.equal(error.code, "STORE_LOCKED");
    assert.equal(error.metadata.pid, pid === undefined ? undefined : String(pid));
    return true;
  };
}

/** What another process gets. */
function acquireElsewhere(): string {
  return spawnSync(process.execPath, [...FLAGS, ACQUIRE, folder])
    .stdout.toString()
    .trim();
}

async function holdElsewhere(): Promise<ChildProcess> {
  const stay = `${ACQUIRE}\nsetInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, [...FLAGS, stay, folder]);
  const [line] = await once(child.stdout, "data");
  assert.equal(String(line).trim(), "held");
  return child;
}

test("refuses a second holder in this process and in others until it is released", () => {
  const lock = StoreLock.acquire(folder);
  assert.throws(() => StoreLock.acquire(folder), lockedBy(process.pid));
  // A failed attempt in this process must not have dropped the kernel's lock.
  assert.equal(acquireElsewhere(), "STORE_LOCKED");
  lock.release();
  lock.release();
  assert.ok(!existsSync(join(folder, "store.pid")));
  assert.equal(acquireElsewhere(), "held");
  StoreLock.acquire(folder).release();
});

test("names the process that holds it and is free once that process is killed", async () => {
  const child = await holdElsewhere();
  assert.throws(() => StoreLock.acquire(folder), lockedBy(child.pid));
  child.kill("SIGKILL");
  await once(child, "exit");
  StoreLock.acquire(folder).release();
});

test("does without a pid when the file is missing or strange", () => {
  const lock = StoreLock.acquire(folder);
  for (const name of ["store.lock", "store.pid"]) {
    assert.equal(statSync(join(folder, name)).mode & 0o077, 0);
  }
  writeFileSync(join(folder, "store.pid"), "not a pid");
  assert.throws(() => StoreLock.acquire(folder), lockedBy(undefined));
  rmSync(join(folder, "store.pid"));
  assert.throws(() => StoreLock.acquire(folder), lockedBy(undefined));
  lock.release();
});

test("says when the folder is not there", () => {
  assert.throws(
    () => StoreLock.acquire(join(folder, "nothing")),
    (error: unknown) => error instanceof StoreError && error.code === "IO_ERROR",
  );
});
