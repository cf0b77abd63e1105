// What a full or read-only file system does to a witness: it signs nothing that it cannot keep.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { makeLog } from "./log.test-kit.ts";
import { openWitness } from "./witness.test-kit.ts";

const reason = "needs root, to mount a small file system";
const skip = process.getuid?.() === 0 ? false : reason;
const MIB = 1024 * 1024;
const log = makeLog();

/** A file system of its own that goes when the test ends. */
function mountSmall(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "witness-small-"));
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", folder]);
  context.after(() => {
    execFileSync("umount", ["-l", folder]);
    rmdirSync(folder);
  });
  writeFileSync(join(folder, "logs"), `log ${log.vkey}\n`);
  return folder;
}

test("a full disk stops it from signing more, and room lets it go on", { skip }, async (t) => {
  const folder = mountSmall(t);
  const witness = await openWitness(t, folder);
  assert.equal((await witness.post(log.request(0, 2))).status, 200);
  const filler = join(folder, "filler");
  assert.throws(() => writeFileSync(filler, Buffer.alloc(2 * MIB)), { code: "ENOSPC" });
  assert.equal((await witness.post(log.request(2, 4))).status, 503);
  assert.equal((await fetch(`${witness.admin}/readyz`)).status, 503);
  const fork = makeLog({ history: "b" });
  assert.equal((await witness.post(fork.request(2, 2))).status, 422, "also without evidence");
  rmSync(filler);
  assert.equal((await witness.post(log.request(2, 4))).status, 200);
  assert.equal((await fetch(`${witness.admin}/readyz`)).status, 200);
});

test("a read-only disk stops it from signing more", { skip }, async (t) => {
  const folder = mountSmall(t);
  const witness = await openWitness(t, folder);
  assert.equal((await witness.post(log.request(0, 2))).status, 200);
  execFileSync("mount", ["-o", "remount,ro", folder]);
  assert.equal((await witness.post(log.request(2, 4))).status, 503);
  assert.equal((await witness.post(log.request(2, 2))).status, 200, "what is kept may be repeated");
  execFileSync("mount", ["-o", "remount,rw", folder]);
  assert.equal((await witness.post(log.request(2, 4))).status, 200);
});
