// C2SP `.tlog-proof` files: one exported from each of two receipts, and files that must not parse.

import { create } from "@bufbuild/protobuf";
import {
  AnchorSchema,
  cosignatureVerifier,
  encodeReceipt,
  formatCheckpoint,
  formatTlogProof,
  ReceiptSchema,
  sha256,
  signCheckpoint,
  signCosignature,
  text,
  toBase64,
  toHex,
  utf8,
} from "@strongroom/protocol";
import { exampleLog, FACT } from "./example-entries.ts";
import { ORIGIN, publicKeyOf, seedOf, signerOf } from "./example-log.ts";

const log = exampleLog();

function receiptOf(index: number, size: number, isCosigned: boolean) {
  const entry = log.entry(index);
  const checkpoint = { origin: ORIGIN, size: BigInt(size), root: log.rootAt(size) };
  const { name } = cosignatureVerifier("witness.example/w1", publicKeyOf("w1"));
  const line = signCosignature(
    formatCheckpoint(checkpoint),
    { name, seed: seedOf("w1") },
    1_700_000_100n,
  );
  const anchor = create(AnchorSchema, {
    checkpoint: signCheckpoint(checkpoint, [signerOf(ORIGIN, "log")]),
    inclusion: log.inclusion(index, size),
    cosignatures: isCosigned ? [utf8(line)] : [],
  });
  return create(ReceiptSchema, {
    body: entry.body,
    blind: entry.blind,
    evidencePublic: entry.evidencePublic,
    evidencePrivateHash: sha256(entry.evidencePrivate),
    leaf: entry.leaf,
    anchors: [anchor],
  });
}

export function makeTlogProofs() {
  const cases = [
    { why: "a cosigned receipt", receipt: receiptOf(FACT, 16, true) },
    { why: "a tree of one leaf: no hashes", receipt: receiptOf(0, 1, false) },
  ];
  const good = formatTlogProof(receiptOf(FACT, 16, true));
  return {
    valid: [...cases.map(({ why, receipt }) => describe(why, receipt)), withoutExtra(good)],
    invalid: invalid(good).map(([why, proof, code]) => ({
      why,
      proof,
      code: code ?? "MALFORMED_PROOF",
    })),
  };
}

function describe(why: string, receipt: ReturnType<typeof receiptOf>) {
  const [anchor] = receipt.anchors;
  const lines = text(anchor?.cosignatures[0] ?? new Uint8Array(0));
  return {
    why,
    receipt: toBase64(encodeReceipt(receipt)),
    proof: formatTlogProof(receipt),
    extra: toHex(receipt.leaf),
    index: String(new DataView(receipt.leaf.buffer).getBigUint64(2)),
    inclusion: (anchor?.inclusion ?? []).map(toHex),
    checkpoint: text(anchor?.checkpoint ?? new Uint8Array(0)) + lines,
  };
}

function withoutExtra(good: string) {
  const proof = good.replace(/extra .*\n/, "");
  const [head = ""] = proof.split("\n\n");
  return {
    why: "no extra data",
    proof,
    extra: "",
    index: "1",
    inclusion: head
      .split("\n")
      .slice(2)
      .map((line) => toHex(Uint8Array.from(atob(line), (c) => c.charCodeAt(0)))),
    checkpoint: proof.slice(head.length + 2),
  };
}

function invalid(good: string): [string, string, string?][] {
  const [head = ""] = good.split("\n\n");
  const hash = `${toBase64(seedOf("any"))}\n`;
  return [
    ["empty", ""],
    ["another version", good.replace("@v1", "@v2")],
    ["a byte order mark", `\ufeff${good}`],
    ["carriage returns", good.replaceAll("\n", "\r\n")],
    ["no index", good.replace(/index .*\n/, "")],
    ["extra after the index", good.replace(/(extra .*\n)(index .*\n)/, "$2$1")],
    ["extra twice", good.replace(/(extra .*\n)/, "$1$1")],
    ["empty extra", good.replace(/extra .*\n/, "extra \n")],
    ["extra that is not base64", good.replace(/extra .*\n/, "extra ?\n")],
    ["an index with a leading zero", good.replace("index 1", "index 01")],
    ["a negative index", good.replace("index 1", "index -1")],
    ["an index of 2^63", good.replace("index 1", "index 9223372036854775808")],
    ["two spaces before the index", good.replace("index 1", "index  1")],
    [
      "a hash of 31 bytes",
      good.replace("index 1\n", `index 1\n${toBase64(seedOf("any").slice(1))}\n`),
    ],
    ["64 hashes", good.replace("index 1\n", `index 1\n${hash.repeat(60)}`)],
    ["no blank line", good.replace("\n\n", "\n")],
    ["no checkpoint", `${head}\n\n`, "MALFORMED_NOTE"],
    ["a checkpoint without signatures", `${head}\n\n${ORIGIN}\n16\n${hash}`, "MALFORMED_NOTE"],
    ["a blank line too many", good.replace("\n\n", "\n\n\n"), "MALFORMED_CHECKPOINT"],
    [
      "an extension line in the checkpoint",
      good.replace(`${ORIGIN}\n16\n`, `${ORIGIN}\n16\nextension\n`),
      "MALFORMED_CHECKPOINT",
    ],
  ];
}
