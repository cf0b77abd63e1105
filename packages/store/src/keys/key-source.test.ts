import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { StoreError, type StoreErrorCode } from "../errors.ts";
import { type Environment, readKeySource } from "./key-source.ts";

const folder = mkdtempSync(join(tmpdir(), "strongroom-key-source-"));
after(() => rmSync(folder, { recursive: true }));

const key = Uint8Array.from({ length: 32 }, (_, n) => n + 1);
const hex = Buffer.from(key).toString("hex");

function secretFile(name: string, content: Uint8Array | string, mode = 0o600): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  chmodSync(path, mode);
  return path;
}

function refused(source: Uint8Array | string, code: StoreErrorCode, env: Environment = {}): string {
  let message = "";
  assert.throws(
    () => readKeySource(source, env),
    (error: unknown) => {
      assert.ok(error instanceof StoreError);
      assert.equal(error.code, code, error.message);
      message = error.message;
      const shown = JSON.stringify([error.message, error.metadata]);
      for (const value of Object.values(env)) if (value) assert.ok(!shown.includes(value));
      return true;
    },
  );
  return message;
}

test("takes 32 raw bytes as a copy", () => {
  const source = readKeySource(key, {});
  assert.equal(source.kind, "raw");
  assert.deepEqual(source.secret, key);
  source.secret.fill(0);
  assert.equal(key[0], 1);
});

test("says how many bytes were given instead of 32", () => {
  for (const length of [0, 1, 16, 31, 33, 64]) {
    const message = refused(new Uint8Array(length), "KEY_LENGTH");
    assert.match(message, new RegExp(`want 32 bytes, got ${length}$`));
  }
});

test("takes a variable of 64 hex digits or base64 of 32 bytes", () => {
  for (const value of [hex, hex.toUpperCase(), Buffer.from(key).toString("base64"), `${hex}\n`]) {
    const source = readKeySource("env://MY_KEY", { MY_KEY: value });
    assert.deepEqual({ ...source }, { kind: "env", secret: key, label: "env://MY_KEY" });
  }
});

test("refuses a variable of any other length without repeating it", () => {
  const bad = [hex.slice(1), `${hex}0`, "c2hvcnQ=", `${"A".repeat(42)}B=`, "not a key at all!"];
  for (const value of bad) refused("env://MY_KEY", "KEY_LENGTH", { MY_KEY: value });
});

test("names the variable that is not set", () => {
  assert.match(refused("env://MY_KEY", "KEY_SOURCE_UNAVAILABLE"), /env:\/\/MY_KEY/);
  refused("passphrase-env://MY_PASS", "KEY_SOURCE_UNAVAILABLE", { MY_PASS: "" });
});

test("never repeats a key that was pasted where a name or scheme belongs", () => {
  const pasted = "a1".repeat(32);
  for (const text of [
    pasted,
    `env://${pasted}`,
    `env://K${pasted}`,
    `${pasted}://x`,
    `hex:${pasted}`,
    "",
  ]) {
    const message = refused(text, "KEY_SOURCE_INVALID");
    assert.ok(!message.includes(pasted));
  }
});

test("names the known schemes when the scheme is unknown", () => {
  const message = refused("vault9://mount/key", "KEY_SOURCE_INVALID");
  for (const scheme of ["env://", "passphrase-env://", "passphrase-file://", "file://", "none://"])
    assert.ok(message.includes(scheme));
});

test("takes a file of 32 raw bytes or 64 hex digits", () => {
  for (const content of [key, hex, `${hex}\n`]) {
    const source = readKeySource(`file://${secretFile("key", content)}`, {});
    assert.equal(source.kind, "file");
    assert.deepEqual(source.secret, key);
  }
  for (const length of [0, 31, 33, 4096]) {
    const path = secretFile("short", new Uint8Array(length));
    assert.match(refused(`file://${path}`, "KEY_LENGTH"), new RegExp(`got ${length} bytes`));
  }
  refused(`file://${secretFile("long", new Uint8Array(4097))}`, "KEY_SOURCE_INVALID");
});

test("refuses a file that others may read and says how to fix it", () => {
  for (const mode of [0o640, 0o604, 0o660]) {
    const path = secretFile("open", key, mode);
    assert.match(refused(`file://${path}`, "PERMISSION"), new RegExp(`chmod 600 ${path}`));
    refused(`passphrase-file://${path}`, "PERMISSION");
  }
});

test("refuses folders, missing files and relative paths", () => {
  refused(`file://${folder}`, "KEY_SOURCE_INVALID");
  refused(`file://${folder}/nothing`, "KEY_SOURCE_UNAVAILABLE");
  refused("file://relative/key", "KEY_SOURCE_INVALID");
  refused("passphrase-file://", "KEY_SOURCE_INVALID");
  refused("file:///a%2fb", "KEY_SOURCE_INVALID");
});

test("takes a passphrase as its UTF-8 bytes, from a file without its last newline", () => {
  const expected = new TextEncoder().encode("correct horse ö ");
  const fromEnv = readKeySource("passphrase-env://P", { P: "correct horse ö " });
  assert.equal(fromEnv.kind, "passphrase");
  assert.deepEqual(fromEnv.secret, expected);
  for (const end of ["", "\n", "\r\n"]) {
    const path = secretFile("pass", `correct horse ö ${end}`);
    assert.deepEqual(readKeySource(`passphrase-file://${path}`, {}).secret, expected);
  }
  refused(`passphrase-file://${secretFile("empty", "\n")}`, "KEY_SOURCE_INVALID");
  refused("passphrase-env://P", "KEY_SOURCE_INVALID", { P: "x".repeat(1025) });
});

test("takes none:// and nothing after it", () => {
  const none = { kind: "none", secret: new Uint8Array(0), label: "none://" };
  assert.deepEqual({ ...readKeySource("none://", {}) }, none);
  refused("none://please", "KEY_SOURCE_INVALID");
});
