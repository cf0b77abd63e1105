// Receipts whose checkpoint or inclusion does not hold.

import { create } from "@bufbuild/protobuf";
import { AnchorSchema, sha256, signNote, text, toBase64, utf8 } from "@strongroom/protocol";
import { FACT } from "./example-entries.ts";
import { joined, ORIGIN, seedOf, signerOf } from "./example-log.ts";
import {
  anchorOf,
  type Case,
  forkedAnchor,
  log,
  logVkey,
  newVkey,
  noteOf,
  ownLine,
  ownNote,
  receiptOf,
  root16,
  vkeyOf,
  withNote,
} from "./receipt-parts.ts";

export function noteCases(): Case[] {
  const otherLog = `log ${vkeyOf("other.example", "log")}\nquorum none\n`;
  const otherNote = signNote(`${ORIGIN}\n16\n${root16}\n`, [signerOf("other.example", "log")]);
  const stranger = `— x.example ${toBase64(seedOf("any"))}\n`;
  const short = log.inclusion(FACT, 16);
  const withPath = (inclusion: Uint8Array[]) => withNote(ownNote, inclusion);
  return [
    {
      why: "no key trusted",
      receipt: receiptOf(FACT),
      policy: "quorum none\n",
      code: "UNTRUSTED_KEY",
    },
    {
      why: "signed by another key of that name",
      receipt: receiptOf(FACT),
      policy: `log ${newVkey}\nquorum none\n`,
      code: "UNTRUSTED_KEY",
    },
    {
      why: "a trusted key of another log signed this origin",
      receipt: withNote(otherNote),
      policy: otherLog,
      code: "ORIGIN_MISMATCH",
    },
    {
      why: "the log's signature does not hold",
      receipt: withNote(joined(`${ORIGIN}\n17\n${root16}\n\n`, ownLine)),
      code: "SIGNATURE_INVALID",
    },
    {
      why: "the log signs twice",
      receipt: withNote(joined(ownNote, ownLine)),
      code: "SIGNATURE_INVALID",
    },
    {
      why: "one known key holds, another known key does not",
      receipt: withNote(
        joined(
          ownNote,
          text(signNote("other\n", [signerOf(ORIGIN, "new log")])).split("\n\n")[1] ?? "",
        ),
      ),
      policy: `log ${logVkey}\nlog ${newVkey}\nquorum none\n`,
      code: "SIGNATURE_INVALID",
    },
    {
      why: "more than 16 signature lines",
      receipt: withNote(joined(ownNote, stranger.repeat(16))),
      code: "LIMIT_EXCEEDED",
    },
    {
      why: "an extension line",
      receipt: withNote(noteOf("16", root16, "extension\n")),
      code: "MALFORMED_CHECKPOINT",
    },
    {
      why: "a size of 2^63",
      receipt: withNote(noteOf("9223372036854775808", root16)),
      code: "MALFORMED_CHECKPOINT",
    },
    {
      why: "a size with a leading zero",
      receipt: withNote(noteOf("016", root16)),
      code: "MALFORMED_CHECKPOINT",
    },
    {
      why: "a root of 31 bytes",
      receipt: withNote(noteOf("16", toBase64(seedOf("any").slice(1)))),
      code: "MALFORMED_CHECKPOINT",
    },
    { why: "no note at all", receipt: withNote(new Uint8Array(0)), code: "MALFORMED_NOTE" },
    {
      why: "path of another leaf",
      receipt: withPath(log.inclusion(2, 16)),
      code: "INCLUSION_MISMATCH",
    },
    { why: "path too short", receipt: withPath(short.slice(1)), code: "INCLUSION_MISMATCH" },
    {
      why: "path too long",
      receipt: withPath([...short, seedOf("any")]),
      code: "INCLUSION_MISMATCH",
    },
    {
      why: "a path hash of 31 bytes",
      receipt: withPath([seedOf("any").slice(1), ...short.slice(1)]),
      code: "INCLUSION_MISMATCH",
    },
    {
      why: "index not below the size",
      receipt: withNote(noteOf("1", toBase64(log.rootAt(1))), []),
      code: "INCLUSION_MISMATCH",
    },
    {
      why: "a checkpoint of the empty tree",
      receipt: withNote(noteOf("0", toBase64(sha256(new Uint8Array(0)))), []),
      code: "INCLUSION_MISMATCH",
    },
    {
      why: "two trusted notes of one size with two roots",
      receipt: receiptOf(FACT, [anchorOf({ index: FACT }), forkedAnchor("log", 16)]),
      code: "FORK_DETECTED",
    },
    {
      why: "a fork among two keys of one origin",
      receipt: receiptOf(FACT, [anchorOf({ index: FACT }), forkedAnchor("new log", 16)]),
      policy: `log ${logVkey}\nlog ${newVkey}\nquorum none\n`,
      code: "FORK_DETECTED",
    },
    {
      why: "the failure of the anchor that came furthest",
      receipt: receiptOf(FACT, [
        create(AnchorSchema, { checkpoint: utf8("nonsense") }),
        { ...anchorOf({ index: FACT }), inclusion: [] },
        anchorOf({ index: FACT, signers: [signerOf(ORIGIN, "stranger")] }),
      ]),
      code: "INCLUSION_MISMATCH",
    },
  ];
}
