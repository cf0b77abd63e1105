import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";
import { StoreError } from "../errors.ts";
import { encodeAad, openBox, openSecret, sealBox, sealSecret } from "./box.ts";
import {
  deriveFileKey,
  deriveKeyringMacKey,
  deriveRootKeys,
  deriveSealedKey,
  FILE_ROLES,
} from "./derive.ts";
import { newSealedSection, openSection, sealSection, wipeSection } from "./sealed.ts";

const key = new Uint8Array(32).fill(7);
const salt = new Uint8Array(32).fill(9);

/** HKDF of RFC 5869 for one block, written out. */
function hkdf(secret: Uint8Array, salt: Uint8Array, info: string): Uint8Array {
  const extractKey = salt.length === 0 ? new Uint8Array(32) : salt;
  const prk = createHmac("sha256", extractKey).update(secret).digest();
  const block = createHmac("sha256", prk).update(info).update(Uint8Array.of(1)).digest();
  return new Uint8Array(block);
}

test("derives each key with the info that formats.md gives", () => {
  const none = new Uint8Array(0);
  assert.deepEqual(deriveKeyringMacKey(key), hkdf(key, none, "strongroom/keyring-mac/v1"));
  assert.deepEqual(deriveSealedKey(key), hkdf(key, none, "strongroom/sealed/v1"));
  for (const role of FILE_ROLES) {
    const expected = hkdf(key, salt, `strongroom/file/v1/${role}`);
    assert.deepEqual(deriveFileKey(key, salt, role), expected);
  }
  const root = deriveRootKeys(key);
  assert.deepEqual(root.tokenHash, hkdf(key, none, "strongroom/token-hash/v1"));
  assert.deepEqual(root.pageToken, hkdf(key, none, "strongroom/page-token/v1"));
  assert.deepEqual(root.secretBox, hkdf(key, none, "strongroom/secret-box/v1"));
});

test("opens a box only with its key and AAD, and no changed byte", () => {
  const plain = new TextEncoder().encode("a secret of one row");
  const aad = encodeAad(["store", "row"]);
  const box = sealBox(key, plain, aad);
  assert.equal(box.length, 12 + plain.length + 16);
  assert.deepEqual(openBox(key, box, aad), plain);
  assert.equal(openBox(salt, box, aad), undefined);
  assert.equal(openBox(key, box, encodeAad(["store", "row2"])), undefined);
  for (let n = 0; n < box.length; n++) {
    const edited = Uint8Array.from(box);
    edited[n] = (edited[n] ?? 0) ^ 1;
    assert.equal(openBox(key, edited, aad), undefined);
    assert.equal(openBox(key, box.subarray(0, n), aad), undefined);
  }
  assert.notDeepEqual(sealBox(key, plain, aad), box);
});

test("keeps parts of the AAD apart by their lengths", () => {
  assert.notDeepEqual(encodeAad(["ab", "c"]), encodeAad(["a", "bc"]));
  assert.deepEqual(encodeAad(["é", ""]), Uint8Array.of(0, 2, 0xc3, 0xa9, 0, 0));
  assert.throws(() => encodeAad(["x".repeat(65536)]), RangeError);
});

test("opens a secret box only in the place it was sealed for", () => {
  const place = { storeId: "s", table: "subscription", rowId: "1", purpose: "webhook" };
  const secret = new Uint8Array(24).fill(3);
  const box = sealSecret(key, place, secret);
  assert.deepEqual(openSecret(key, place, box), secret);
  for (const member of ["storeId", "table", "rowId", "purpose"]) {
    assert.equal(openSecret(key, { ...place, [member]: "other" }, box), undefined);
  }
});

test("seals the seeds and the root secret under the data key and the store id", () => {
  const section = newSealedSection();
  const box = sealSection(key, "store", section);
  assert.equal(box.length, 12 + 97 + 16);
  assert.deepEqual(openSection(key, "store", box), section);
  const isEdited = (error: unknown) =>
    error instanceof StoreError && error.code === "KEYRING_EDITED";
  assert.throws(() => openSection(salt, "store", box), isEdited);
  assert.throws(() => openSection(key, "other", box), isEdited);
  wipeSection(section);
  assert.deepEqual(section.rootSecret, new Uint8Array(32));
});
