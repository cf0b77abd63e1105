// What a full or read-only file system does to a folder of checkpoints.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { createFileTarget } from "./file-target.ts";
import { makeParts, makeWork, never } from "./target.test-kit.ts";

const reason = "needs root, to mount a small file system";
const skip = process.getuid?.() === 0 ? false : reason;
const MIB = 1024 * 1024;

/** A file system of its own that goes when the test ends. */
function mountSmall(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "attestor-small-"));
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", folder]);
  context.after(() => {
    execFileSync("umount", ["-l", folder]);
    rmdirSync(folder);
  });
  return folder;
}

function open(path: string) {
  const settings = { kind: "file", name: "f", concurrency: 1, timeoutMs: 1000, path } as const;
  return createFileTarget({ ...settings, formerKeys: [] }, makeParts());
}

test("a full disk is a retry that leaves no half file, and goes on with room", {
  skip,
}, async (t) => {
  const folder = mountSmall(t);
  const path = join(folder, "checkpoints");
  const target = open(path);
  assert.equal((await target.attest(makeWork(2), never)).kind, "attested");
  const filler = join(folder, "filler");
  assert.throws(() => writeFileSync(filler, Buffer.alloc(2 * MIB)), { code: "ENOSPC" });
  const full = await target.attest(makeWork(4), never);
  assert.deepEqual(full, { kind: "failed", failure: "retry", message: "write the folder: ENOSPC" });
  assert.equal(readdirSync(path).length, 1);
  rmSync(filler);
  assert.equal((await target.attest(makeWork(4), never)).kind, "attested");
  assert.equal(readdirSync(path).length, 2);
});

test("a read-only folder is a retry, and can still be read", { skip }, async (t) => {
  const folder = mountSmall(t);
  const path = join(folder, "checkpoints");
  const target = open(path);
  assert.equal((await target.attest(makeWork(2), never)).kind, "attested");
  execFileSync("mount", ["-o", "remount,ro", folder]);
  const refused = await target.attest(makeWork(4), never);
  assert.deepEqual(refused, {
    kind: "failed",
    failure: "retry",
    message: "write the folder: EROFS",
  });
  assert.deepEqual(await target.newestNote?.(never), makeWork(2).note);
  execFileSync("mount", ["-o", "remount,rw", folder]);
  assert.equal((await target.attest(makeWork(4), never)).kind, "attested");
});
