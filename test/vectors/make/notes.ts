// Verifier keys, notes, checkpoints and cosignatures. The first of each group were published by
// others: golang.org/x/mod/sumdb/note and the C2SP pages.
import {
  concatBytes,
  cosignatureVerifier,
  ed25519Verifier,
  formatCheckpoint,
  formatVkey,
  type NoteSigner,
  sha256,
  signCosignature,
  signNote,
  text,
  toBase64,
  toHex,
  utf8,
} from "@strongroom/protocol";
import { joined, publicKeyOf, seedOf, signerOf } from "./example-log.ts";

const PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const PETER_TEXT =
  "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
const PETER_LINE =
  "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
// As golang.org/x/mod publishes it, without the leading type byte of its private key format.
const PETER_SEED_BASE64 = "AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
const SOFA_TEXT =
  "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
const SOFA_LOG_LINE =
  "— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n";
const SOFA_WITNESS_LINE =
  "— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n";

const alice = signerOf("alice.example/a", "alice");
const bob = signerOf("bob.example/b", "bob");
const aliceVkey = formatVkey(ed25519Verifier("alice.example/a", publicKeyOf("alice")));
const bobVkey = formatVkey(ed25519Verifier("bob.example/b", publicKeyOf("bob")));
const root = toBase64(seedOf("root"));

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

function vkeysValid() {
  const ecdsa = joined(Uint8Array.of(0x30, 0x59), seedOf("spki"));
  return [
    {
      why: "published by golang.org/x/mod",
      vkey: PETER,
      name: "PeterNeumann",
      key_id: "c74f20a3",
      type: 1,
      public_key: "1a5cd907143c384c41e830c5bce12aa8817ec5649aaabf2c31388b35b2d744d6",
    },
    {
      why: "sum.golang.org's",
      vkey: "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8",
      name: "sum.golang.org",
      key_id: "033de0ae",
      type: 1,
      public_key: "ce3372d75ad1ee5ecdaf8727293d4b111d87eb37531d7c86d4d3003f0eb809fc",
    },
    describe("our own", ed25519Verifier("alice.example/a", publicKeyOf("alice"))),
    describe("a name in UTF-8", ed25519Verifier("bücher.example/λ", publicKeyOf("alice"))),
    describe("a witness", cosignatureVerifier("witness.example/w1", publicKeyOf("w1"))),
    {
      why: "a type we do not verify parses (ECDSA: its key id hashes the SPKI alone)",
      vkey: `ecdsa.example+${toHex(sha256(ecdsa).slice(0, 4))}+${toBase64(joined(Uint8Array.of(2), ecdsa))}`,
      name: "ecdsa.example",
      key_id: toHex(sha256(ecdsa).slice(0, 4)),
      type: 2,
      public_key: toHex(ecdsa),
    },
  ];
}

function describe(why: string, key: ReturnType<typeof ed25519Verifier>) {
  const vkey = formatVkey(key);
  const { name, type } = key;
  return {
    why,
    vkey,
    name,
    key_id: key.keyId.toString(16).padStart(8, "0"),
    type,
    public_key: toHex(key.publicKey),
  };
}

function vkeysInvalid(): [string, string][] {
  const [name = "", id = "", key = ""] = splitVkey(aliceVkey);
  return [
    ["empty", ""],
    ["no key", `${name}+${id}`],
    ["empty name", `+${id}+${key}`],
    ["a name with a space", aliceVkey.replace("alice", "al ice")],
    ["a name with a no-break space", aliceVkey.replace("alice", "al\u00a0ice")],
    ["a name with a control character", aliceVkey.replace("alice", "al\u0007ice")],
    ["a name with a plus", aliceVkey.replace("alice", "al+ice")],
    ["another name", aliceVkey.replace("alice", "alicf")],
    ["another key id", `${name}+00000000+${key}`],
    ["a key id in upper case", `${name}+${id.toUpperCase()}+${key}`],
    ["a key id of 7 digits", `${name}+${id.slice(1)}+${key}`],
    ["a key id with a sign", `${name}++${id.slice(1)}+${key}`],
    [
      "another type with the same key id",
      `${name}+${id}+${toBase64(joined(Uint8Array.of(4), publicKeyOf("alice")))}`,
    ],
    ["a key of 31 bytes", shortKey(name)],
    ["no key bytes", `${name}+${id}+AQ==`],
    ["base64 without padding", PETER.slice(0, -1)],
    ["URL-safe base64", PETER.replace("/", "_")],
    ["a newline at the end", `${aliceVkey}\n`],
    ["a space at the end", `${aliceVkey} `],
  ];
}

function shortKey(name: string): string {
  const typed = joined(Uint8Array.of(1), publicKeyOf("alice").slice(1));
  const id = toHex(sha256(joined(`${name}\n`, typed)).slice(0, 4));
  return `${name}+${id}+${toBase64(typed)}`;
}

