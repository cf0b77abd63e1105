import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import {
  cpSync,
  existsSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { openStore, StoreError } from "@strongroom/store";
import { checkStore } from "../support/check-store.ts";
import { madeFacts } from "../support/made-facts.ts";
import { type StorePlace, storePlace, temporaryFolder, testCipher } from "../support/test-store.ts";

async function filledStore(t: TestContext, facts = 300): Promise<StorePlace> {
  const place = storePlace(t);
  const store = await openStore(place);
  await store.appendBatch(madeFacts(0, facts).map((bytes) => ({ bytes })));
  await store.close();
  return place;
}

/** Opening fails with this code, tells nothing of the key, and changes nothing. */
async function refuses(place: StorePlace, code: string): Promise<void> {
  const journal = existsSync(join(place.path, "journal.db"));
  const before = journal ? readFileSync(join(place.path, "journal.db")) : undefined;
  await assert.rejects(openStore({ ...place, create: false }), (error) => {
    assert.ok(error instanceof StoreError, String(error));
    assert.equal(error.code, code, error.message);
    if (place.rawKey) assert.ok(!error.message.includes(Buffer.from(place.rawKey).toString("hex")));
    return true;
  });
  if (before) assert.ok(readFileSync(join(place.path, "journal.db")).equals(before));
}

const encrypted = testCipher !== "none";

test("a wrong key is WRONG_KEY, and the right one still opens", {
  skip: !encrypted && "plaintext: no key",
}, async (t) => {
  const place = await filledStore(t);
  await refuses({ ...place, key: new Uint8Array(randomBytes(32)) }, "WRONG_KEY");
  await refuses({ ...place, key: new Uint8Array(31) }, "KEY_LENGTH");
  checkStore(place.path, place.rawKey);
});

test("a missing, edited or foreign keyring each has its own code", async (t) => {
  const place = await filledStore(t);
  const keyring = join(place.path, "keyring.json");
  const good = readFileSync(keyring);
  renameSync(keyring, `${keyring}.away`);
  await refuses(place, "KEYRING_MISSING");
  renameSync(`${keyring}.away`, keyring);
  const edited = JSON.parse(good.toString("utf8"));
  writeFileSync(keyring, `${JSON.stringify({ ...edited, generation: 9 })}\n`);
  const code = await openStore({ ...place, create: false }).then(
    () => "opened",
    (error: StoreError) => error.code,
  );
  assert.ok(["KEYRING_EDITED", "KEYRING_MALFORMED"].includes(code), code);
  writeFileSync(keyring, "{}");
  await refuses(place, "KEYRING_MALFORMED");
  writeFileSync(keyring, good);
  checkStore(place.path, place.rawKey);
});

test("an empty folder and a foreign one are no store", async (t) => {
  const folder = temporaryFolder(t);
  const place = storePlace(t);
  await refuses({ ...place, path: join(folder, "nothing") }, "NOT_A_STORE");
  writeFileSync(join(folder, "letter.txt"), "hello");
  await assert.rejects(openStore({ ...place, path: folder }), { code: "NOT_A_STORE" });
  assert.equal(readFileSync(join(folder, "letter.txt"), "utf8"), "hello");
});

test("a second open of the same folder is refused, and goes when the first closes", async (t) => {
  const place = await filledStore(t);
  const first = await openStore(place);
  await assert.rejects(openStore(place), { code: "STORE_LOCKED" });
  await first.close();
  const second = await openStore(place);
  await second.close();
  checkStore(place.path, place.rawKey);
});

test("a truncated journal is not opened", async (t) => {
  const place = await filledStore(t);
  const journal = join(place.path, "journal.db");
  truncateSync(journal, statSync(journal).size - 8192);
  await assert.rejects(openStore({ ...place, create: false }), (error) => {
    assert.ok(error instanceof StoreError);
    const codes = ["TRUNCATED_FILE", "CORRUPT_PAGE", "STORE_ROLLED_BACK"];
    assert.ok(codes.includes(error.code), error.code);
    return true;
  });
});

test("a flipped byte in an encrypted journal is found, at open or by verify", {
  skip: !encrypted && "plaintext: no page check",
}, async (t) => {
  const place = await filledStore(t);
  const journal = join(place.path, "journal.db");
  const bytes = readFileSync(journal);
  const at = Math.floor(bytes.length / 2);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  writeFileSync(journal, bytes);
  const verdict = await openStore({ ...place, create: false }).then(
    async (store) => {
      const summary = await store.verify().catch((error: StoreError) => ({ verdict: error.code }));
      await store.close().catch(() => undefined);
      return summary.verdict;
    },
    (error: StoreError) => error.code,
  );
  assert.notEqual(verdict, "verified");
});

test("yesterday's copy under today's anchor is STORE_ROLLED_BACK", async (t) => {
  const place = await filledStore(t);
  const anchorPath = join(temporaryFolder(t), "head.anchor");
  renameSync(join(place.path, "head.anchor"), anchorPath);
  const copy = `${place.path}-yesterday`;
  t.after(() => rmSync(copy, { recursive: true, force: true }));
  cpSync(place.path, copy, { recursive: true });
  const store = await openStore({ ...place, anchorPath });
  await store.appendBatch(madeFacts(1000, 50).map((bytes) => ({ bytes })));
  await store.close();
  rmSync(place.path, { recursive: true });
  renameSync(copy, place.path);
  await assert.rejects(openStore({ ...place, anchorPath }), { code: "STORE_ROLLED_BACK" });
});

test("a lost index is rebuilt and answers as before", async (t) => {
  const place = await filledStore(t, 500);
  for (const suffix of ["", "-wal", "-shm"]) {
    rmSync(join(place.path, `index.db${suffix}`), { force: true });
  }
  const store = await openStore(place);
  const { facts } = await store.queryPage({ entity: "thing/77", view: "history" });
  assert.equal(facts.length, 1);
  await store.close();
  checkStore(place.path, place.rawKey);
});
