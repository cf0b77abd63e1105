// Receipts whose body, evidence or leaf does not hold.
import { signAuthor } from "@strongroom/protocol";
import { ENDORSEMENT, exampleFact, FACT, genesis, RETRACTION } from "./example-entries.ts";
import { flipped, joined, type NewEntry, publicKeyOf, seedOf } from "./example-log.ts";
import { type Case, firstOf, LOG, log, lone, receiptOf } from "./receipt-parts.ts";

export function bodyAndEvidenceCases(): Case[] {
  const fact = log.entry(FACT);
  const stranger = { publicKey: publicKeyOf("author 2"), signature: new Uint8Array(64) };
  const good = signAuthor("fact", exampleFact(1), seedOf("author 1"));
  const crossed = signAuthor("retraction", exampleFact(1), seedOf("author 1"));
  const plain = (wrong: NewEntry["wrong"]): NewEntry => ({
    kind: "fact",
    body: exampleFact(1),
    ...(wrong && { wrong }),
  });
  return [
    {
      why: "body and blind erased",
      receipt: receiptOf(FACT, undefined, { body: new Uint8Array(0), blind: new Uint8Array(0) }),
      code: "BODY_ERASED",
    },
    {
      why: "erased, and the policy asks for an author",
      receipt: receiptOf(FACT, undefined, { body: new Uint8Array(0), blind: new Uint8Array(0) }),
      policy: `${LOG}require author\n`,
      code: "BODY_ERASED",
    },
    {
      why: "another blind",
      receipt: receiptOf(FACT, undefined, { blind: flipped(fact.blind, 3) }),
      code: "SUBJECT_MISMATCH",
    },
    {
      why: "another fact",
      receipt: receiptOf(FACT, undefined, { body: exampleFact(9) }),
      code: "SUBJECT_MISMATCH",
    },
    {
      why: "fact with its nonce before its source",
      receipt: lone({ kind: "fact", body: joined(exampleFact(1), Uint8Array.of(0x6a, 1, 0x61)) }),
      code: "MALFORMED_FACT",
    },
    {
      why: "retraction with a written default",
      receipt: lone({
        kind: "retraction",
        body: joined(log.entry(RETRACTION).body.subarray(0, 8), Uint8Array.of(0x10, 0)),
      }),
      code: "MALFORMED_BODY",
    },
    {
      why: "private evidence that is not the hashed one",
      receipt: receiptOf(FACT, undefined, { evidencePrivate: log.entry(FACT + 1).evidencePrivate }),
      code: "EVIDENCE_MISMATCH",
    },
    {
      why: "another private evidence hash",
      receipt: receiptOf(FACT, undefined, { evidencePrivateHash: seedOf("any") }),
      code: "EVIDENCE_MISMATCH",
    },
    {
      why: "public evidence of another entry",
      receipt: receiptOf(FACT, undefined, { evidencePublic: log.entry(FACT + 1).evidencePublic }),
      code: "EVIDENCE_MISMATCH",
    },
    {
      why: "public evidence with an unknown field",
      receipt: lone(plain({ evidencePublic: joined(fact.evidencePublic, Uint8Array.of(0x78, 1)) })),
      code: "MALFORMED_EVIDENCE",
    },
    {
      why: "public evidence without salt",
      receipt: lone(plain({ evidencePublic: fact.evidencePublic.slice(0, -18) })),
      code: "MALFORMED_EVIDENCE",
    },
    {
      why: "private evidence that is not canonical",
      receipt: lone(
        plain({ evidencePrivate: joined(fact.evidencePrivate, Uint8Array.of(0x78, 1)) }),
        { evidencePrivate: joined(fact.evidencePrivate, Uint8Array.of(0x78, 1)) },
      ),
      code: "MALFORMED_EVIDENCE",
    },
    {
      why: "scope_index 0 with a scope_previous",
      receipt: lone(plain({ scopePrevious: seedOf("any") })),
      code: "LINK_MISMATCH",
    },
    {
      why: "scope_index 1 with a zero scope_previous",
      receipt: lone(plain({ scopeIndex: 1 })),
      code: "LINK_MISMATCH",
    },
    {
      why: "a zero previous at index 1",
      receipt: lone(plain({ previous: new Uint8Array(32) })),
      code: "LINK_MISMATCH",
    },
    {
      why: "a previous at index 0",
      receipt: firstOf({ ...genesis(), wrong: { previous: seedOf("any") } }),
      code: "LINK_MISMATCH",
    },
    { why: "a fact at index 0", receipt: firstOf(plain(undefined)), code: "LINK_MISMATCH" },
    { why: "leaf of version 2", receipt: lone(plain({ version: 2 })), code: "MALFORMED_LEAF" },
    {
      why: "an author signature that does not hold",
      receipt: lone(plain({ signatures: [stranger] })),
      code: "AUTHOR_SIGNATURE_INVALID",
    },
    {
      why: "the second of two author signatures does not hold",
      receipt: lone(plain({ signatures: [good, stranger] })),
      code: "AUTHOR_SIGNATURE_INVALID",
    },
    {
      why: "a signature over the body of another kind",
      receipt: lone(plain({ signatures: [crossed] })),
      code: "AUTHOR_SIGNATURE_INVALID",
    },
    {
      why: "an endorsement with another fact",
      receipt: receiptOf(ENDORSEMENT),
      fact: exampleFact(1),
      code: "CID_MISMATCH",
    },
    {
      why: "leaf of another entry",
      receipt: receiptOf(FACT, undefined, { leaf: log.entry(2).leaf }),
      code: "SUBJECT_MISMATCH",
    },
  ];
}
