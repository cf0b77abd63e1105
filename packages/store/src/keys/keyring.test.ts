import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, beforeEach, test } from "node:test";
import { StoreError, type StoreErrorCode } from "../errors.ts";
import { canonicalJson } from "./jcs.ts";
import { type KeySource, readKeySource } from "./key-source.ts";
import {
  addSlot,
  checkGeneration,
  createKeyring,
  exportFileKey,
  fileKey,
  markStandby,
  type OpenedKeyring,
  type OpenKeyringOptions,
  openKeyring,
  openSealed,
  removeSlot,
  renewSalt,
} from "./keyring.ts";
import { type Keyring, keyringDigest, writeKeyring } from "./keyring-file.ts";
import { ARGON2_DEFAULT, type Argon2Parameters } from "./slots.ts";

const root = mkdtempSync(join(tmpdir(), "strongroom-keyring-"));
after(() => rmSync(root, { recursive: true }));
let folder = root;
let path = "";
beforeEach(() => {
  folder = mkdtempSync(join(root, "t"));
  path = join(folder, "keyring.json");
});

const cheap = { t: 1, m: 19 * 1024, p: 1 };
const bytes32 = new Uint8Array(32).fill(5);
const key = () => readKeySource(bytes32, {});
const otherKey = () => readKeySource(new Uint8Array(32).fill(6), {});
const pass = (text: string) => readKeySource("passphrase-env://P", { P: text });
const none = () => readKeySource("none://", {});

async function created(source: KeySource, cipher: Keyring["cipher"] = "aegis256") {
  const opened = await createKeyring({ cipher, source, argon2: cheap });
  writeKeyring(path, opened.keyring);
  return opened;
}

async function refused(
  source: KeySource,
  code: StoreErrorCode,
  options: OpenKeyringOptions = {},
): Promise<StoreError> {
  try {
    await openKeyring(path, source, options);
  } catch (error) {
    assert.ok(error instanceof StoreError);
    assert.equal(error.code, code, error.message);
    assert.ok(
      source.secret.every((byte) => byte === 0),
      "the secret is wiped",
    );
    return error;
  }
  return assert.fail("the keyring was accepted");
}

/** Writes members that the API would not write. */
function edit(keyring: Keyring, change: object): void {
  writeFileSync(path, `${canonicalJson({ ...keyring, ...change } as never)}\n`);
}

test("opens with the key it was made with and hands out the same keys", async () => {
  const made = await created(key());
  const source = key();
  const opened = await openKeyring(path, source);
  assert.deepEqual(opened, made);
  assert.deepEqual(source.secret, new Uint8Array(32));
  assert.deepEqual(openSealed(opened), openSealed(made));
  assert.equal(opened.keyring.generation, 1);
  assert.equal(exportFileKey(opened, "journal").length, 64);
  assert.notDeepEqual(fileKey(opened, "journal"), fileKey(opened, "state"));
  assert.throws(() => fileKey(opened, "scopes"), hasCode("KEYRING_MALFORMED"));
});

test("writes mode 0600 and leaves no temporary file", async () => {
  const { keyring } = await created(key());
  writeKeyring(path, keyring);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.deepEqual(readdirSync(folder), ["keyring.json"]);
  const text = readFileSync(path, "utf8").slice(0, -1);
  assert.deepEqual(keyringDigest(keyring), sha256(text));
  assert.throws(() => writeKeyring(join(folder, "no", "keyring.json"), keyring), StoreError);
});

test("opens with a passphrase under the default Argon2id cost", async () => {
  const opened = await createKeyring({ cipher: "sqlcipher", source: pass("correct horse") });
  writeKeyring(path, opened.keyring);
  const parameters: Partial<Argon2Parameters> = opened.keyring.slots[0]?.parameters ?? {};
  const { m, p, t, salt } = parameters;
  assert.deepEqual({ t, m, p }, ARGON2_DEFAULT);
  assert.deepEqual(ARGON2_DEFAULT, { t: 3, m: 65536, p: 4 });
  assert.equal(Buffer.from(String(salt), "base64").length, 16);
  assert.deepEqual(await openKeyring(path, pass("correct horse")), opened);
  await refused(pass("correct horse "), "WRONG_KEY");
});

test("tells wrong key, no key and not encrypted apart", async () => {
  await created(key());
  await refused(otherKey(), "WRONG_KEY");
  await refused(pass("a passphrase"), "WRONG_KEY");
  await refused(none(), "KEY_REQUIRED");
  await created(none(), "none");
  await refused(key(), "NOT_ENCRYPTED");
  await refused(pass("a passphrase"), "NOT_ENCRYPTED");
});

