// Views of one fact among the packed facts of a request.
import { text } from "@strongroom/protocol";
import { type PackedFacts, SPAN, SPAN_STRIDE } from "./commit-request.ts";
import type { DraftEntry } from "./draft.ts";

export function bodyAt(facts: PackedFacts, position: number): Uint8Array {
  return spanOf(facts, position, SPAN.start);
}

export function scopeAt(facts: PackedFacts, position: number): string {
  return text(spanOf(facts, position, SPAN.scopeStart));
}

export function sealedAt({ sealed }: PackedFacts, position: number): DraftEntry["sealed"] {
  if (!sealed) return undefined;
  return {
    blind: sealed.blinds.subarray(position * 16, position * 16 + 16),
    subject: sealed.subjects.subarray(position * 32, position * 32 + 32),
  };
}

function spanOf({ bytes, spans }: PackedFacts, position: number, which: number): Uint8Array {
  const at = position * SPAN_STRIDE + which;
  return bytes.subarray(spans[at], spans[at + 1]);
}
