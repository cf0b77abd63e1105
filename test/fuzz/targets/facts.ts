// Facts, scopes and content ids. The judge of a fact is a second validator: protobuf-es decodes and
// encodes again, and the limits of formats.md §1 are checked on the message.
import { createHash } from "node:crypto";
import { type Fact, FactSchema } from "@strongroom/proto/strongroom/fact/v1/fact";
import { MalformedError, parseCanonical, utf8 } from "@strongroom/protocol";
import { textMutators } from "../mutate/text.ts";
import { wireMutators } from "../mutate/wire.ts";
import { expect, refuses, type Target, textOf } from "../target.ts";
import { fromHex, readVectors, sameBytes } from "../valid-inputs.ts";

const FACT_BYTES_MAX = 64 * 1024;
const SCOPE = /^[a-z0-9][a-z0-9_.-]*(?:\/[a-z0-9][a-z0-9_.-]*)*$/;

export function factTarget(): Target {
  const vectors = readVectors<{ bytes: string; max_bytes: number }[]>("facts_valid");
  const small = vectors.filter(
    ({ max_bytes, bytes }) => max_bytes <= FACT_BYTES_MAX && bytes.length < 4000,
  );
  const seeds = small.map(({ bytes }) => fromHex(bytes));
  return {
    name: "fact",
    seeds,
    mutators: wireMutators,
    codes: ["MALFORMED_FACT", "MALFORMED_SCOPE", "LIMIT_EXCEEDED"],
    check(input, { protocol, origin }) {
      const isLegal = isLegalFact(input);
      const isRefused = refuses(() => protocol.scanFact(input));
      expect(!(isRefused && isLegal), "refuses a legal fact");
      const fact = protocol.parseFact(input);
      expect(isLegal, "accepts an illegal fact");
      expect(sameBytes(protocol.encodeFact(fact), input), "a fact comes back as other bytes");
      const cid = protocol.hashFact(input);
      const digest = createHash("sha256").update(input).digest();
      expect(sameBytes(cid, digest), "a cid is not the digest of the bytes");
      const isSame = sameBytes(input, seeds[origin] ?? input);
      const isSameCid = sameBytes(cid, protocol.hashFact(seeds[origin] ?? input));
      expect(isSame === isSameCid, "one cid, two facts");
      return "accepted";
    },
  };
}

function isLegalFact(bytes: Uint8Array): boolean {
  if (bytes.length > FACT_BYTES_MAX) return false;
  try {
    return isWithinLimits(parseCanonical(FactSchema, bytes, "MALFORMED_FACT"));
  } catch (error) {
    if (error instanceof MalformedError) return false;
    throw error;
  }
}

function isWithinLimits(fact: Fact): boolean {
  const { confidence } = fact;
  return (
    isLegalScope(fact.scope) &&
    isWithin(fact.entity, 1, 512) &&
    isWithin(fact.relation, 1, 256) &&
    isWithin(fact.source, 0, 512) &&
    fact.value.case !== undefined &&
    (fact.value.case !== "null" || fact.value.value === 0) &&
    (confidence === undefined || (confidence >= 0 && confidence <= 1)) &&
    fact.derivedFrom.length <= 64 &&
    fact.derivedFrom.every((cid) => cid.length === 32) &&
    (fact.interpretAs === 0 || fact.interpretAs === 1) &&
    (fact.nonce.length === 0 || fact.nonce.length === 16)
  );
}

function isLegalScope(scope: string): boolean {
  return scope.length <= 128 && SCOPE.test(scope);
}

function isWithin(text: string, least: number, most: number): boolean {
  const length = Buffer.byteLength(text);
  return length >= least && length <= most;
}

/** Input: a scope pattern, and after a newline a scope to hold against it. */
export function scopeTarget(): Target {
  const pairs = ["*\nteam/a", "team/*\nteam/a/b", "team/a\nteam/a", "a.b-c_d/*\na.b-c_d/e", "x\nx"];
  return {
    name: "scope",
    seeds: [...pairs, `${"s".repeat(128)}\n${"s".repeat(128)}`].map(utf8),
    mutators: textMutators,
    codes: ["MALFORMED_SCOPE"],
    check(input, { protocol }) {
      const [pattern = "", ...rest] = textOf(input).split("\n");
      const scope = rest.join("\n");
      const isLegal = isLegalScope(scope);
      expect(protocol.isScope(scope) === isLegal, "misjudges a scope");
      const bytes = utf8(scope);
      expect(
        protocol.isScopeBytes(bytes, 0, bytes.length) === isLegal,
        "misjudges a scope's bytes",
      );
      protocol.parseScopePattern(pattern);
      const prefix = pattern.endsWith("/*") ? pattern.slice(0, -2) : pattern;
      expect(pattern === "*" || isLegalScope(prefix), "accepts an illegal pattern");
      protocol.parseScope(scope);
      const isCovered =
        pattern === "*" ||
        pattern === scope ||
        (pattern.endsWith("/*") && protocol.scopeAncestors(scope).includes(prefix));
      expect(protocol.matchesScope(pattern, scope) === isCovered, "misjudges who may see a scope");
      return "accepted";
    },
  };
}

export function cidTarget(): Target {
  const facts = readVectors<{ cid: string }[]>("facts_valid");
  return {
    name: "cid",
    seeds: facts.map(({ cid }) => utf8(cid)),
    mutators: textMutators,
    codes: ["MALFORMED_CID"],
    check(input, { protocol }) {
      const text = textOf(input);
      const cid = protocol.parseCid(text);
      expect(cid.length === 32, "a cid is not 32 bytes");
      expect(protocol.formatCid(cid) === text, "a cid comes back as another text");
      return "accepted";
    },
  };
}