test("opens a slot of kind none only when the setting says none://", async () => {
  const opened = await created(none(), "none");
  assert.equal(opened.keyring.slots[0]?.kind, "none");
  assert.deepEqual(await openKeyring(path, none()), opened);
  await assert.rejects(created(none(), "aegis256"), hasCode("CIPHER_MISMATCH"));
  const encrypted = await createKeyring({ cipher: "aegis256", source: key() });
  await assert.rejects(addSlot(encrypted, none()), hasCode("CIPHER_MISMATCH"));
  edit(encrypted.keyring, { slots: opened.keyring.slots });
  await refused(none(), "KEYRING_MALFORMED");
});

test("keeps cipher and key source apart: plaintext files, sealed secrets", async () => {
  await created(key(), "none");
  await openKeyring(path, key());
  await refused(none(), "KEY_REQUIRED");
  await refused(otherKey(), "WRONG_KEY");
});

test("tells a missing keyring from a folder without a store", async () => {
  await refused(key(), "NOT_A_STORE");
  writeFileSync(join(folder, "journal.db"), "");
  await refused(key(), "KEYRING_MISSING");
});

test("names another store's keyring and another cipher than the configured one", async () => {
  const { keyring } = await created(key());
  const error = await refused(key(), "KEYRING_FOREIGN", { expectedStoreId: "another" });
  assert.equal(error.metadata.storeId, keyring.storeId);
  await refused(key(), "CIPHER_MISMATCH", { expectedCipher: "sqlcipher" });
  const expected = { expectedStoreId: keyring.storeId, expectedCipher: keyring.cipher };
  await openKeyring(path, key(), expected);
});

test("refuses every edit of a member that the key still opens", async () => {
  const { keyring } = await created(key());
  const foreign = await createKeyring({ cipher: "aegis256", source: key() });
  const edits = [
    { cipher: "none" },
    { cipher: "sqlcipher" },
    { generation: 2 },
    { salts: foreign.keyring.salts },
    { sealed: foreign.keyring.sealed },
    { mac: foreign.keyring.mac },
    { standby: true },
    { slots: [...keyring.slots, ...foreign.keyring.slots] },
  ];
  for (const change of edits) {
    edit(keyring, change);
    await refused(key(), "KEYRING_EDITED");
  }
  edit(keyring, { slots: foreign.keyring.slots });
  await refused(key(), "WRONG_KEY");
  edit(keyring, { storeId: foreign.keyring.storeId });
  await refused(key(), "WRONG_KEY");
});

test("never accepts the file with any bit flipped, any byte cut or doubled", async () => {
  await created(key());
  const good = readFileSync(path);
  const codes = new Map<string, number>();
  const attempt = async (bytes: Uint8Array) => {
    writeFileSync(path, bytes);
    try {
      await openKeyring(path, key());
    } catch (error) {
      assert.ok(error instanceof StoreError);
      assert.match(error.code, /^(KEYRING_(EDITED|MALFORMED)|WRONG_KEY)$/);
      codes.set(error.code, (codes.get(error.code) ?? 0) + 1);
      return;
    }
    assert.fail("an edited keyring was accepted");
  };
  for (let at = 0; at < good.length; at++) {
    for (let bit = 0; bit < 8; bit++) {
      const edited = Buffer.from(good);
      edited.writeUInt8(good.readUInt8(at) ^ (1 << bit), at);
      await attempt(edited);
    }
    await attempt(Buffer.concat([good.subarray(0, at), good.subarray(at + 1)]));
    await attempt(Buffer.concat([good.subarray(0, at + 1), good.subarray(at)]));
  }
  assert.deepEqual([...codes.keys()].sort(), ["KEYRING_EDITED", "KEYRING_MALFORMED", "WRONG_KEY"]);
  writeFileSync(path, good);
  await openKeyring(path, key());
});

test("refuses every edit of a passphrase slot's parameters", async () => {
  await created(pass("correct horse"));
  const good = readFileSync(path);
  const from = good.indexOf('"parameters"');
  const until = good.indexOf('"wrapped"');
  for (let at = from; at < until; at++) {
    const edited = Buffer.from(good);
    edited.writeUInt8(good.readUInt8(at) ^ 1, at);
    writeFileSync(path, edited);
    await assert.rejects(openKeyring(path, pass("correct horse")), (error: unknown) => {
      assert.ok(error instanceof StoreError);
      assert.match(error.code, /^(KEYRING_(EDITED|MALFORMED)|KDF_LIMITS|WRONG_KEY)$/);
      return true;
    });
  }
});

