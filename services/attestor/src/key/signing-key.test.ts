import assert from "node:assert/strict";
import { createPrivateKey, generateKeyPairSync, randomBytes } from "node:crypto";
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { pathToFileURL } from "node:url";
import type { AttestorSettings } from "../settings.ts";
import { openSigningKey } from "./signing-key.ts";

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "strongroom-attestor-key-"));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

const open = (values: Partial<AttestorSettings>, env: Record<string, string> = {}) =>
  openSigningKey(values as AttestorSettings, env);

const hex = randomBytes(32).toString("hex");

for (const [uri, env] of [
  ["env://WRAP", { WRAP: hex }],
  ["passphrase-env://WRAP", { WRAP: "correct horse battery staple" }],
  ["none://", {}],
] as [string, Record<string, string>][]) {
  test(`a key wrapped by ${uri} is made once, found again, and is nobody else's to read`, async (t) => {
    const data = folderOf(t);
    const path = join(data, "attestor.key");
    const made = await open({ data, "signing-key-wrap": uri }, env);
    assert.equal(made.isNew, true);
    assert.equal(statSync(path).mode & 0o777, 0o600);
    const found = await open({ data, "signing-key-wrap": uri }, env);
    assert.equal(found.isNew, false);
    assert.equal(found.id, made.id);
    const file = readFileSync(path, "utf8");
    const der = made.privateKey.export({ format: "der", type: "pkcs8" }).toString("base64");
    assert.equal(file.includes(der), uri === "none://", "in clear only if the operator says so");
  });
}

test("another wrap, or another secret, is SIGNING_KEY_WRONG_WRAP", async (t) => {
  const data = folderOf(t);
  await open({ data, "signing-key-wrap": "env://WRAP" }, { WRAP: hex });
  const others: [string, Record<string, string>][] = [
    ["env://WRAP", { WRAP: randomBytes(32).toString("hex") }],
    ["passphrase-env://WRAP", { WRAP: hex }],
    ["none://", {}],
  ];
  for (const [uri, env] of others) {
    await assert.rejects(open({ data, "signing-key-wrap": uri }, env), {
      code: "SIGNING_KEY_WRONG_WRAP",
    });
  }
});

test("the public half of a key file cannot be exchanged", async (t) => {
  const data = folderOf(t);
  const path = join(data, "attestor.key");
  await open({ data, "signing-key-wrap": "env://WRAP" }, { WRAP: hex });
  const file = JSON.parse(readFileSync(path, "utf8"));
  const { publicKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  file.publicKey = publicKey.export({ format: "pem", type: "spki" });
  writeFileSync(path, JSON.stringify(file));
  await assert.rejects(open({ data, "signing-key-wrap": "env://WRAP" }, { WRAP: hex }), {
    code: "SIGNING_KEY_WRONG_WRAP",
  });
  writeFileSync(path, "{}");
  await assert.rejects(open({ data, "signing-key-wrap": "env://WRAP" }, { WRAP: hex }), {
    code: "SIGNING_KEY_INVALID",
  });
});

test("two that start at once have one key", async (t) => {
  const data = folderOf(t);
  const both = [1, 2].map(() => open({ data, "signing-key-wrap": "none://" }));
  const [one, two] = await Promise.all(both);
  assert.equal(one?.id, two?.id);
});

test("an operator's own key comes from a variable or a private file", async (t) => {
  const data = folderOf(t);
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  const pem = privateKey.export({ format: "pem", type: "pkcs8" }).toString();
  const path = join(data, "own.pem");
  writeFileSync(path, pem, { mode: 0o600 });
  const fromFile = await open({ "signing-key": pathToFileURL(path).href });
  const fromVariable = await open({ "signing-key": "env://OWN" }, { OWN: pem });
  assert.equal(fromFile.id, fromVariable.id);
  chmodSync(path, 0o644);
  await assert.rejects(open({ "signing-key": pathToFileURL(path).href }), {
    code: "SIGNING_KEY_INVALID",
    message: /chmod 600/,
  });
});

test("what is no key, of another curve, or nowhere, is refused without a word of it", async () => {
  const ed25519 = generateKeyPairSync("ed25519").privateKey;
  const curve = generateKeyPairSync("ec", { namedCurve: "secp384r1" }).privateKey;
  const pems = [ed25519, curve].map((key) =>
    key.export({ format: "pem", type: "pkcs8" }).toString(),
  );
  for (const OWN of [...pems, "a secret that is no key"]) {
    await assert.rejects(open({ "signing-key": "env://OWN" }, { OWN }), (error: Error) => {
      assert.equal((error as { code?: string }).code, "SIGNING_KEY_INVALID");
      assert.ok(!String(error.stack).includes("a secret that"));
      return true;
    });
  }
  assert.throws(() => createPrivateKey("a secret that is no key"));
  const unavailable = { code: "SIGNING_KEY_UNAVAILABLE" };
  await assert.rejects(open({ "signing-key": "env://OWN" }), unavailable);
  await assert.rejects(open({ "signing-key": "file:///no/such/file" }), unavailable);
  await assert.rejects(open({}), unavailable);
  await assert.rejects(open({ "signing-key": `env://${hex}` }), (error: Error) => {
    assert.ok(!error.message.includes(hex));
    return true;
  });
});
