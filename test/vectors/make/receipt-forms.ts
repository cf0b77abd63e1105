// Bytes and JSON that are a receipt, and that are none.
import {
  encodeReceipt,
  formatReceiptJson,
  parseReceipt,
  sha256,
  text,
  toBase64,
  utf8,
} from "@strongroom/protocol";
import { FACT } from "./example-entries.ts";
import { joined } from "./example-log.ts";
import { log, receiptOf } from "./receipt-parts.ts";

export function binaryMalformed() {
  const good = encodeReceipt(receiptOf(FACT));
  const entry = log.entry(FACT);
  const field = (number: number, value: Uint8Array) =>
    joined(varint(number * 8 + 2), varint(value.length), value);
  const anchor = field(1, utf8("x"));
  const parts = {
    body: field(1, entry.body),
    blind: field(2, entry.blind),
    public: field(3, entry.evidencePublic),
    hash: field(4, sha256(entry.evidencePrivate)),
    leaf: field(6, entry.leaf),
    anchor: field(7, anchor),
  };
  const all = joined(...Object.values(parts));
  const without = (name: keyof typeof parts) =>
    joined(...Object.entries(parts).flatMap(([key, value]) => (key === name ? [] : [value])));
  parseReceipt(all);
  const cases: [string, Uint8Array][] = [
    ["empty", new Uint8Array(0)],
    ["cut off", good.slice(0, -1)],
    ["a byte after the end", joined(good, Uint8Array.of(0))],
    ["an unknown field", joined(all, field(8, utf8("x")))],
    [
      "an unknown field in an anchor",
      joined(without("anchor"), field(7, joined(anchor, field(9, utf8("x"))))),
    ],
    ["leaf twice", joined(without("anchor"), parts.leaf, parts.anchor)],
    [
      "anchor before leaf",
      joined(without("anchor").slice(0, -parts.leaf.length), parts.anchor, parts.leaf),
    ],
    [
      "an empty field written",
      joined(
        without("leaf").slice(0, -parts.anchor.length),
        field(5, new Uint8Array(0)),
        parts.leaf,
        parts.anchor,
      ),
    ],
    [
      "a length in more bytes than needed",
      joined(
        parts.body,
        parts.blind,
        parts.public,
        Uint8Array.of(0x22, 0xa0, 0x00),
        sha256(entry.evidencePrivate),
        parts.leaf,
        parts.anchor,
      ),
    ],
    ["no leaf", without("leaf")],
    [
      "a leaf of 113 bytes",
      joined(
        without("leaf").slice(0, -parts.anchor.length),
        field(6, entry.leaf.slice(1)),
        parts.anchor,
      ),
    ],
    ["no private evidence hash", without("hash")],
    ["no anchor", without("anchor")],
    ["body without blind", without("blind")],
    ["blind without body", without("body")],
    [
      "a blind of 15 bytes",
      joined(
        parts.body,
        field(2, entry.blind.slice(1)),
        parts.public,
        parts.hash,
        parts.leaf,
        parts.anchor,
      ),
    ],
  ];
  return cases.map(([why, bytes]) => ({ why, bytes: toBase64(bytes), code: "MALFORMED_RECEIPT" }));
}

export function varint(value: number): Uint8Array {
  const out: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) out.push((rest % 0x80) | 0x80);
  return Uint8Array.of(...out, rest);
}

export function jsonValid() {
  const receipt = receiptOf(FACT);
  const json = formatReceiptJson(receipt);
  const members = Object.entries(JSON.parse(json) as Record<string, unknown>);
  const same = toBase64(encodeReceipt(receipt));
  return [
    { why: "as written by us", json, receipt: same },
    {
      why: "any white space",
      json: `\n\t ${JSON.stringify(JSON.parse(json), null, "\t")} \r\n`,
      receipt: same,
    },
    {
      why: "any order of members",
      json: JSON.stringify(Object.fromEntries(members.reverse())),
      receipt: same,
    },
    {
      why: "empty equals absent",
      json: json.replace("{", '{"evidencePrivate":"",'),
      receipt: same,
    },
    {
      why: "empty lists equal absent ones",
      json: json.replace('"inclusion":', '"bundles":[],"cosignatures":[],"inclusion":'),
      receipt: same,
    },
    {
      why: "escapes in strings",
      json: json.replace('"leaf":', '"l\\u0065af":').replaceAll("/", "\\/"),
      receipt: same,
    },
  ];
}

export function jsonMalformed() {
  const json = formatReceiptJson(receiptOf(FACT));
  const blind = toBase64(log.entry(FACT).blind);
  const cases: [string, string][] = [
    ["empty", ""],
    ["not an object", "[]"],
    ["a byte order mark", `\ufeff${json}`],
    ["trailing data", `${json}{}`],
    ["a trailing comma", json.replace(/\}$/, ",}")],
    ["cut off", json.slice(0, -1)],
    ["an unknown key", json.replace("{", '{"comment":"",')],
    ["an unknown key in an anchor", json.replace('"checkpoint":', '"note":"","checkpoint":')],
    ["a snake_case name", json.replace("evidencePublic", "evidence_public")],
    ["a duplicate key", json.replace("{", `{"blind":"${blind}",`)],
    ["a duplicate key written with an escape", json.replace("{", `{"blin\\u0064":"${blind}",`)],
    [
      "a duplicate key in an anchor",
      json.replace('"checkpoint":', '"bundles":[],"bundles":[],"checkpoint":'),
    ],
    ["null", json.replace("{", '{"evidencePrivate":null,')],
    ["null for a list", json.replace('"inclusion":', '"bundles":null,"inclusion":')],
    ["null in a list", json.replace('"inclusion":', '"bundles":[null],"inclusion":')],
    ["a number", json.replace("{", '{"evidencePrivate":0,')],
    ["a list for bytes", json.replace("{", '{"evidencePrivate":[],')],
    ["a string for a list", json.replace('"inclusion":', '"bundles":"","inclusion":')],
    [
      "non-zero trailing base64 bits",
      json.replace(
        blind,
        blind.replace(/.==$/, (end) => `${end === "B==" ? "C" : "B"}==`),
      ),
    ],
    ["base64 without padding", json.replace(blind, blind.slice(0, -2))],
    ["URL-safe base64", json.replace(/"leaf":"..../, '"leaf":"-_-_')],
    ["white space in base64", json.replace(blind, ` ${blind}`)],
    ["single quotes", json.replaceAll('"', "'")],
    ["a comment", json.replace("{", "{/**/")],
    ["a raw control character in a string", json.replace('"blind"', '"bli\u0001nd"')],
    ["a no-break space between members", json.replace("{", "{\u00a0")],
    ["no leaf", json.replace(/"leaf":"[^"]*",/, "")],
    ["no anchors", json.replace(/"anchors":.*$/, '"anchors":[]}')],
    ["body without blind", json.replace(`"blind":"${blind}",`, "")],
  ];
  return cases.map(([why, text]) => ({ why, json: text, code: "MALFORMED_RECEIPT" }));
}
