// The journal's schema, the files as a whole, and the head anchor slot by slot.
import { createHash } from "node:crypto";
import { rmSync, truncateSync } from "node:fs";
import { ed25519Signer, signCheckpoint } from "@strongroom/protocol";
import type { TamperCase } from "./tamper-case.ts";
import type { TamperedStore } from "./tampered-store.ts";

const SLOT = 4096;
const NOTE_AT = 31;
const TRIGGER = "entry_no_update";

function ddl(what: string, script: string, found: TamperCase["found"]): TamperCase {
  const change = (store: TamperedStore) =>
    store.journal((db) => db.exec(script), { keepTriggers: true });
  return { part: "schema of journal.db", what, change, found };
}

const schemas: TamperCase[] = [
  ddl("a trigger dropped", `DROP TRIGGER ${TRIGGER}`, {
    alarms: ["standby SCHEMA_CHANGED", "SCHEMA_CHANGED"],
    verify: ["SCHEMA_CHANGED 0"],
  }),
  ddl(
    "a trigger that no longer fails",
    `DROP TRIGGER ${TRIGGER}; CREATE TRIGGER ${TRIGGER} BEFORE UPDATE ON entry BEGIN SELECT 1; END`,
    { alarms: ["standby SCHEMA_CHANGED", "SCHEMA_CHANGED"], verify: ["SCHEMA_CHANGED 0"] },
  ),
  ddl("a trigger added", "CREATE TRIGGER extra AFTER INSERT ON entry BEGIN DELETE FROM tile; END", {
    alarms: ["standby SCHEMA_CHANGED", "SCHEMA_CHANGED"],
    verify: ["SCHEMA_CHANGED 0"],
  }),
  ddl("a table added", "CREATE TABLE extra(a)", {
    alarms: ["standby SCHEMA_CHANGED", "SCHEMA_CHANGED"],
    verify: ["SCHEMA_CHANGED 0"],
  }),
  ddl("a view added", "CREATE VIEW extra AS SELECT 1", {
    alarms: ["standby SCHEMA_CHANGED", "SCHEMA_CHANGED"],
    verify: ["SCHEMA_CHANGED 0"],
  }),
  ddl("an index added", "CREATE INDEX extra ON entry(body)", {
    alarms: ["standby SCHEMA_CHANGED", "SCHEMA_CHANGED"],
    verify: ["SCHEMA_CHANGED 0"],
  }),
  ddl("a column added", "ALTER TABLE entry ADD COLUMN extra", {
    alarms: ["standby SCHEMA_CHANGED", "SCHEMA_CHANGED"],
    verify: ["SCHEMA_CHANGED 0"],
  }),
  ddl("a column renamed", "ALTER TABLE checkpoint RENAME COLUMN note TO notes", {
    open: "SCHEMA_CHANGED",
  }),
  ddl("statistics added", "ANALYZE", {
    alarms: ["standby SCHEMA_CHANGED", "SCHEMA_CHANGED"],
    verify: ["SCHEMA_CHANGED 0"],
  }),
  ddl("another version", "PRAGMA user_version = 3", { open: "SCHEMA_UNSUPPORTED" }),
  ddl("another application id", "PRAGMA application_id = 1", { open: "NOT_A_STORE" }),
];

function file(what: string, found: TamperCase["found"], change: TamperCase["change"]): TamperCase {
  return { part: "journal.db", what, change, found };
}

const files: TamperCase[] = [
  file("an older copy put back", { open: "STORE_ROLLED_BACK" }, (store) =>
    store.restore(store.older, ["journal.db"]),
  ),
  file("an older copy put back with its state and index", { open: "STORE_ROLLED_BACK" }, (store) =>
    store.restore(store.older, ["journal.db", "state.db", "index.db"]),
  ),
  file("cut by a page", { open: "TRUNCATED_FILE" }, (store) => cut(store, 4096)),
  file("cut to nothing", { open: "TRUNCATED_FILE" }, (store) =>
    truncateSync(store.file("journal.db"), 0),
  ),
  file("deleted", { open: "NOT_A_STORE" }, (store) => store.takeJournalAway()),
];

function cut(store: TamperedStore, bytes: number): void {
  store.edit("journal.db", (all) => all.subarray(0, all.length - bytes));
}

function anchor(what: string, found: TamperCase["found"], change: (all: Buffer) => Buffer) {
  return {
    part: "head.anchor",
    what,
    change: (store) => store.edit("head.anchor", change),
    found,
  } satisfies TamperCase;
}

