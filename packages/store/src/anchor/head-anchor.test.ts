import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, beforeEach, test } from "node:test";
import { StoreError, type StoreErrorCode } from "../errors.ts";
import { ANCHOR_NOTE_BYTES_MAX, type AnchorWrite, HeadAnchor } from "./head-anchor.ts";

const root = mkdtempSync(join(tmpdir(), "strongroom-anchor-"));
after(() => rmSync(root, { recursive: true }));
let path = "";
beforeEach(() => {
  path = join(mkdtempSync(join(root, "t")), "head.anchor");
});

const SLOT = 4096;

function head(n: number, clean = false): AnchorWrite {
  const note = new TextEncoder().encode(`origin\n${n}\nroot\n`);
  const sides = new Uint8Array(2 * 40).fill(n);
  return { note, inode: 2n ** 63n + BigInt(n), clean, lagMs: 1000, sides };
}

function written(...numbers: number[]): Buffer {
  const anchor = HeadAnchor.open(path, { create: true });
  for (const n of numbers) anchor.write(head(n));
  anchor.close();
  return readFileSync(path);
}

function newest(): number | undefined {
  const anchor = HeadAnchor.open(path);
  anchor.close();
  const note = anchor.newest?.note;
  return note && Number(new TextDecoder().decode(note).split("\n")[1]);
}

function hasCode(code: StoreErrorCode): (error: unknown) => boolean {
  return (error) => error instanceof StoreError && error.code === code;
}

test("gives back the newest head with all its members", () => {
  const anchor = HeadAnchor.open(path, { create: true });
  assert.equal(anchor.missing, true);
  assert.equal(anchor.newest, undefined);
  for (let n = 1; n <= 5; n++) anchor.write(head(n, n === 5));
  assert.deepEqual(anchor.newest, { ...head(5, true), sequence: 5 });
  anchor.close();
  const again = HeadAnchor.open(path);
  assert.equal(again.missing, false);
  assert.equal(again.damagedSlot, false);
  assert.deepEqual(again.newest, { ...head(5, true), sequence: 5 });
  again.write(head(6));
  again.close();
  assert.equal(newest(), 6);
});

test("lays a slot out as documented, mode 0600", () => {
  const slot = written(7).subarray(0, SLOT);
  const note = Buffer.from(head(7).note);
  const expected = Buffer.alloc(31);
  expected.write("SRANCHR2", "latin1");
  expected.writeBigUInt64BE(1n, 8);
  expected.writeUInt32BE(1000, 17);
  expected.writeBigUInt64BE(2n ** 63n + 7n, 21);
  expected.writeUInt16BE(note.length, 29);
  const covered = Buffer.concat([expected, note, Buffer.of(2), head(7).sides]);
  assert.deepEqual(slot.subarray(0, covered.length), covered);
  const digest = createHash("sha256").update(covered).digest();
  assert.deepEqual(slot.subarray(covered.length, covered.length + 32), digest);
  assert.equal(statSync(path).size, 2 * SLOT);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.ok(!existsSync(`${path}.tmp`));
});

test("reports a missing file and makes one only when asked to", () => {
  const anchor = HeadAnchor.open(path);
  assert.equal(anchor.missing, true);
  assert.throws(() => anchor.write(head(1)), hasCode("IO_ERROR"));
  anchor.close();
  HeadAnchor.open(path, { create: true }).close();
  assert.ok(!existsSync(path));
});

test("writes into the older slot, so that the head before stays", () => {
  const before = written(1, 2, 3);
  const anchor = HeadAnchor.open(path);
  anchor.write(head(4));
  anchor.close();
  const now = readFileSync(path);
  assert.deepEqual(now.subarray(0, SLOT), before.subarray(0, SLOT));
  assert.notDeepEqual(now.subarray(SLOT), before.subarray(SLOT));
});

test("falls back to the other slot whichever byte of the newest one changed", () => {
  const good = written(1, 2);
  for (let at = SLOT; at < 2 * SLOT; at++) {
    const edited = Buffer.from(good);
    edited.writeUInt8(good.readUInt8(at) ^ 0x40, at);
    writeFileSync(path, edited);
    const anchor = HeadAnchor.open(path);
    assert.equal(anchor.newest?.sequence, 1, `byte ${at}`);
    assert.equal(anchor.damagedSlot, true);
    anchor.close();
  }
});

test("falls back when the newest slot was torn or cut, and repairs it with the next write", () => {
  const good = written(1, 2);
  for (const length of [SLOT, SLOT + 1, SLOT + 40, SLOT + 70]) {
    writeFileSync(path, good.subarray(0, length));
    assert.equal(newest(), 1);
    const torn = Buffer.concat([good.subarray(0, length), Buffer.alloc(2 * SLOT - length)]);
    writeFileSync(path, torn);
    const anchor = HeadAnchor.open(path);
    assert.equal(anchor.newest?.sequence, 1);
    anchor.write(head(9));
    anchor.close();
    assert.equal(newest(), 9);
    assert.deepEqual(readFileSync(path).subarray(0, SLOT), good.subarray(0, SLOT));
  }
});

test("refuses a file without any valid slot", () => {
  const good = written(1, 2);
  const both = Buffer.from(good);
  both.writeUInt8(0, 0);
  both.writeUInt8(0, SLOT);
  const files = [
    both,
    Buffer.alloc(2 * SLOT),
    Buffer.alloc(0),
    good.subarray(0, 40),
    Buffer.concat([good, Buffer.alloc(1)]),
    Buffer.alloc(2 * SLOT, 0xff),
  ];
  for (const file of files) {
    writeFileSync(path, file);
    assert.throws(() => HeadAnchor.open(path), hasCode("ANCHOR_DAMAGED"));
    assert.throws(() => HeadAnchor.open(path, { create: true }), hasCode("ANCHOR_DAMAGED"));
  }
});

test("takes a note up to the limit and refuses a longer one", () => {
  const anchor = HeadAnchor.open(path, { create: true });
  const note = new Uint8Array(ANCHOR_NOTE_BYTES_MAX).fill(65);
  anchor.write({ ...head(1), note });
  assert.equal(ANCHOR_NOTE_BYTES_MAX, 3392);
  const long = new Uint8Array(ANCHOR_NOTE_BYTES_MAX + 1);
  assert.throws(() => anchor.write({ ...head(2), note: long }), RangeError);
  anchor.close();
  assert.deepEqual(HeadAnchor.open(path).newest?.note, note);
});

test("takes no write when opened read-only, after a close or after a failed write", () => {
  written(1);
  const readonly = HeadAnchor.open(path, { readonly: true });
  assert.equal(readonly.newest?.sequence, 1);
  assert.throws(() => readonly.write(head(2)));
  readonly.close();
  const closed = HeadAnchor.open(path);
  closed.close();
  assert.throws(() => closed.write(head(2)), hasCode("IO_ERROR"));
  const folder = join(path, "..", "gone");
  const failing = HeadAnchor.open(join(folder, "head.anchor"), { create: true });
  assert.throws(() => failing.write(head(1)), hasCode("IO_ERROR"));
  assert.throws(() => failing.write(head(1)), /it is not open/);
  assert.equal(failing.newest, undefined);
});
