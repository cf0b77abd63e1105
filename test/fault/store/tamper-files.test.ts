import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileCases } from "./tamper-files.ts";
import { TamperRun } from "./tamper-run.ts";

const PAGE_BYTES = 4096;

const run = new TamperRun();
before(() => run.start());
after(() => run.store.remove());

for (const one of fileCases) test(`${one.part}: ${one.what}`, () => run.check(one));

test("an older page put back, for each of the pages that changed since: found by open or verify", async () => {
  const { store } = run;
  const older = readFileSync(join(store.older, "journal.db"));
  const newest = readFileSync(join(store.newest, "journal.db"));
  const pageAt = (file: Buffer, at: number) => file.subarray(at, at + PAGE_BYTES);
  let tried = 0;
  for (let at = 0; at < older.length; at += PAGE_BYTES) {
    if (pageAt(older, at).equals(pageAt(newest, at))) continue;
    store.restore();
    store.edit("journal.db", (bytes) => {
      pageAt(older, at).copy(bytes, at);
      return bytes;
    });
    const { open, verify = [] } = await run.examine();
    assert.ok(open !== undefined || verify.length > 0, `page ${at / PAGE_BYTES + 1}`);
    tried++;
  }
  assert.ok(tried > 0);
});
