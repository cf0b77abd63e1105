// Verifier keys, notes, checkpoints and cosignatures; some were published by others.
import { ed25519Verifier, formatVkey, text, toBase64, toHex, utf8 } from "@strongroom/protocol";
import {
  checkpointsInvalid,
  checkpointsValid,
  cosignaturesInvalid,
  cosignaturesValid,
} from "./checkpoints.ts";
import { joined, publicKeyOf, seedOf, signerOf } from "./example-log.ts";
import { alice, aliceVkey, bytesOf, noteText, PETER } from "./note-parts.ts";
import { vkeysInvalid, vkeysValid } from "./vkeys.ts";

const PETER_TEXT =
  "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
const PETER_LINE =
  "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
// As golang.org/x/mod publishes it; the first byte is the key type, the rest the seed.
const PETER_SEED_BASE64 = "AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
const bob = signerOf("bob.example/b", "bob");
const bobVkey = formatVkey(ed25519Verifier("bob.example/b", publicKeyOf("bob")));

export function makeNotes() {
  return {
    vkeys_valid: vkeysValid(),
    vkeys_invalid: vkeysInvalid().map(([why, vkey]) => ({ why, vkey, code: "MALFORMED_VKEY" })),
    notes_signed: notesSigned(),
    notes_valid: notesValid(),
    notes_invalid: notesInvalid(),
    checkpoints_valid: checkpointsValid(),
    checkpoints_invalid: checkpointsInvalid().map(([why, text]) => ({
      why,
      text,
      code: "MALFORMED_CHECKPOINT",
    })),
    cosignatures_valid: cosignaturesValid(),
    cosignatures_invalid: cosignaturesInvalid(),
  };
}

/** Signing the text with the seed gives exactly the note. */
function notesSigned() {
  return [
    {
      why: "published by golang.org/x/mod",
      name: "PeterNeumann",
      seed: seedHexOf(PETER_SEED_BASE64),
      text: PETER_TEXT,
      note: `${PETER_TEXT}\n${PETER_LINE}`,
    },
    {
      why: "our own",
      name: alice.name,
      seed: toHex(seedOf("alice")),
      text: "text\n",
      note: noteText("text\n", [alice]),
    },
  ];
}

function seedHexOf(base64: string): string {
  return Array.from(atob(base64).slice(1), (c) =>
    c.charCodeAt(0).toString(16).padStart(2, "0"),
  ).join("");
}

function notesValid() {
  const stranger = `— stranger.example ${toBase64(seedOf("any"))}\n`;
  const both = noteText("two\n", [alice, bob]);
  return [
    {
      why: "published by golang.org/x/mod",
      note: `${PETER_TEXT}\n${PETER_LINE}`,
      vkeys: [PETER],
      text: PETER_TEXT,
      verified: ["PeterNeumann"],
    },
    {
      why: "two signers, both known",
      note: both,
      vkeys: [aliceVkey, bobVkey],
      text: "two\n",
      verified: [alice.name, bob.name],
    },
    {
      why: "two signers, one known",
      note: both,
      vkeys: [bobVkey],
      text: "two\n",
      verified: [bob.name],
    },
    {
      why: "a blank line in the text: the last one splits",
      note: noteText("a\n\nb\n", [alice]),
      vkeys: [aliceVkey],
      text: "a\n\nb\n",
      verified: [alice.name],
    },
    {
      why: "a signature line inside the text is text",
      note: noteText(`a\n\n${stranger}`, [alice]),
      vkeys: [aliceVkey],
      text: `a\n\n${stranger}`,
      verified: [alice.name],
    },
    {
      why: "a leading U+FEFF is text",
      note: noteText("\ufefftext\n", [alice]),
      vkeys: [aliceVkey],
      text: "\ufefftext\n",
      verified: [alice.name],
    },
    {
      why: "16 lines, 15 of unknown keys, some twice",
      note: noteText("t\n", [alice]) + stranger.repeat(15),
      vkeys: [aliceVkey],
      text: "t\n",
      verified: [alice.name],
    },
    {
      why: "the known name with another key id is unknown",
      note: `${noteText("t\n", [alice])}— ${alice.name} ${toBase64(seedOf("any"))}\n`,
      vkeys: [aliceVkey],
      text: "t\n",
      verified: [alice.name],
    },
  ].map((vector) => ({ ...vector, note: toBase64(utf8(vector.note)) }));
}