function splitVkey(vkey: string): string[] {
  const [name = "", id = "", ...key] = vkey.split("+");
  return [name, id, key.join("+")];
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

function noteText(content: string, signers: NoteSigner[]): string {
  return text(signNote(content, signers));
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

function bytesOf(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
}

function checkpointsValid() {
  return [
    {
      why: "published by C2SP",
      text: SOFA_TEXT,
      note: `${SOFA_TEXT}\n${SOFA_LOG_LINE}${SOFA_WITNESS_LINE}`,
      origin: "example.com/behind-the-sofa",
      size: "20852163",
      root: toHex(bytesOf("CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=")),
    },
    ...[0n, 1n, 9223372036854775807n].map((size) => {
      const checkpoint = { origin: "alice.example/a", size, root: seedOf("root") };
      const text = formatCheckpoint(checkpoint);
      return {
        why: `size ${size}`,
        text,
        note: noteText(text, [alice]),
        origin: checkpoint.origin,
        size: String(size),
        root: toHex(checkpoint.root),
      };
    }),
  ];
}

function checkpointsInvalid(): [string, string][] {
  return [
    ["empty", ""],
    ["two lines", "o.example\n1\n"],
    ["an extension line", `o.example\n1\n${root}\nextension\n`],
    ["no newline at the end", `o.example\n1\n${root}`],
    ["empty origin", `\n1\n${root}\n`],
    ["an origin with a space", `go.sum database tree\n1\n${root}\n`],
    ["an origin with a plus", `o+o.example\n1\n${root}\n`],
    ["a size with a leading zero", `o.example\n01\n${root}\n`],
    ["a size with a sign", `o.example\n+1\n${root}\n`],
    ["a negative size", `o.example\n-1\n${root}\n`],
    ["a size in hex", `o.example\n0x1\n${root}\n`],
    ["no size", `o.example\n\n${root}\n`],
    ["a size with a space", `o.example\n1 \n${root}\n`],
    ["a size of 2^63", `o.example\n9223372036854775808\n${root}\n`],
    ["a size of 2^64", `o.example\n18446744073709551616\n${root}\n`],
    ["a root of 31 bytes", `o.example\n1\n${toBase64(seedOf("r").slice(1))}\n`],
    [
      "a root of 33 bytes",
      `o.example\n1\n${toBase64(concatBytes(seedOf("r"), Uint8Array.of(0)))}\n`,
    ],
    ["a root without padding", `o.example\n1\n${root.slice(0, -1)}\n`],
    ["a root with non-zero trailing bits", `o.example\n1\n${"A".repeat(42)}B=\n`],
    ["a root in hex", `o.example\n1\n${toHex(seedOf("root"))}\n`],
  ];
}

const cosignedText = `o.example\n5\n${root}\n`;
const witness = cosignatureVerifier("witness.example/w1", publicKeyOf("w1"));
const witnessKey = { name: witness.name, seed: seedOf("w1") };

function cosignaturesValid() {
  return [0n, 1679315147n, 9223372036854775807n].map((time) => ({
    why: `at time ${time}`,
    text: cosignedText,
    line: signCosignature(cosignedText, witnessKey, time),
    vkey: formatVkey(witness),
    time: String(time),
  }));
}

function cosignaturesInvalid() {
  const line = signCosignature(cosignedText, witnessKey, 1679315147n);
  const [dash = "", name = "", base64 = ""] = line.trimEnd().split(" ");
  const blob = bytesOf(base64);
  const lineOf = (bytes: Uint8Array) => `${dash} ${name} ${toBase64(bytes)}\n`;
  const moved = blob.slice();
  moved[11] = (moved[11] ?? 0) ^ 1;
  const late = blob.slice();
  late[4] = 0x80;
  const plain = noteText(cosignedText, [signerOf(witness.name, "w1")]).split("\n\n")[1] ?? "";
  const cases: [string, string, string, string][] = [
    ["another text", cosignedText.replace("5", "6"), line, "SIGNATURE_INVALID"],
    ["another time", cosignedText, lineOf(moved), "SIGNATURE_INVALID"],
    ["a time of 2^63 or more", cosignedText, lineOf(late), "SIGNATURE_INVALID"],
    [
      "a byte too long",
      cosignedText,
      lineOf(concatBytes(blob, Uint8Array.of(0))),
      "SIGNATURE_INVALID",
    ],
    [
      "no time",
      cosignedText,
      lineOf(concatBytes(blob.slice(0, 4), blob.slice(12))),
      "SIGNATURE_INVALID",
    ],
    [
      "a plain note signature by the same key: another key id",
      cosignedText,
      plain,
      "UNTRUSTED_KEY",
    ],
    [
      "by another witness",
      cosignedText,
      signCosignature(cosignedText, { name: "witness.example/w2", seed: seedOf("w2") }, 1n),
      "UNTRUSTED_KEY",
    ],
    ["published by C2SP, another witness", SOFA_TEXT, SOFA_WITNESS_LINE, "UNTRUSTED_KEY"],
    ["no newline", cosignedText, line.slice(0, -1), "MALFORMED_COSIGNATURE"],
    ["two lines", cosignedText, line + line, "MALFORMED_COSIGNATURE"],
    ["empty", cosignedText, "", "MALFORMED_COSIGNATURE"],
  ];
  return cases.map(([why, text, cosignature, code]) => ({
    why,
    text,
    line: cosignature,
    vkey: formatVkey(witness),
    code,
  }));
}
