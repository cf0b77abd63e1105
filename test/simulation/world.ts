// What the numbers of a program stand for: facts, authors, filters.
import { createHash } from "node:crypto";
import { encodeFact, signAuthor } from "@strongroom/protocol";
import type { NewFact } from "@strongroom/store";
import { START_MS } from "./clock.ts";
import type { FactSpec } from "./program.ts";

const SCOPES = ["a", "a/b", "a/b/c", "a/bb", "ab", "z"];
const PATTERNS = [undefined, undefined, "*", "a", "a/*", "a/b", "a/b/*", "z", "z/*", "nobody"];
const ALLOWED = [undefined, undefined, undefined, ["*"], ["a/*"], ["a", "z"], ["a/b/*", "ab"], []];
const SOURCES = ["", "s1", "s2"];
/** Never met: the program's clock moves a few days at most. */
const UNTIL_MS = [undefined, -1_000, 1, 3_600_000, 150_000_000];

/** Words of text values; the last one is in none. */
export const WORDS = ["alpha", "beta", "gamma", "ÄPFEL", "x1", "the", "nowhere"];
const TEXTS = ["alpha beta", "gamma, Alpha!", "the äpfel x1", "beta beta beta", ""];

const authorSeeds = [1, 2].map((n) => new Uint8Array(32).fill(n));

/** The fact bytes of a spec; the same spec gives the same bytes, and so the same cid. */
export function factOf(spec: FactSpec, baseMs = START_MS): Uint8Array {
  const until = UNTIL_MS[spec.until];
  const encoded = encodeFact({
    scope: SCOPES[spec.scope] ?? "a",
    entity: `e${spec.entity}`,
    relation: `r${spec.relation}`,
    value: factValue(spec.value),
    source: SOURCES[spec.source] ?? "",
    ...(until === undefined ? {} : { validUntil: timestamp(baseMs + until) }),
    ...(spec.nonce === 0 ? {} : { nonce: new Uint8Array(16).fill(spec.nonce) }),
  });
  return spec.broken ? Uint8Array.of(...encoded, 0) : encoded;
}

export function newFactOf(spec: FactSpec, baseMs?: number): NewFact {
  const bytes = factOf(spec, baseMs);
  const authorSignatures = authorSeeds
    .filter((_, i) => (spec.authors & (1 << i)) !== 0)
    .map((seed) => signAuthor("fact", bytes, seed));
  return authorSignatures.length === 0 ? { bytes } : { bytes, authorSignatures };
}

/** Facts that are in no other bulk. */
export function bulkFacts(number: number, count: number): NewFact[] {
  return Array.from({ length: count }, (_, i) => ({
    bytes: encodeFact({
      scope: SCOPES[i % 3] ?? "a",
      entity: `bulk${i % 50}`,
      relation: "r0",
      value: { case: "integer", value: BigInt(number * 1000 + i) },
      source: "bulk",
    }),
  }));
}

export function scopePatternOf(number: number): string | undefined {
  return PATTERNS[number];
}

export function allowedScopesOf(number: number): readonly string[] | undefined {
  return ALLOWED[number];
}

export function sourceOf(number: number): string | undefined {
  return number === 0 ? undefined : SOURCES[number];
}

/** The 32-byte key of a seed's store. */
export function keyOf(seed: number): Uint8Array {
  return new Uint8Array(createHash("sha256").update(`simulation ${seed}`).digest());
}

function factValue(number: number): Parameters<typeof encodeFact>[0]["value"] & object {
  const text = TEXTS[number];
  if (text !== undefined) return { case: "text", value: text };
  if (number === 5) return { case: "integer", value: -7n };
  if (number === 6) return { case: "boolean", value: false };
  if (number === 7) return { case: "number", value: 0.5 };
  if (number === 8) return { case: "string", value: "alpha" };
  return { case: "bytes", value: new Uint8Array([0, 255]) };
}

function timestamp(ms: number): { seconds: bigint; nanos: number } {
  const seconds = Math.floor(ms / 1000);
  return { seconds: BigInt(seconds), nanos: (ms - seconds * 1000) * 1_000_000 };
}
