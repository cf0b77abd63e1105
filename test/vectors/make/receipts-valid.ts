// Receipts that hold.

import { create } from "@bufbuild/protobuf";
import { AnchorSchema, toBase64, utf8 } from "@strongroom/protocol";
import { ENDORSEMENT, FACT, FACT_TWO_AUTHORS, RETRACTION } from "./example-entries.ts";
import { joined, ORIGIN, seedOf, signerOf } from "./example-log.ts";
import {
  anchorOf,
  bigFact,
  type Case,
  cosign,
  fact3,
  forkedAnchor,
  LOG,
  log,
  logVkey,
  lone,
  newVkey,
  ownNote,
  QUORUM,
  RETIRED,
  receiptOf,
  root16,
  vkeyOf,
  withNote,
  witnessVkey,
} from "./receipt-parts.ts";

export function validCases(): Case[] {
  const kinds = log.entries.map((entry, index) => ({
    why: `entry ${index}, of kind ${entry.kind}`,
    receipt: receiptOf(index),
  }));
  const two = { w1: 0, w3: 50 };
  return [
    ...kinds,
    {
      why: "an endorsement with the endorsed fact lists its authors",
      receipt: receiptOf(ENDORSEMENT),
      fact: fact3,
    },
    {
      why: "private evidence for an auditor",
      receipt: receiptOf(FACT, undefined, { evidencePrivate: log.entry(FACT).evidencePrivate }),
    },
    {
      why: "smaller tree than the newest",
      receipt: receiptOf(FACT, [anchorOf({ index: FACT, size: 7 })]),
    },
    {
      why: "the last leaf of its tree",
      receipt: receiptOf(FACT, [anchorOf({ index: FACT, size: 2 })]),
    },
    {
      why: "a tree of one leaf has an empty path",
      receipt: receiptOf(0, [anchorOf({ index: 0, size: 1 })]),
    },
    {
      why: "a fact above 64 KiB: verifiers allow 1 MiB",
      receipt: lone({ kind: "fact", body: bigFact }),
    },
    {
      why: "lines of unknown keys and unknown types are ignored",
      receipt: withNote(joined(ownNote, `— other.example ${toBase64(seedOf("any"))}\n`)),
    },
    {
      why: "the log's name with another key id is an unknown key",
      receipt: withNote(joined(ownNote, `— ${ORIGIN} ${toBase64(seedOf("any"))}\n`)),
    },
    {
      why: "a failing anchor is passed over",
      receipt: receiptOf(FACT, [
        anchorOf({ index: FACT, size: 9, signers: [signerOf(ORIGIN, "stranger")] }),
        anchorOf({ index: FACT }),
      ]),
    },
    {
      why: "a malformed anchor is passed over",
      receipt: receiptOf(FACT, [
        create(AnchorSchema, { checkpoint: utf8("nonsense") }),
        anchorOf({ index: FACT }),
      ]),
    },
    {
      why: "quorum of two out of three",
      receipt: receiptOf(FACT, [anchorOf({ index: FACT, cosigned: two })]),
      policy: `${QUORUM}require witnessed\n`,
    },
    {
      why: "the witnesses' lines stand in the note itself",
      receipt: withNote(
        joined(
          ownNote,
          cosign(`${ORIGIN}\n16\n${root16}\n`, "w1"),
          cosign(`${ORIGIN}\n16\n${root16}\n`, "w2"),
        ),
      ),
      policy: QUORUM,
    },
    {
      why: "cosignatures nobody asked for",
      receipt: receiptOf(FACT, [anchorOf({ index: FACT, cosigned: two })]),
    },
    {
      why: "an unknown witness is ignored",
      receipt: receiptOf(FACT, [anchorOf({ index: FACT, cosigned: { ...two, stranger: 0 } })]),
      policy: QUORUM,
    },
    {
      why: "age counts from the newest signed time: exactly max-age",
      receipt: receiptOf(FACT, [anchorOf({ index: FACT, cosigned: two })]),
      policy: `${QUORUM}max-age 50\n`,
    },
    {
      why: "age with a known witness and no quorum",
      receipt: receiptOf(FACT, [anchorOf({ index: FACT, cosigned: { w1: 0 } })]),
      policy: `log ${logVkey}\nwitness w1 ${witnessVkey("w1")}\nquorum none\nmax-age 100\n`,
    },
    {
      why: "an anchor too old is passed over for a younger one",
      receipt: receiptOf(FACT, [
        anchorOf({ index: FACT, size: 9, cosigned: { w1: -100, w2: -100 } }),
        anchorOf({ index: FACT, cosigned: two }),
      ]),
      policy: `${QUORUM}max-age 60\n`,
    },
    {
      why: "a retired key up to its size, with the quorum",
      receipt: receiptOf(FACT, [anchorOf({ index: FACT, size: 12, cosigned: two })]),
      policy: RETIRED,
    },
    {
      why: "a note signed by the new key and, beyond its size, the retired one",
      receipt: receiptOf(FACT, [
        anchorOf({ index: FACT, signers: [signerOf(ORIGIN, "log"), signerOf(ORIGIN, "new log")] }),
      ]),
      policy: `log ${newVkey}\nquorum none\nretired ${logVkey} max-size 12\n`,
    },
    {
      why: "signed by old and new key, the new one trusted",
      receipt: receiptOf(FACT, [
        anchorOf({ index: FACT, signers: [signerOf(ORIGIN, "log"), signerOf(ORIGIN, "new log")] }),
      ]),
      policy: `log ${newVkey}\nquorum none\n`,
    },
    {
      why: "several logs trusted",
      receipt: receiptOf(FACT),
      policy: `log ${vkeyOf("other.example", "other log")} https://other.example/\nlog ${logVkey}\nquorum none\n`,
    },
    {
      why: "a trusted author",
      receipt: receiptOf(FACT_TWO_AUTHORS),
      policy: `${LOG}require author\nauthor ${vkeyOf("author.example/2", "author 2")} 2 2\n`,
    },
    {
      why: "an author trusted from an index on",
      receipt: receiptOf(RETRACTION),
      policy: `${LOG}require author\nauthor ${vkeyOf("author.example/1", "author 1")} 5\n`,
    },
    {
      why: "the author of an endorsement, with the fact",
      receipt: receiptOf(ENDORSEMENT),
      fact: fact3,
      policy: `${LOG}require author\nauthor ${vkeyOf("author.example/2", "author 2")}\n`,
    },
    {
      why: "two notes of one size and one root are no fork",
      receipt: receiptOf(FACT, [
        anchorOf({ index: FACT }),
        anchorOf({ index: FACT, cosigned: two }),
      ]),
    },
    {
      why: "an untrusted note of the same size with another root is no fork",
      receipt: receiptOf(FACT, [anchorOf({ index: FACT }), forkedAnchor("stranger", 16)]),
    },
    {
      why: "a note of a retired key beyond its size is no fork",
      receipt: receiptOf(FACT, [
        anchorOf({ index: FACT, signers: [signerOf(ORIGIN, "new log")] }),
        forkedAnchor("log", 16),
      ]),
      policy: `log ${newVkey}\nquorum none\nretired ${logVkey} max-size 12\n`,
    },
    {
      why: "bundles are not looked at unless a verifier for them is given",
      receipt: receiptOf(FACT, [{ ...anchorOf({ index: FACT }), bundles: [utf8("{}")] }]),
    },
  ];
}
