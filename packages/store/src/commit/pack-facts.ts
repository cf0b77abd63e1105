// Checks facts and packs them for the commit thread: the one place where a fact is parsed on its
// way in. The buffers are this call's own, so that they can be transferred.
import { hashFact, scanFact, sha256, verifyAuthor } from "@strongroom/protocol";
import { StoreError } from "../errors.ts";
import type { NewFact } from "../types.ts";
import { type PackedFacts, SPAN, SPAN_STRIDE } from "./commit-request.ts";

const AUTHORS_MAX = 16;
/** Field numbers of the value arms that text search covers. */
const TEXT_FIELD = 4;
const STRING_FIELD = 5;

/** Throws what the protocol says of a malformed fact, or AUTHOR_SIGNATURE_INVALID. */
export function checkFact(fact: NewFact, bytesMax: number): void {
  scanFact(fact.bytes, { bytesMax });
  const authors = fact.authorSignatures ?? [];
  if (authors.length > AUTHORS_MAX) {
    throw new StoreError("LIMIT_EXCEEDED", `append fact: more than ${AUTHORS_MAX} authors`);
  }
  const keys = new Set<string>();
  for (const author of authors) {
    verifyAuthor("fact", fact.bytes, author);
    keys.add(author.publicKey.join());
  }
  if (keys.size < authors.length) {
    throw new StoreError("INVALID_ARGUMENT", "append fact: one author signed twice");
  }
}

/** Packs facts that checkFact() accepted. */
export function packFacts(facts: readonly NewFact[], bytesMax: number): PackedFacts {
  const total = facts.reduce((sum, fact) => sum + fact.bytes.length, 0);
  const packed: PackedFacts = {
    count: facts.length,
    bytes: new Uint8Array(total),
    spans: new Int32Array(facts.length * SPAN_STRIDE),
    cids: new Uint8Array(facts.length * 32),
  };
  let at = 0;
  facts.forEach((fact, i) => {
    packed.bytes.set(fact.bytes, at);
    writeSpans(packed.spans, i * SPAN_STRIDE, { bytes: fact.bytes, offset: at, bytesMax });
    packed.cids.set(sha256(fact.bytes), i * 32);
    at += fact.bytes.length;
  });
  if (facts.some((fact) => fact.authorSignatures?.length)) {
    packed.signatures = facts.map((fact) =>
      fact.authorSignatures?.length ? fact.authorSignatures : undefined,
    );
  }
  return packed;
}

/** A stored fact in the same form. */
export function packStored(body: Uint8Array, bytesMax: number): PackedFacts {
  const spans = new Int32Array(SPAN_STRIDE);
  writeSpans(spans, 0, { bytes: body, offset: 0, bytesMax });
  return { count: 1, bytes: body, spans, cids: hashFact(body) };
}

function writeSpans(
  spans: Int32Array,
  at: number,
  fact: { bytes: Uint8Array; offset: number; bytesMax: number },
): void {
  const { offset } = fact;
  const found = scanFact(fact.bytes, { bytesMax: fact.bytesMax });
  const isText = found.valueField === TEXT_FIELD || found.valueField === STRING_FIELD;
  spans[at + SPAN.start] = offset;
  spans[at + SPAN.end] = offset + fact.bytes.length;
  spans[at + SPAN.scopeStart] = offset + found.scopeStart;
  spans[at + SPAN.scopeEnd] = offset + found.scopeEnd;
  spans[at + SPAN.entityStart] = offset + found.entityStart;
  spans[at + SPAN.entityEnd] = offset + found.entityEnd;
  spans[at + SPAN.relationStart] = offset + found.relationStart;
  spans[at + SPAN.relationEnd] = offset + found.relationEnd;
  spans[at + SPAN.sourceStart] = offset + found.sourceStart;
  spans[at + SPAN.sourceEnd] = offset + found.sourceEnd;
  spans[at + SPAN.textStart] = isText ? offset + found.valueStart : offset;
  spans[at + SPAN.textEnd] = isText ? offset + found.valueEnd : offset;
}
