import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import { concatBytes, toBase64, utf8 } from "../bytes.ts";
import { findEntryOfKey } from "./entry-of-key.ts";
import { makeRekorRequest } from "./rekor-request.ts";

function newKey() {
  const { publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return {
    spki: new Uint8Array(publicKey.export({ format: "der", type: "spki" })),
    pem: publicKey.export({ format: "pem", type: "spki" }).toString(),
  };
}

const ours = newKey();
const theirs = newKey();
const fields = { note: utf8("a note\n"), signature: Uint8Array.of(1, 2, 3) };

for (const version of [1, 2] as const) {
  test(`finds an entry of version ${version} by its key, and what it attests`, () => {
    const request = { version, ...fields, publicKeySpki: ours.spki };
    const { entryBody } = makeRekorRequest(request);
    const found = findEntryOfKey(entryBody, [theirs.spki, ours.spki]);
    assert.match(found?.digest ?? "", /^[0-9a-f]{64}$/);
    assert.equal(findEntryOfKey(entryBody, [theirs.spki]), undefined);
  });
}

test("finds the key in a certificate and in entries that we never make, without a digest", () => {
  const certificate = toBase64(concatBytes(utf8("DER before"), ours.spki, utf8("and after")));
  const pem = `-----BEGIN CERTIFICATE-----\n${certificate}\n-----END CERTIFICATE-----\n`;
  const holders = [certificate, toBase64(utf8(pem)), toBase64(utf8(ours.pem))];
  for (const holder of holders) {
    const entry = { kind: "dsse", spec: { signatures: [{ verifier: { holder } }] } };
    assert.deepEqual(findEntryOfKey(utf8(JSON.stringify(entry)), [ours.spki]), {});
  }
});

test("takes what is no entry for nobody's", () => {
  for (const body of ["", "no JSON", "[[", "7", "null", `"${"A".repeat(70_000)}"`]) {
    assert.equal(findEntryOfKey(utf8(body), [ours.spki]), undefined);
  }
});
