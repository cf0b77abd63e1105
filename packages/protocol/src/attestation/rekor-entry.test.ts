import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import { text, utf8 } from "../bytes.ts";
import { signNoteForRekor } from "./attestation-key.ts";
import { makeBundle } from "./bundle.ts";
import {
  LOG_ANSWER_BYTES_MAX,
  parseRekorV1Answer,
  parseRekorV1Location,
  parseRekorV2Answer,
} from "./rekor-entry.ts";
import { hashEntry, makeRekorRequest, parseRekorRequest } from "./rekor-request.ts";

const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const publicKeySpki = new Uint8Array(publicKey.export({ format: "der", type: "spki" }));
const note = utf8("log.example\n1\nAAAA\n\n\u2014 log.example AAAAAAAA\n");
const signature = signNoteForRekor(note, privateKey);
const malformed = { code: "MALFORMED_LOG_ANSWER" };

for (const version of [1, 2] as const) {
  test(`a stored request of version ${version} is read back with what it was made of`, () => {
    const made = makeRekorRequest({ version, note, signature, publicKeySpki });
    const read = parseRekorRequest(made.body);
    assert.deepEqual(
      [read.version, read.signature, read.publicKeySpki, read.entryBody, read.leafHash],
      [version, signature, publicKeySpki, made.entryBody, made.leafHash],
    );
    assert.deepEqual(made.leafHash, hashEntry(made.entryBody));
    for (const other of [
      "{}",
      "[]",
      `${text(made.body)} `,
      text(made.body).replace("hashed", "x"),
    ]) {
      assert.throws(() => parseRekorRequest(utf8(other)), malformed, other);
      assert.throws(() => makeBundle({ request: utf8(other), entry: {} as never }), malformed);
    }
  });
}

test("the key of a version 1 entry is its PEM as OpenSSL writes it", () => {
  const { body } = makeRekorRequest({ version: 1, note, signature, publicKeySpki });
  const { content } = JSON.parse(text(body)).spec.signature.publicKey;
  const pem = publicKey.export({ format: "pem", type: "spki" }).toString();
  assert.equal(Buffer.from(content, "base64").toString(), pem);
});

const proofV2 = { logIndex: "1", rootHash: "AA==", treeSize: "2", checkpoint: { envelope: "x" } };
const v2 = {
  logIndex: "1",
  logId: { keyId: "AA==" },
  canonicalizedBody: "e30=",
  inclusionProof: proofV2,
};
const proofV1 = { logIndex: 1, rootHash: "00", treeSize: 2, checkpoint: "x", hashes: ["00"] };
const v1 = {
  logID: "00",
  logIndex: 1,
  integratedTime: 5,
  body: "e30=",
  verification: { inclusionProof: proofV1, signedEntryTimestamp: "AA==" },
};
const uuid = "0".repeat(80);

test("reads answers of both versions", () => {
  const two = parseRekorV2Answer(utf8(JSON.stringify(v2)));
  assert.deepEqual([two.logIndex, two.proof.treeSize, two.proof.hashes], [1n, 2n, []]);
  const one = parseRekorV1Answer(utf8(JSON.stringify({ [uuid]: v1 })));
  assert.deepEqual([one.integratedTimeS, one.proof.index, one.version], [5n, 1n, 1]);
  const bare = { ...v1, verification: { inclusionProof: proofV1 } };
  const promised = parseRekorV1Answer(utf8(JSON.stringify({ [uuid]: bare })));
  assert.equal(promised.signedEntryTimestamp, undefined);
});

test("refuses answers that are not what they should be", () => {
  const wrongV2 = [
    null,
    [],
    {},
    { ...v2, logIndex: -1 },
    { ...v2, logIndex: "1e3" },
    { ...v2, logIndex: 2 ** 60 },
    { ...v2, canonicalizedBody: "?" },
    { ...v2, inclusionProof: null },
    { ...v2, inclusionProof: { ...proofV2, hashes: [7] } },
    { ...v2, inclusionProof: { ...proofV2, hashes: "no" } },
    { ...v2, inclusionProof: { ...proofV2, hashes: Array(64).fill("AA==") } },
    { ...v2, inclusionProof: { ...proofV2, checkpoint: { envelope: 1 } } },
  ];
  for (const answer of wrongV2) {
    const bytes = utf8(JSON.stringify(answer));
    assert.throws(() => parseRekorV2Answer(bytes), malformed, JSON.stringify(answer));
  }
  const wrongV1 = [{}, { x: v1 }, { [uuid]: v1, ["1".repeat(80)]: v1 }, { [uuid]: {} }, v1];
  for (const answer of wrongV1) {
    const bytes = utf8(JSON.stringify(answer));
    assert.throws(() => parseRekorV1Answer(bytes), malformed, JSON.stringify(answer));
  }
  const large = new Uint8Array(LOG_ANSWER_BYTES_MAX + 1).fill(0x20);
  assert.throws(() => parseRekorV2Answer(large), { code: "LIMIT_EXCEEDED" });
});

test("follows a Location to an entry of the same log and nowhere else", () => {
  const path = `/api/v1/log/entries/${uuid}`;
  assert.equal(parseRekorV1Location(path), path);
  assert.equal(parseRekorV1Location(`https://elsewhere.example${path}`), path);
  for (const location of ["", "/admin", `${path}/x`, `${path}?a=b`, `//x${path}`, `${path}0`]) {
    assert.throws(() => parseRekorV1Location(location), malformed, location);
  }
});