/** Edits one slot and makes its checksum fit again. */
function inSlot(which: "newer" | "older", edit: (slot: Buffer) => void) {
  return (all: Buffer): Buffer => {
    const slots = [all.subarray(0, SLOT), all.subarray(SLOT, 2 * SLOT)];
    slots.sort((a, b) => Number(b.readBigUInt64BE(8) - a.readBigUInt64BE(8)));
    const slot = slots[which === "newer" ? 0 : 1] as Buffer;
    edit(slot);
    const noteEnd = NOTE_AT + slot.readUInt16BE(29);
    const end = noteEnd + 1 + slot.readUInt8(noteEnd) * 40;
    createHash("sha256").update(slot.subarray(0, end)).digest().copy(slot, end);
    return all;
  };
}

/** Puts a note of the same length into a slot: same origin, size and root, another key. */
function signAgain(slot: Buffer): void {
  const length = slot.readUInt16BE(29);
  const [origin = "", size = "", root = ""] = slot.toString("utf8", NOTE_AT).split("\n");
  const content = { origin, size: BigInt(size), root: Buffer.from(root, "base64") };
  const note = signCheckpoint(content, [ed25519Signer(origin, new Uint8Array(32).fill(9))]);
  if (note.length !== length) throw new Error("the note has another length");
  slot.set(note, NOTE_AT);
}

const anchors: TamperCase[] = [
  {
    part: "head.anchor",
    what: "deleted",
    change: (store) => rmSync(store.file("head.anchor")),
    found: { open: "ANCHOR_MISSING" },
  },
  {
    part: "head.anchor",
    what: "an older copy put back",
    change: (store) => store.restore(store.older, ["head.anchor"]),
    found: { open: "STORE_FORKED" },
  },
  anchor("emptied", { open: "ANCHOR_DAMAGED" }, (all) => all.fill(0)),
  anchor("longer by a byte", { open: "ANCHOR_DAMAGED" }, (all) =>
    Buffer.concat([all, Buffer.of(0)]),
  ),
  anchor("newer slot: a byte", { alarms: ["ANCHOR_DAMAGED"] }, (all) => flip(all, "newer")),
  anchor("older slot: a byte", { alarms: ["ANCHOR_DAMAGED"] }, (all) => flip(all, "older")),
  anchor("both slots: a byte", { open: "ANCHOR_DAMAGED" }, (all) =>
    flip(flip(all, "newer"), "older"),
  ),
  anchor(
    "older slot: numbered as the newer one",
    { open: "ANCHOR_DAMAGED" },
    inSlot("older", (slot) => slot.writeBigUInt64BE(999n, 8)),
  ),
  anchor(
    "newer slot: its note signed by another key",
    { open: "ANCHOR_DAMAGED" },
    inSlot("newer", signAgain),
  ),
  anchor(
    "newer slot: another inode",
    { alarms: ["standby STANDBY"] },
    inSlot("newer", (slot) => slot.writeBigUInt64BE(1n, 21)),
  ),
  anchor(
    "newer slot: not closed in order, under a lag",
    { alarms: ["HEAD_UNCERTAIN"] },
    inSlot("newer", (slot) => {
      slot.writeUInt8(0, 16);
      slot.writeUInt32BE(1000, 17);
    }),
  ),
  anchor(
    "newer slot: another digest of the checkpoints",
    { verify: ["CHECKPOINT_WRONG 0"] },
    inSlot("newer", (slot) => slot.fill(7, sidesAt(slot) + 8, sidesAt(slot) + 40)),
  ),
  anchor(
    "newer slot: another digest of the key events",
    { open: "STORE_FORKED" },
    inSlot("newer", (slot) => slot.fill(7, sidesAt(slot) + 88, sidesAt(slot) + 120)),
  ),
];

function sidesAt(slot: Buffer): number {
  return NOTE_AT + slot.readUInt16BE(29) + 1;
}

/** One byte of a note, with the checksum left as it was. */
function flip(all: Buffer, which: "newer" | "older"): Buffer {
  const [first, second] = [all.readBigUInt64BE(8), all.readBigUInt64BE(SLOT + 8)];
  const start = first > second === (which === "newer") ? 0 : SLOT;
  all.writeUInt8(all.readUInt8(start + 40) ^ 1, start + 40);
  return all;
}

export const fileCases: readonly TamperCase[] = [...schemas, ...files, ...anchors];