test("refuses the same content in another form: spaces, order, doubled members, BOM", async () => {
  await created(key());
  const text = readFileSync(path, "utf8");
  const value = JSON.parse(text) as Record<string, unknown>;
  const reversed = Object.fromEntries(Object.entries(value).reverse());
  const forms = [
    JSON.stringify(value, null, 2),
    `${JSON.stringify(reversed)}\n`,
    text.replace("{", '{"cipher":"none",'),
    `\ufeff${text}`,
    text.trimEnd(),
    `${text}\n`,
    text.replace("generation", "\\u0067eneration"),
    text.replace('"generation":1', '"generation":1.0'),
  ];
  for (const form of forms) {
    writeFileSync(path, form);
    await refused(key(), "KEYRING_MALFORMED");
  }
});

test("refuses what is not a keyring without quoting it", async () => {
  const { keyring } = await created(key());
  const slot = keyring.slots[0];
  const files = [
    "",
    "null\n",
    "[]\n",
    "{}\n",
    "SECRETSECRET",
    Uint8Array.of(0xff, 0xfe),
    new Uint8Array(64 * 1024 + 1).fill(32),
  ];
  for (const file of files) {
    writeFileSync(path, file);
    const error = await refused(key(), "KEYRING_MALFORMED");
    assert.ok(!JSON.stringify([error.message, String(error.cause)]).includes("SECRET"));
  }
  const edits = [
    { slots: [] },
    { slots: Array.from({ length: 17 }, (_, n) => ({ ...slot, id: `${n}`.padStart(16, "0") })) },
    { slots: [slot, slot] },
    { slots: [{ ...slot, kind: "other" }] },
    { slots: [{ ...slot, extra: 1 }] },
    { salts: { journal: keyring.salts.journal } },
    { salts: { ...keyring.salts, other: keyring.salts.journal } },
    { salts: { ...keyring.salts, journal: "AAAA" } },
    { generation: 0 },
    { cipher: "rot13" },
    { storeId: "a/../b" },
    { standby: false },
    { extra: "x" },
  ];
  for (const change of edits) {
    edit(keyring, change);
    await refused(key(), "KEYRING_MALFORMED");
  }
});

test("refuses Argon2id parameters out of bounds before the KDF runs", async () => {
  const { keyring } = await created(pass("correct horse"));
  const slot = keyring.slots[0];
  const parameters = slot?.parameters;
  const edits = [
    { t: 0 },
    { t: 11 },
    { m: 19 * 1024 - 1 },
    { m: 2 ** 20 + 1 },
    { p: 0 },
    { p: 17 },
  ];
  const startMs = performance.now();
  for (const change of edits) {
    edit(keyring, { slots: [{ ...slot, parameters: { ...parameters, ...change } }] });
    await refused(pass("correct horse"), "KDF_LIMITS");
    const argon2 = { ...cheap, ...change };
    const creation = createKeyring({ cipher: "aegis256", source: pass("x"), argon2 });
    await assert.rejects(creation, hasCode("KDF_LIMITS"));
  }
  assert.ok(performance.now() - startMs < 1000);
});

test("adds and removes slots, one generation each, and keeps the last one", async () => {
  let opened: OpenedKeyring = await created(key());
  const { dataKey } = opened;
  const first = opened.keyring.slots[0]?.id ?? "";
  opened = { dataKey, keyring: await addSlot(opened, pass("correct horse"), cheap) };
  writeKeyring(path, opened.keyring);
  assert.deepEqual((await openKeyring(path, key())).dataKey, dataKey);
  assert.deepEqual((await openKeyring(path, pass("correct horse"))).dataKey, dataKey);
  opened = { dataKey, keyring: removeSlot(opened, first) };
  writeKeyring(path, opened.keyring);
  assert.equal(opened.keyring.generation, 3);
  await refused(key(), "WRONG_KEY");
  assert.throws(() => removeSlot(opened, first), hasCode("NOT_FOUND"));
  const last = opened.keyring.slots[0]?.id ?? "";
  assert.throws(() => removeSlot(opened, last), hasCode("INVALID_ARGUMENT"));
  for (let n = 1; n < 16; n++) opened = { dataKey, keyring: await addSlot(opened, key()) };
  await assert.rejects(addSlot(opened, key()), hasCode("INVALID_ARGUMENT"));
});

