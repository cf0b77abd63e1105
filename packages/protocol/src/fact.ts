// The validator of facts (formats.md §1): bytes that are not the one canonical encoding of a
// legal fact are refused, so that one content id has one meaning everywhere.
import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { type Fact, FactSchema } from "@strongroom/proto/strongroom/fact/v1/fact";
import { MalformedError } from "./errors.ts";
import { isScopeBytes } from "./scope.ts";
import { scanTimestamp } from "./timestamp.ts";
import { WireReader } from "./wire.ts";

/** What a store takes unless it is set otherwise. */
export const FACT_BYTES_DEFAULT_MAX = 64 * 1024;
/** What no store and no verifier goes beyond. */
export const FACT_BYTES_MAX = 1024 * 1024;
export const ENTITY_BYTES_MAX = 512;
export const RELATION_BYTES_MAX = 256;
export const SOURCE_BYTES_MAX = 512;
export const DERIVED_FROM_MAX = 64;
export const NONCE_BYTES = 16;

/** Where the parts of a fact lie in its bytes, half-open, so that hot paths need not decode it. */
export interface FactSpans {
  scopeStart: number;
  scopeEnd: number;
  entityStart: number;
  entityEnd: number;
  relationStart: number;
  relationEnd: number;
  /** Both 0 if there is no source. */
  sourceStart: number;
  sourceEnd: number;
  /** Field number of the value arm, 4–12. */
  valueField: number;
  /** The arm's payload, without tag and length. */
  valueStart: number;
  valueEnd: number;
  hasNonce: boolean;
  /** First whole millisecond at which the fact is no longer valid; NaN if it never ends. */
  validUntilMs: number;
}

export interface FactLimits {
  /** Default 64 KiB; more than 1 MiB counts as 1 MiB. */
  bytesMax?: number;
}

// Tags as they stand on the wire: field number × 8 + wire type. No others are legal.
const SCOPE = 10;
const ENTITY = 18;
const RELATION = 26;
const TEXT = 34;
const STRING = 42;
const INTEGER = 48;
const NUMBER = 57;
const BOOLEAN = 64;
const DATETIME = 74;
const REF = 82;
const BYTES = 90;
const NULL = 96;
const SOURCE = 106;
const CONFIDENCE = 113;
const ASSERTED_AT = 122;
const VALID_UNTIL = 130;
const DERIVED_FROM = 138;
const INTERPRET_AS = 144;
const OBSERVED_BY = 154;
const NONCE = 162;

/**
 * Checks a fact in one pass over its bytes. Throws MALFORMED_FACT, MALFORMED_SCOPE, or
 * LIMIT_EXCEEDED where only a size is wrong.
 */
export function scanFact(bytes: Uint8Array, limits?: FactLimits): FactSpans {
  const bytesMax = Math.min(limits?.bytesMax ?? FACT_BYTES_DEFAULT_MAX, FACT_BYTES_MAX);
  const end = bytes.length;
  if (end > bytesMax) throw tooMuch(`fact is above ${bytesMax} bytes`);
  const reader = new WireReader(bytes, "MALFORMED_FACT");
  const spans = emptySpans();
  let lastField = 0;
  let derivedFrom = 0;
  while (reader.at < end) {
    const tag = reader.tag(end);
    const field = tag >>> 3;
    if (field <= lastField && (tag !== DERIVED_FROM || field < lastField)) {
      reader.fail("repeats a field or has fields out of order");
    }
    lastField = field;
    if (field <= 3) scanTriple(reader, tag, end, spans);
    else if (field <= 12) scanValue(reader, tag, end, spans);
    else if (tag !== DERIVED_FROM) scanQualifier(reader, tag, end, spans);
    else {
      scanBytes(reader, end, 32);
      if (++derivedFrom > DERIVED_FROM_MAX) throw tooMuch("derived_from is above 64 cids");
    }
  }
  if (spans.scopeEnd === 0) reader.fail("has no scope");
  if (spans.entityEnd === 0) reader.fail("has no entity");
  if (spans.relationEnd === 0) reader.fail("has no relation");
  if (spans.valueField === 0) reader.fail("has no value");
  return spans;
}

/** scanFact, then the decoded message. */
export function parseFact(bytes: Uint8Array, limits?: FactLimits): Fact {
  scanFact(bytes, limits);
  return fromBinary(FactSchema, bytes);
}

/**
 * The canonical bytes of a fact. Fills nothing in: a nonce is the caller's to draw. Throws as
 * scanFact does when the content is not a legal fact.
 */
export function encodeFact(
  init: MessageInitShape<typeof FactSchema>,
  limits?: FactLimits,
): Uint8Array {
  const bytes = encodeMessage(init);
  scanFact(bytes, limits);
  return bytes;
}

function encodeMessage(init: MessageInitShape<typeof FactSchema>): Uint8Array {
  const fact = create(FactSchema, init);
  const { value } = fact.value;
  const strings = [fact.scope, fact.entity, fact.relation, fact.source, fact.observedBy];
  if (typeof value === "string") strings.push(value);
  // An encoder would write U+FFFD for half a surrogate pair: another content than was given.
  if (strings.some((string) => /\p{Surrogate}/u.test(string))) {
    throw new MalformedError("MALFORMED_FACT", "fact has text with a lone surrogate");
  }
  try {
    return toBinary(FactSchema, fact);
  } catch (cause) {
    throw new MalformedError("MALFORMED_FACT", "fact cannot be encoded", { cause });
  }
}

