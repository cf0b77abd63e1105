// Checkpoints and cosignatures; the first of each were published by C2SP.
import {
  concatBytes,
  cosignatureVerifier,
  formatCheckpoint,
  formatVkey,
  signCosignature,
  text,
  toBase64,
  toHex,
} from "@strongroom/protocol";
import { publicKeyOf, seedOf, signerOf } from "./example-log.ts";
import { alice, bytesOf, noteText } from "./note-parts.ts";

const SOFA_TEXT =
  "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
const SOFA_LOG_LINE =
  "— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n";
const SOFA_WITNESS_LINE =
  "— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n";

const root = toBase64(seedOf("root"));

export function checkpointsValid() {
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

export function checkpointsInvalid(): [string, string][] {
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

export function cosignaturesValid() {
  return [0n, 1679315147n, 9223372036854775807n].map((time) => ({
    why: `at time ${time}`,
    text: cosignedText,
    line: signCosignature(cosignedText, witnessKey, time),
    vkey: formatVkey(witness),
    time: String(time),
  }));
}

export function cosignaturesInvalid() {
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