test("renews a file's salt and sets and clears the standby mark", async () => {
  const opened = await created(key());
  const renewed = renewSalt(opened, "index");
  assert.notEqual(renewed.salts.index, opened.keyring.salts.index);
  assert.equal(renewed.salts.journal, opened.keyring.salts.journal);
  assert.equal(renewSalt(opened, "scopes").salts.scopes?.length, 44);
  const standby = markStandby(opened, true);
  assert.equal(standby.standby, true);
  const cleared = markStandby({ ...opened, keyring: standby }, false);
  assert.ok(!("standby" in cleared));
  assert.equal(cleared.generation, 3);
  writeKeyring(path, cleared);
  await openKeyring(path, key());
});

test("carries the sealed section over to a copy under a new data key", async () => {
  const opened = await created(key());
  const sealed = openSealed(opened);
  const source = otherKey();
  const copy = await createKeyring({ cipher: "sqlcipher", source, sealed, standby: true });
  assert.notDeepEqual(copy.dataKey, opened.dataKey);
  assert.deepEqual(openSealed(copy), sealed);
  assert.equal(copy.keyring.standby, true);
});

test("refuses an older keyring than the log knows", async () => {
  const { keyring } = await created(key());
  checkGeneration(keyring, 1);
  assert.throws(() => checkGeneration(keyring, 2), hasCode("KEYRING_ROLLED_BACK"));
});

test("opens a keyring that was written before: the format is frozen", async () => {
  writeFileSync(path, FROZEN);
  const opened = await openKeyring(path, key());
  assert.equal(Buffer.from(opened.dataKey).toString("hex"), FROZEN_DATA_KEY);
  assert.equal(exportFileKey(opened, "journal"), FROZEN_JOURNAL_KEY);
  const { dataKey } = await openKeyring(path, pass("correct horse"));
  assert.deepEqual(dataKey, opened.dataKey);
  openSealed(opened);
});

const FROZEN = `${[
  '{"cipher":"aegis256","generation":2,"mac":"SlVYRLP6zYP25JitsACtVUqeLzNAeYJlpq0vME+Mrm0="',
  ',"salts":{"index":"G0QdK0nzIqsIz9uNIbttpW+WqOQPVgdnk3/Ecx6oMUs=","journal":"8Xo7NNzFMdfx',
  'NQ5RnvnuOzX2B5NAaVNVbW5RdDcBxR4=","state":"083GCGI4KOj6VuR3JNDPdD1btoUEp0NPFCmwLBVahEA="',
  '},"sealed":"yrE4vlVn1XL8+xS7zRpKNdyC5GuHChZosjUxhZ+zWqdGo14qR9XSe9qMCzkNiAtiaPla/SxQ9O3U',
  "Pfn6CP4nnaUGkywNrPazdu+/UeJ+2OjsOjFwsGGkpRvmQnLsvPDLzeI4ToLbdfzITP4YGx33l2xzkbBdhFm8Xi2K",
  '2f0=","slots":[{"id":"41f6e1cbb9468ab2","kind":"key","parameters":{},"wrapped":"s/Ha5YD+',
  'LTCAx+xPTSqVEHQB9Ko60aS0UveprWZmRP2Y8q0YZ4vYqOugAeC0B6mtT31l7XgVbw+XQHIe"},{"id":"ae4f9c',
  '3f664cc1bb","kind":"passphrase","parameters":{"m":19456,"p":1,"salt":"J/aGbwWU44leKmxCS3',
  'H/lw==","t":1},"wrapped":"yekrRSJ3prANFZSi2dObCe3fJBmH1R3BTqHP1fcs4bU3ejZa/WexjZqrqEoTW3',
  's4Ix7DqwvFcI3Tbzy2"}],"storeId":"00000000-0000-4000-8000-000000000001"}',
].join("")}\n`;
const FROZEN_DATA_KEY = "11ac3d104f5b14e4bb5ebaca4b7c15618217e40fabb3598138b9dcf4d2938733";
const FROZEN_JOURNAL_KEY = "a1644da82e983cd3c2826532fb64463108da621311a71ff3514bff0c6dfdfe50";

function sha256(text: string): Uint8Array {
  return new Uint8Array(createHash("sha256").update(text).digest());
}

function hasCode(code: StoreErrorCode): (error: unknown) => boolean {
  return (error) => error instanceof StoreError && error.code === code;
}