function notesInvalid() {
  const note = noteText("text\n", [alice]);
  const line = note.split("\n\n")[1] ?? "";
  const [dash = "", name = "", base64 = ""] = line.trimEnd().split(" ");
  const stranger = `— stranger.example ${toBase64(seedOf("any"))}\n`;
  const malformed: [string, string | Uint8Array][] = [
    ["empty", ""],
    ["no signature", "text\n\n"],
    ["no blank line", `text\n${line}`],
    ["no newline at the end", note.slice(0, -1)],
    ["a blank line after the signatures", `${note}\n`],
    [
      "text without a newline cannot be written; a line of text after the blank line",
      `text\n\nmore\n${line}`,
    ],
    ["a hyphen for the dash", note.replace("— ", "- ")],
    ["an en dash", note.replace("—", "–")],
    ["two spaces", note.replace("— ", "—  ")],
    ["a name with a plus", note.replace("alice", "al+ice")],
    ["a name with a no-break space", note.replace("alice", "al\u00a0ice")],
    ["no name", `text\n\n${dash} ${base64}\n`],
    ["a carriage return", note.replace("\n", "\r\n")],
    ["a tab in the text", note.replace("text", "te\txt")],
    ["a NUL in the text", note.replace("text", "te\0xt")],
    ["not UTF-8", joined(Uint8Array.of(0xff), note)],
    ["a surrogate in UTF-8", joined(Uint8Array.of(0xed, 0xa0, 0x80), note)],
    ["signature of 4 bytes: a key id alone", `text\n\n${dash} ${name} ${base64.slice(0, 4)}Fw==\n`],
    ["base64 without padding", note.replace(/=+\n$/, "\n")],
    ["non-zero trailing base64 bits in a line of an unknown key", `${note}— s.example AAAAAAB=\n`],
    ["URL-safe base64", `${note}— s.example AAAA-_AA\n`],
    ["something after the signature", note.replace(/\n$/, " x\n")],
  ];
  const failing: [string, string, string[], string][] = [
    ["17 signature lines", note + stranger.repeat(16), [aliceVkey], "LIMIT_EXCEEDED"],
    ["no known key", note, [bobVkey], "UNTRUSTED_KEY"],
    ["no keys", note, [], "UNTRUSTED_KEY"],
    ["another text", note.replace("text", "test"), [aliceVkey], "SIGNATURE_INVALID"],
    ["a known key signs twice", note + line, [aliceVkey], "SIGNATURE_INVALID"],
    [
      "a known key fails beside one that holds",
      note + (noteText("x\n", [bob]).split("\n\n")[1] ?? ""),
      [aliceVkey, bobVkey],
      "SIGNATURE_INVALID",
    ],
    [
      "a signature of 63 bytes",
      `text\n\n${dash} ${name} ${toBase64(bytesOf(base64).slice(0, -1))}\n`,
      [aliceVkey],
      "SIGNATURE_INVALID",
    ],
    ["an empty text line added", `\n${note}`, [aliceVkey], "SIGNATURE_INVALID"],
  ];
  return [
    ...malformed.map(([why, bytes]) => ({
      why,
      note: toBase64(joined(bytes)),
      vkeys: [aliceVkey],
      code: "MALFORMED_NOTE",
    })),
    ...failing.map(([why, note, vkeys, code]) => ({
      why,
      note: toBase64(utf8(note)),
      vkeys,
      code,
    })),
  ];
}
