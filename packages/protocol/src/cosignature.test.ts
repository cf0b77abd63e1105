import assert from "node:assert/strict";
import { test } from "node:test";
import { fromBase64, utf8 } from "./bytes.ts";
import { parseCosignatureLine, signCosignature, verifyCosignature } from "./cosignature.ts";
import { readVectors } from "./testing/vectors.ts";
import { ed25519Verifier, parseVkey } from "./vkey.ts";

interface CosignatureVector {
  why: string;
  text: string;
  line: string;
  vkey: string;
}

const vectors = readVectors<{
  cosignatures_valid: (CosignatureVector & { time: string })[];
  cosignatures_invalid: (CosignatureVector & { code: string })[];
}>("notes");
const key = { name: "w.example", seed: new Uint8Array(32).fill(3) };

for (const vector of vectors.cosignatures_valid) {
  test(`verifies a cosignature ${vector.why}`, () => {
    const verifier = parseVkey(vector.vkey);
    const expected = { timeUnixS: BigInt(vector.time) };
    assert.deepEqual(verifyCosignature(vector.text, vector.line, verifier), expected);
    assert.deepEqual(verifyCosignature(vector.text, utf8(vector.line), verifier), expected);
  });
}

for (const vector of vectors.cosignatures_invalid) {
  test(`refuses a cosignature: ${vector.why}`, () => {
    const verifier = parseVkey(vector.vkey);
    assert.throws(() => verifyCosignature(vector.text, vector.line, verifier), {
      code: vector.code,
    });
  });
}

test("refuses a line that is not UTF-8", () => {
  assert.throws(() => parseCosignatureLine(Uint8Array.of(0xe2, 0x80, 0x0a)), {
    code: "MALFORMED_COSIGNATURE",
  });
});

test("reads the time of the example that C2SP publishes", () => {
  const line =
    "— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n";
  const { keyId, signature } = parseCosignatureLine(line);
  assert.equal(keyId, 0x8d66cf3f);
  const time = new DataView(signature.buffer, signature.byteOffset).getBigUint64(0);
  assert.equal(time, 1679315147n);
});

test("does not take a log key for a witness key, whatever its id", () => {
  const line = signCosignature("text\n", key, 5n);
  const { keyId } = parseCosignatureLine(line);
  const verifier = { ...ed25519Verifier(key.name, fromBase64(`${"A".repeat(43)}=`)), keyId };
  assert.throws(() => verifyCosignature("text\n", line, verifier), { code: "SIGNATURE_INVALID" });
});

test("refuses to sign a time outside 63 bits", () => {
  for (const time of [-1n, 1n << 63n]) {
    assert.throws(() => signCosignature("text\n", key, time), { code: "MALFORMED_COSIGNATURE" });
  }
});
