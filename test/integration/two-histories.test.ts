import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { copyFileSync, cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { ed25519Signer, parseCheckpoint, parseNote, signCheckpoint } from "@strongroom/protocol";
import { initStore, openStore } from "@strongroom/store";
import { madeFacts } from "../support/made-facts.ts";
import { type StorePlace, storePlace } from "../support/test-store.ts";

const SLOT_BYTES = 4096;
const FILES = ["journal.db", "index.db", "state.db", "keyring.json", "head.anchor"];

async function appendTo(place: StorePlace, from: number, count: number): Promise<void> {
  const store = await openStore(place);
  await store.appendBatch(madeFacts(from, count).map((bytes) => ({ bytes })));
  await store.close();
}

/** A closed store and a copy of its files as they are now. */
async function storeAndCopy(t: TestContext): Promise<{ place: StorePlace; copy: string }> {
  const place = storePlace(t);
  await appendTo(place, 0, 100);
  const copy = `${place.path}-copy`;
  t.after(() => rmSync(copy, { recursive: true, force: true }));
  cpSync(place.path, copy, { recursive: true });
  return { place, copy };
}

/** Writes old contents into the same files, so that they do not look like a copy of a store. */
function putBack(from: string, place: StorePlace, names: readonly string[]): void {
  for (const name of names) {
    for (const suffix of ["-wal", "-shm"]) rmSync(join(place.path, name + suffix), { force: true });
    copyFileSync(join(from, name), join(place.path, name));
  }
}

test("a store whose anchor signed another history is STORE_FORKED", async (t) => {
  const { place, copy } = await storeAndCopy(t);
  await appendTo(place, 1000, 50);
  const anchor = join(copy, "anchor-of-the-other");
  copyFileSync(join(place.path, "head.anchor"), anchor);
  putBack(copy, place, FILES);
  // As long as the other one, so that only its root tells.
  await appendTo(place, 2000, 50);
  copyFileSync(anchor, join(place.path, "head.anchor"));
  await assert.rejects(openStore(place), { code: "STORE_FORKED" });
});

test("an anchor whose note another key signed is ANCHOR_DAMAGED", async (t) => {
  const { place } = await storeAndCopy(t);
  const path = join(place.path, "head.anchor");
  const anchor = readFileSync(path);
  for (const slot of [anchor.subarray(0, SLOT_BYTES), anchor.subarray(SLOT_BYTES)]) {
    const noteEnd = 31 + slot.readUInt16BE(29);
    const head = parseCheckpoint(parseNote(slot.subarray(31, noteEnd)).text);
    const note = signCheckpoint(head, [ed25519Signer(head.origin, new Uint8Array(32).fill(9))]);
    assert.equal(note.length, noteEnd - 31, "whatever follows stays in its place");
    slot.set(note, 31);
    const end = noteEnd + 1 + slot.readUInt8(noteEnd) * 40;
    createHash("sha256").update(slot.subarray(0, end)).digest().copy(slot, end);
  }
  writeFileSync(path, anchor);
  await assert.rejects(openStore(place), { code: "ANCHOR_DAMAGED", message: /not signed by/ });
});

test("a state.db that is ahead of the journal is STATE_FOREIGN", async (t) => {
  const { place, copy } = await storeAndCopy(t);
  await appendTo(place, 1000, 50);
  putBack(
    copy,
    place,
    FILES.filter((name) => name !== "state.db"),
  );
  await assert.rejects(openStore(place), { code: "STATE_FOREIGN" });
});

test("a copied folder opens as standby and takes nothing", async (t) => {
  const { place, copy } = await storeAndCopy(t);
  const store = await openStore({ ...place, path: copy });
  assert.equal(store.status().state, "standby");
  await assert.rejects(store.append(madeFacts(5000, 1)[0] ?? new Uint8Array()), {
    code: "STANDBY",
  });
  const fact = await store.get({ index: 1 });
  assert.equal(fact.index, 1, "reads are answered");
  await store.close();
});

test("init refuses a folder that has a store, with STORE_EXISTS", async (t) => {
  const { place } = await storeAndCopy(t);
  await assert.rejects(initStore(place), { code: "STORE_EXISTS" });
});
