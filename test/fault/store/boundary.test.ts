// Where the promise ends: with the strict anchor no acknowledged fact can go missing unseen; with
// a lag the tail may, and the open says so; what only a client saw, only a client can miss.
import assert from "node:assert/strict";
import { readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { parsePolicy, verifyReceipt } from "@strongroom/protocol";
import { openStore, type Store } from "@strongroom/store";
import { checkStore } from "../../support/check-store.ts";
import { madeFact, madeFacts } from "../../support/made-facts.ts";
import { storePlace } from "../../support/test-store.ts";
import { putBack, takeImage } from "./crash-image.ts";

const ANSWERED = 20;
const LAG_MS = 60_000;

/** A store with single answered facts in its WAL, and the crash image after the last answer. */
async function crashed(t: TestContext, anchorLagMs: number) {
  const place = storePlace(t);
  const store = await openStore({ ...place, anchorLagMs });
  const anchored = store.head().size;
  for (let n = 0; n < ANSWERED; n++) await store.append(madeFact(n));
  const { size, note } = store.head();
  const image = takeImage(t, place.path);
  await store.close();
  putBack(image, place.path);
  return { place, image, size, note, anchored };
}

async function openAlarms(
  store: Store,
): Promise<{ code: string; index?: number; message: string }[]> {
  return store.alarms({ limit: 100, includeCleared: false });
}

const wals: [what: string, harm: (wal: string) => void][] = [
  ["deleted", (wal) => rmSync(wal)],
  ["emptied", (wal) => truncateSync(wal, 0)],
  ["cut by its last frame", (wal) => truncateSync(wal, statSync(wal).size - 4096 - 24)],
  ["cut in its last frame", (wal) => truncateSync(wal, statSync(wal).size - 100)],
  ["cut to a third", (wal) => truncateSync(wal, Math.floor(statSync(wal).size / 3))],
  ["flipped in its last frame", (wal) => flip(wal, statSync(wal).size - 50)],
  ["flipped in its middle", (wal) => flip(wal, Math.floor(statSync(wal).size / 2))],
  ["flipped in its header", (wal) => flip(wal, 17)],
];

function flip(path: string, at: number): void {
  const bytes = readFileSync(path);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  writeFileSync(path, bytes);
}

test("strict anchor: a WAL deleted, cut or flipped after an answer is found at the next open", async (t) => {
  const { place, image, size } = await crashed(t, 0);
  const wal = join(place.path, "journal.db-wal");
  for (const [what, harm] of wals) {
    putBack(image, place.path);
    rmSync(join(place.path, "journal.db-shm"), { force: true });
    harm(wal);
    await assert.rejects(openStore(place), { code: "STORE_ROLLED_BACK" }, what);
  }
  putBack(image, place.path);
  const whole = await openStore(place);
  assert.equal(whole.head().size, size, "the image itself is whole");
  assert.deepEqual(await openAlarms(whole), []);
  await whole.close();
  checkStore(place.path, place.rawKey);
});

test("strict anchor: the WAL of an earlier answer put back is found at the next open", async (t) => {
  const place = storePlace(t);
  const store = await openStore(place);
  for (let n = 0; n < ANSWERED; n++) await store.append(madeFact(n));
  const earlier = takeImage(t, place.path);
  for (let n = ANSWERED; n < 2 * ANSWERED; n++) await store.append(madeFact(n));
  const newest = takeImage(t, place.path);
  await store.close();
  putBack(newest, place.path);
  rmSync(join(place.path, "journal.db-shm"), { force: true });
  writeFileSync(join(place.path, "journal.db-wal"), readFileSync(join(earlier, "journal.db-wal")));
  await assert.rejects(openStore(place), { code: "STORE_ROLLED_BACK" });
});

test("anchor lag: a lost tail opens with HEAD_UNCERTAIN and its range, and a client that saw it stops the store", async (t) => {
  const { place, note, size, anchored } = await crashed(t, LAG_MS);
  rmSync(join(place.path, "journal.db-wal"));
  rmSync(join(place.path, "journal.db-shm"), { force: true });
  const store = await openStore({ ...place, anchorLagMs: LAG_MS });
  assert.ok(store.head().size < size, "acknowledged facts are gone");
  const [alarm] = await openAlarms(store);
  assert.equal(alarm?.code, "HEAD_UNCERTAIN");
  assert.equal(alarm?.index, anchored);
  assert.match(
    alarm?.message ?? "",
    new RegExp(`from ${anchored} on .* has ${store.head().size}$`),
  );
  await assert.rejects(store.offerPinnedNote(note), { code: "ROLLBACK_DETECTED" });
  await assert.rejects(store.append(madeFact(500)), { code: "WRITER_STOPPED" });
  await store.close();
});

test("anchor lag: what was anchored before the crash is as safe as with the strict anchor", async (t) => {
  const place = storePlace(t);
  const first = await openStore({ ...place, anchorLagMs: LAG_MS });
  await first.appendBatch(madeFacts(0, 10).map((bytes) => ({ bytes })));
  await first.close();
  const second = await openStore({ ...place, anchorLagMs: LAG_MS });
  const image = takeImage(t, place.path);
  await second.close();
  putBack(image, place.path);
  rmSync(join(place.path, "journal.db-shm"), { force: true });
  const bytes = readFileSync(join(place.path, "journal.db"));
  writeFileSync(join(place.path, "journal.db"), bytes.subarray(0, bytes.length - 8192));
  await assert.rejects(openStore(place), {
    code: /^(TRUNCATED_FILE|CORRUPT_PAGE|STORE_ROLLED_BACK)$/,
  });
});

/** The same store at two ends: one that clients saw, and one grown from an older copy of it all. */
async function twoEnds(t: TestContext, facts: { seen: number; other: number }) {
  const place = storePlace(t);
  let store = await openStore(place);
  await store.appendBatch(madeFacts(0, 300).map((bytes) => ({ bytes })));
  await store.close();
  const older = takeImage(t, place.path);
  store = await openStore(place);
  const policy = parsePolicy(`log ${store.logVkey}\nquorum none\n`);
  for (const bytes of madeFacts(1000, facts.seen - 1)) await store.append(bytes);
  const receipt = await store.append(madeFact(2000));
  const { note } = store.head();
  await store.close();
  putBack(older, place.path);
  store = await openStore(place);
  for (const bytes of madeFacts(5000, facts.other)) await store.append(bytes);
  return { place, store, note, receipt, policy };
}

async function saysNothing(store: Store): Promise<void> {
  assert.equal(store.status().state, "ready");
  assert.deepEqual(await openAlarms(store), []);
  assert.equal((await store.verify()).verdict, "verified");
}

test("a whole older copy, anchor and all: nothing in the folder tells, a client's pin says ROLLBACK_DETECTED", async (t) => {
  const { store, note, receipt, policy } = await twoEnds(t, { seen: 5, other: 2 });
  await saysNothing(store);
  assert.equal(verifyReceipt(receipt, policy, Date.now()).verdict, "verified", "proof offline");
  await assert.rejects(store.offerPinnedNote(note), { code: "ROLLBACK_DETECTED" });
  await assert.rejects(store.append(madeFact(9000)), { code: "WRITER_STOPPED" });
  await store.close();
});

test("a whole older copy that grew again: a client's pin says FORK_DETECTED, and so do two receipts", async (t) => {
  const { store, note, receipt, policy } = await twoEnds(t, { seen: 5, other: 5 });
  await saysNothing(store);
  const { receipts } = await store.receipts([{ index: 10 }]);
  const anchors = [...(receipts[0]?.anchors ?? []), ...receipt.anchors];
  const both = { ...receipt, anchors };
  assert.throws(() => verifyReceipt(both, policy, Date.now()), { code: "FORK_DETECTED" });
  await assert.rejects(store.offerPinnedNote(note), { code: "FORK_DETECTED" });
  await store.close();
});

test("a tail that no anchor, no client and no record saw cannot be missed by anybody", async (t) => {
  const { place, image, anchored } = await crashed(t, LAG_MS);
  putBack(image, place.path);
  rmSync(join(place.path, "journal.db-wal"));
  rmSync(join(place.path, "journal.db-shm"), { force: true });
  const store = await openStore({ ...place, anchorLagMs: LAG_MS });
  const alarms = await openAlarms(store);
  assert.deepEqual(
    alarms.map(({ code }) => code),
    ["HEAD_UNCERTAIN"],
  );
  await store.clearAlarm((await store.alarms({ limit: 1, includeCleared: false }))[0]?.id ?? 0);
  assert.equal((await store.verify()).verdict, "verified");
  assert.ok(store.head().size >= anchored);
  await store.close();
  checkStore(place.path, place.rawKey);
});
