import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { fromBase64, fromHex, text, toBase64, utf8 } from "./bytes.ts";
import { ed25519 } from "./ed25519.ts";
import { parseNote, signNote, verifyNote } from "./note.ts";
import { readVectors } from "./testing/vectors.ts";
import { ed25519Signer, ed25519Verifier, parseVkey } from "./vkey.ts";

interface NoteVector {
  why: string;
  note: string;
  vkeys: string[];
}

const vectors = readVectors<{
  notes_signed: { why: string; name: string; seed: string; text: string; note: string }[];
  notes_valid: (NoteVector & { text: string; verified: string[] })[];
  notes_invalid: (NoteVector & { code: string })[];
}>("notes");

for (const vector of vectors.notes_signed) {
  test(`signs a note byte for byte: ${vector.why}`, () => {
    const signer = ed25519Signer(vector.name, fromHex(vector.seed));
    assert.equal(text(signNote(vector.text, [signer])), vector.note);
  });
}

for (const vector of vectors.notes_valid) {
  test(`verifies a note: ${vector.why}`, () => {
    const opened = verifyNote(fromBase64(vector.note), vector.vkeys.map(parseVkey));
    assert.equal(opened.text, vector.text);
    assert.deepEqual(
      opened.verified.map((verifier) => verifier.name),
      vector.verified,
    );
  });
}

for (const vector of vectors.notes_invalid) {
  test(`refuses a note: ${vector.why}`, () => {
    const keys = vector.vkeys.map(parseVkey);
    assert.throws(() => verifyNote(fromBase64(vector.note), keys), { code: vector.code });
  });
}

test("keeps lines of unknown types with all their bytes", () => {
  const line = `— ml.example ${toBase64(new Uint8Array(2428).fill(1))}\n`;
  const [signature] = parseNote(utf8(`t\n\n${line}`)).signatures;
  assert.equal(signature?.line, line);
  assert.equal(signature?.signature.length, 2424);
});

test("never verifies a note with one byte changed", () => {
  const signer = ed25519Signer("a.example", new Uint8Array(32).fill(1));
  const vkey = vectors.notes_valid[1]?.vkeys[0] ?? assert.fail();
  const note = signNote("some text\n\nmore\n", [signer]);
  const keys = [parseVkey(vkey), ed25519Verifier("a.example", publicKeyOf(1))];
  assert.equal(verifyNote(note, keys).verified.length, 1);
  fc.assert(
    fc.property(fc.nat(note.length - 1), fc.integer({ min: 1, max: 255 }), (at, mask) => {
      const changed = note.slice();
      changed[at] = (changed[at] ?? 0) ^ mask;
      assert.throws(() => verifyNote(changed, keys));
    }),
  );
});

test("refuses to sign text that no note can hold", () => {
  const signer = ed25519Signer("a.example", new Uint8Array(32).fill(1));
  for (const noteText of ["", "no newline", "a\tb\n", "a\rb\n", "\ud800\n"]) {
    assert.throws(() => signNote(noteText, [signer]), { code: "MALFORMED_NOTE" });
  }
  assert.throws(() => signNote("text\n", []), { code: "MALFORMED_NOTE" });
});

test("refuses a note above 1 MiB before decoding it", () => {
  assert.throws(() => parseNote(new Uint8Array((1 << 20) + 1)), { code: "LIMIT_EXCEEDED" });
});

test("fails closed when two trusted keys answer to one line", () => {
  const signer = ed25519Signer("a.example", new Uint8Array(32).fill(1));
  const known = ed25519Verifier("a.example", publicKeyOf(1));
  const colliding = { ...known, publicKey: publicKeyOf(2) };
  const note = signNote("text\n", [signer]);
  assert.equal(verifyNote(note, [known, { ...known }]).verified.length, 1);
  assert.throws(() => verifyNote(note, [known, colliding]), { code: "SIGNATURE_INVALID" });
});

function publicKeyOf(fill: number): Uint8Array {
  return ed25519.publicKey(new Uint8Array(32).fill(fill));
}
