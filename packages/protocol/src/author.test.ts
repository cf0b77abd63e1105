import assert from "node:assert/strict";
import { test } from "node:test";
import { authorKeyId, signAuthor, verifyAuthor } from "./author.ts";
import { concatBytes, fromHex, toHex, utf8 } from "./bytes.ts";
import { ed25519 } from "./ed25519.ts";
import { ENTRY_KINDS, type EntryKindName } from "./leaf.ts";
import { readVectors, type ValidFactVector } from "./testing/vectors.ts";

const seed = new Uint8Array(32).fill(3);
const body = utf8("body");
const invalid = { name: "VerificationError", code: "AUTHOR_SIGNATURE_INVALID" };

test("verifies the author signatures of the vectors", () => {
  for (const vector of readVectors<ValidFactVector[]>("facts_valid")) {
    const publicKey = fromHex(vector.author_public);
    const signature = fromHex(vector.author_signature);
    verifyAuthor("fact", fromHex(vector.bytes), { publicKey, signature });
    assert.equal(toHex(authorKeyId(publicKey)), vector.author_key_id);
  }
});

test("signs the name of the kind and the body", () => {
  const { publicKey, signature } = signAuthor("key-event", body, seed);
  const signed = concatBytes(utf8("strongroom/key-event/v1\0"), body);
  assert.ok(ed25519.verify(publicKey, signed, signature));
});

test("a signature over one kind of body counts for no other kind", () => {
  for (const kind of Object.keys(ENTRY_KINDS) as EntryKindName[]) {
    const author = signAuthor(kind, body, seed);
    verifyAuthor(kind, body, author);
    assert.throws(() => verifyAuthor(kind, utf8("other"), author), invalid);
    const other = kind === "audit" ? "snapshot" : "audit";
    assert.throws(() => verifyAuthor(other, body, author), invalid);
  }
});

test("an endorsement is signed as the fact that it endorses", () => {
  verifyAuthor("fact", body, signAuthor("endorsement", body, seed));
  verifyAuthor("endorsement", body, signAuthor("fact", body, seed));
});
