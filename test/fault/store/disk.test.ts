import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { openStore, StoreError } from "@strongroom/store";
import { checkStore } from "../../support/check-store.ts";
import { madeFacts } from "../../support/made-facts.ts";
import { placeIn } from "../../support/test-store.ts";

const MIB = 8;
const reason = "needs root, to mount a small file system";
const skip = process.getuid?.() === 0 ? false : reason;

/** A file system of its own that goes when the test ends. */
function mountSmall(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "strongroom-small-"));
  execFileSync("mount", ["-t", "tmpfs", "-o", `size=${MIB}m`, "tmpfs", folder]);
  t.after(() => {
    execFileSync("umount", ["-l", folder]);
    rmdirSync(folder);
  });
  return folder;
}

test("a full disk refuses appends with a code, and keeps what was acknowledged", {
  skip,
}, async (t) => {
  const place = placeIn(mountSmall(t));
  const store = await openStore(place);
  let acknowledged = 0;
  let code = "";
  for (let from = 0; code === "" && from < 200_000; from += 1000) {
    try {
      const { results } = await store.appendBatch(
        madeFacts(from, 1000).map((bytes) => ({ bytes })),
      );
      const refused = results.find((result) => result.error !== undefined);
      if (refused?.error) code = refused.error.code;
      else acknowledged += results.length;
    } catch (error) {
      assert.ok(error instanceof StoreError, String(error));
      code = error.code;
    }
  }
  assert.ok(["DISK_FULL", "WRITER_STOPPED"].includes(code), code);
  assert.ok(acknowledged > 0);
  const fact = await store.get({ index: 1 });
  assert.equal(fact.index, 1, "reads go on");
  await store.close().catch(() => undefined);
  const found = checkStore(place.path, place.rawKey, { afterCrash: true });
  assert.ok(found.cids.length >= acknowledged, "nothing acknowledged is lost");
});

test("a read-only folder is refused, and nothing in it changes", { skip }, async (t) => {
  const folder = mountSmall(t);
  const place = placeIn(folder);
  const store = await openStore(place);
  await store.appendBatch(madeFacts(0, 10).map((bytes) => ({ bytes })));
  await store.close();
  execFileSync("mount", ["-o", "remount,ro", folder]);
  await assert.rejects(openStore(place), (error) => {
    assert.ok(error instanceof StoreError, String(error));
    assert.ok(["READ_ONLY", "PERMISSION"].includes(error.code), error.code);
    return true;
  });
  execFileSync("mount", ["-o", "remount,rw", folder]);
  checkStore(place.path, place.rawKey);
});