function emptySpans(): FactSpans {
  return {
    scopeStart: 0,
    scopeEnd: 0,
    entityStart: 0,
    entityEnd: 0,
    relationStart: 0,
    relationEnd: 0,
    sourceStart: 0,
    sourceEnd: 0,
    valueField: 0,
    valueStart: 0,
    valueEnd: 0,
    hasNonce: false,
    validUntilMs: Number.NaN,
  };
}

function scanTriple(reader: WireReader, tag: number, end: number, spans: FactSpans): void {
  switch (tag) {
    case SCOPE:
      spans.scopeEnd = reader.lengthDelimitedEnd(end);
      spans.scopeStart = reader.at;
      if (!isScopeBytes(reader.bytes, reader.at, spans.scopeEnd)) {
        throw new MalformedError("MALFORMED_SCOPE", "not a legal scope");
      }
      reader.at = spans.scopeEnd;
      return;
    case ENTITY:
      spans.entityEnd = reader.lengthDelimitedEnd(end);
      spans.entityStart = reader.at;
      scanText(reader, spans.entityEnd, ENTITY_BYTES_MAX);
      return;
    case RELATION:
      spans.relationEnd = reader.lengthDelimitedEnd(end);
      spans.relationStart = reader.at;
      scanText(reader, spans.relationEnd, RELATION_BYTES_MAX);
      return;
    default:
      reader.fail("has an unknown field");
  }
}

// A value arm may hold its default; only strings of other fields must not be empty.
function scanValue(reader: WireReader, tag: number, end: number, spans: FactSpans): void {
  if (spans.valueField !== 0) reader.fail("has two values");
  spans.valueField = tag >>> 3;
  spans.valueStart = reader.at;
  switch (tag) {
    case TEXT:
    case STRING:
    case REF: {
      const valueEnd = reader.lengthDelimitedEnd(end);
      spans.valueStart = reader.at;
      reader.utf8(valueEnd);
      break;
    }
    case BYTES: {
      const valueEnd = reader.lengthDelimitedEnd(end);
      spans.valueStart = reader.at;
      reader.at = valueEnd;
      break;
    }
    case DATETIME: {
      const valueEnd = reader.lengthDelimitedEnd(end);
      spans.valueStart = reader.at;
      scanTimestamp(reader, valueEnd);
      break;
    }
    case INTEGER:
      reader.skipVarint64(end);
      break;
    case NUMBER:
      reader.finiteDouble(end);
      break;
    case BOOLEAN:
      if (reader.byte(end) > 1) reader.fail("has a boolean that is neither 0 nor 1");
      break;
    case NULL:
      if (reader.byte(end) !== 0) reader.fail("has an unknown enum number");
      break;
    default:
      reader.fail("has an unknown field");
  }
  spans.valueEnd = reader.at;
}

function scanQualifier(reader: WireReader, tag: number, end: number, spans: FactSpans): void {
  switch (tag) {
    case SOURCE:
      spans.sourceEnd = reader.lengthDelimitedEnd(end);
      spans.sourceStart = reader.at;
      scanText(reader, spans.sourceEnd, SOURCE_BYTES_MAX);
      return;
    case CONFIDENCE:
      scanConfidence(reader, end);
      return;
    case ASSERTED_AT:
      scanTimestamp(reader, reader.lengthDelimitedEnd(end));
      return;
    case VALID_UNTIL:
      spans.validUntilMs = scanTimestamp(reader, reader.lengthDelimitedEnd(end));
      return;
    case INTERPRET_AS:
      if (reader.byte(end) !== 1) reader.fail("has an unknown or default enum number");
      return;
    case OBSERVED_BY:
      scanText(reader, reader.lengthDelimitedEnd(end), FACT_BYTES_MAX);
      return;
    case NONCE:
      scanBytes(reader, end, NONCE_BYTES);
      spans.hasNonce = true;
      return;
    default:
      reader.fail("has an unknown field");
  }
}

function scanText(reader: WireReader, end: number, bytesMax: number): void {
  const length = end - reader.at;
  if (length === 0) reader.fail("has an empty field written");
  if (length > bytesMax) throw tooMuch(`field is above ${bytesMax} bytes`);
  reader.utf8(end);
}

function scanBytes(reader: WireReader, end: number, length: number): void {
  const valueEnd = reader.lengthDelimitedEnd(end);
  if (valueEnd - reader.at !== length) reader.fail(`has a field that is not ${length} bytes`);
  reader.at = valueEnd;
}

// 0 to 1: the sign is clear, and as a number of 64 bits it is at most that of 1.0.
function scanConfidence(reader: WireReader, end: number): void {
  const start = reader.finiteDouble(end);
  const top = ((reader.bytes[start + 7] ?? 0) << 8) | (reader.bytes[start + 6] ?? 0);
  const isLegal = top < 0x3ff0 || (top === 0x3ff0 && reader.areZero(start, start + 6));
  if (!isLegal) reader.fail("has a confidence outside 0 to 1");
}

function tooMuch(message: string): MalformedError {
  return new MalformedError("LIMIT_EXCEEDED", message);
}
