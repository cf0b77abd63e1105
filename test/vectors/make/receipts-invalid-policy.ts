// Receipts that hold, but not under their policy.
import { utf8 } from "@strongroom/protocol";
import { ENDORSEMENT, FACT, FACT_UNSIGNED } from "./example-entries.ts";
import { joined } from "./example-log.ts";
import {
  anchorOf,
  type Case,
  cosign,
  LOG,
  log,
  logVkey,
  QUORUM,
  RETIRED,
  receiptOf,
  vkeyOf,
  WITNESSES,
} from "./receipt-parts.ts";

export function requirementCases(): Case[] {
  const cosigned = (names: Readonly<Record<string, number>>, size = 16) =>
    anchorOf({ index: FACT, size, cosigned: names });
  const one = cosigned({ w1: 0 });
  const damaged = { ...one, cosignatures: [...one.cosignatures, utf8(cosign("other\n", "w2"))] };
  return [
    {
      why: "one witness of the two",
      receipt: receiptOf(FACT, [one]),
      policy: QUORUM,
      code: "WITNESS_REQUIRED",
    },
    {
      why: "two witnesses, but in two anchors",
      receipt: receiptOf(FACT, [one, cosigned({ w2: 0 }, 12)]),
      policy: QUORUM,
      code: "WITNESS_REQUIRED",
    },
    {
      why: "quorum none never satisfies require witnessed",
      receipt: receiptOf(FACT, [cosigned({ w1: 0, w2: 0 })]),
      policy: `log ${logVkey}\n${WITNESSES}quorum none\nrequire witnessed\n`,
      code: "WITNESS_REQUIRED",
    },
    {
      why: "a known witness whose line does not hold spoils the anchor",
      receipt: receiptOf(FACT, [damaged]),
      policy: QUORUM,
      code: "SIGNATURE_INVALID",
    },
    {
      why: "a witness signs twice",
      receipt: receiptOf(FACT, [
        { ...one, cosignatures: [...one.cosignatures, ...cosigned({ w1: 9 }).cosignatures] },
      ]),
      policy: QUORUM,
      code: "SIGNATURE_INVALID",
    },
    {
      why: "a cosignature without its newline",
      receipt: receiptOf(FACT, [
        { ...one, cosignatures: one.cosignatures.map((line) => line.slice(0, -1)) },
      ]),
      code: "MALFORMED_COSIGNATURE",
    },
    {
      why: "two lines in one cosignature",
      receipt: receiptOf(FACT, [
        { ...one, cosignatures: [joined(...one.cosignatures, ...one.cosignatures)] },
      ]),
      code: "MALFORMED_COSIGNATURE",
    },
    {
      why: "a retired key beyond its size",
      receipt: receiptOf(FACT, [cosigned({ w1: 0, w2: 0 }, 13)]),
      policy: RETIRED,
      code: "RETIRED_KEY",
    },
    {
      why: "a retired key without quorum or attestation",
      receipt: receiptOf(FACT, [cosigned({ w1: 0 }, 12)]),
      policy: RETIRED,
      code: "RETIRED_KEY",
    },
    {
      why: "a key that is trusted and retired is retired",
      receipt: receiptOf(FACT),
      policy: `${LOG}retired ${logVkey} max-size 16\n`,
      code: "RETIRED_KEY",
    },
    {
      why: "an attestation is required and there is none",
      receipt: receiptOf(FACT),
      policy: `${LOG}require attested\n`,
      code: "ATTESTATION_REQUIRED",
    },
    {
      why: "nobody signed a time",
      receipt: receiptOf(FACT),
      policy: `${LOG}max-age 100000\n`,
      code: "NO_TRUSTED_TIME",
    },
    {
      why: "the time of an unknown witness does not count",
      receipt: receiptOf(FACT, [cosigned({ stranger: 0 })]),
      policy: `${LOG}max-age 100000\n`,
      code: "NO_TRUSTED_TIME",
    },
    {
      why: "older than max-age",
      receipt: receiptOf(FACT, [cosigned({ w1: 0, w2: 50 })]),
      policy: `${QUORUM}max-age 49\n`,
      code: "RECEIPT_TOO_OLD",
    },
    {
      why: "the newer time stands in an anchor without the quorum",
      receipt: receiptOf(FACT, [cosigned({ w1: 0, w2: 0 }, 12), cosigned({ w1: 90 })]),
      policy: `${QUORUM}max-age 50\n`,
      code: "RECEIPT_TOO_OLD",
    },
    {
      why: "no author at all",
      receipt: receiptOf(FACT_UNSIGNED),
      policy: `${LOG}require author\n`,
      code: "AUTHOR_REQUIRED",
    },
    {
      why: "an author nobody trusts",
      receipt: receiptOf(FACT),
      policy: `${LOG}require author\nauthor ${vkeyOf("author.example/2", "author 2")}\n`,
      code: "AUTHOR_REQUIRED",
    },
    {
      why: "an author trusted only from the next index on",
      receipt: receiptOf(FACT),
      policy: `${LOG}require author\nauthor ${vkeyOf("author.example/1", "author 1")} 2\n`,
      code: "AUTHOR_REQUIRED",
    },
    {
      why: "an author trusted only up to the index before",
      receipt: receiptOf(FACT),
      policy: `${LOG}require author\nauthor ${vkeyOf("author.example/1", "author 1")} 0 0\n`,
      code: "AUTHOR_REQUIRED",
    },
    {
      why: "an endorsement without its fact lists no authors",
      receipt: receiptOf(ENDORSEMENT),
      policy: `${LOG}require author\nauthor ${vkeyOf("author.example/2", "author 2")}\n`,
      code: "AUTHOR_REQUIRED",
    },
  ];
}
