// Checks facts and packs them for the commit thread: the one place where a fact is parsed on its
// way in. What needs no place in the log yet is done here, off the commit thread: content id, blind
// and subject. The buffers are this call's own, so that they can be transferred.
import {
  type FactSpans,
  hashFact,
  hashSubject,
  scanFact,
  sha256,
  verifyAuthor,
} from "@strongroom/protocol";
import { StoreError } from "../errors.ts";
import type { NewFact } from "../types.ts";
import { type PackedFacts, SPAN, SPAN_STRIDE } from "./commit-request.ts";
import { takeRandom } from "./random-pool.ts";

const AUTHORS_MAX = 16;
/** Field numbers of the value arms that text search covers. */
const TEXT_FIELD = 4;
const STRING_FIELD = 5;

export interface CheckedFact {
  fact: NewFact;
  spans: FactSpans;
}

/** Throws what the protocol says of a malformed fact, or AUTHOR_SIGNATURE_INVALID. */
export function checkFact(fact: NewFact, bytesMax: number): CheckedFact {
  const spans = scanFact(fact.bytes, { bytesMax });
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
  return { fact, spans };
}

export function packFacts(checked: readonly CheckedFact[]): PackedFacts {
  const count = checked.length;
  const total = checked.reduce((sum, { fact }) => sum + fact.bytes.length, 0);
  const { spans, cids, blinds, subjects, bytes } = allocate(count, total);
  blinds.set(takeRandom(blinds.length));
  let at = 0;
  for (const [i, one] of checked.entries()) {
    bytes.set(one.fact.bytes, at);
    writeSpans(spans, i * SPAN_STRIDE, { ...one, offset: at });
    const cid = sha256(one.fact.bytes);
    cids.set(cid, i * 32);
    subjects.set(hashSubject(blinds.subarray(i * 16, i * 16 + 16), cid), i * 32);
    at += one.fact.bytes.length;
  }
  const packed: PackedFacts = { count, bytes, spans, cids, sealed: { blinds, subjects } };
  if (checked.some(({ fact }) => fact.authorSignatures?.length)) {
    packed.signatures = checked.map(({ fact }) =>
      fact.authorSignatures?.length ? fact.authorSignatures : undefined,
    );
  }
  return packed;
}

// One buffer for all: it is copied or moved to another thread as a whole.
function allocate(count: number, bytesTotal: number) {
  const spanBytes = count * SPAN_STRIDE * Int32Array.BYTES_PER_ELEMENT;
  const buffer = new ArrayBuffer(spanBytes + count * (32 + 16 + 32) + bytesTotal);
  let at = spanBytes;
  const take = (length: number): Uint8Array => {
    at += length;
    return new Uint8Array(buffer, at - length, length);
  };
  return {
    spans: new Int32Array(buffer, 0, count * SPAN_STRIDE),
    cids: take(count * 32),
    blinds: take(count * 16),
    subjects: take(count * 32),
    bytes: take(bytesTotal),
  };
}

/** A stored fact in the same form. */
export function packStored(body: Uint8Array, bytesMax: number): PackedFacts {
  const spans = new Int32Array(SPAN_STRIDE);
  const found = scanFact(body, { bytesMax });
  writeSpans(spans, 0, { fact: { bytes: body }, spans: found, offset: 0 });
  return { count: 1, bytes: body, spans, cids: hashFact(body) };
}

function writeSpans(
  spans: Int32Array,
  at: number,
  { fact, spans: found, offset }: CheckedFact & { offset: number },
): void {
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
