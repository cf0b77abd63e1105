import assert from "node:assert/strict";
import { test } from "node:test";
import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { FactSchema } from "@strongroom/proto/strongroom/fact/v1/fact";
import fc from "fast-check";
import { concatBytes, fromHex, text, toHex, utf8 } from "./bytes.ts";
import { MalformedError } from "./errors.ts";
import { encodeFact, FACT_BYTES_MAX, parseFact, scanFact } from "./fact.ts";
import { type InvalidVector, readVectors, type ValidFactVector } from "./testing/vectors.ts";

const valid = readVectors<ValidFactVector[]>("facts_valid");
const invalid = readVectors<InvalidVector[]>("facts_invalid");
const smallest = {
  scope: "a",
  entity: "e",
  relation: "r",
  value: { case: "text", value: "" },
} as const;

test("accepts every valid vector, decodes it and encodes it to the same bytes", () => {
  for (const { name, bytes, fact, max_bytes: bytesMax } of valid) {
    const parsed = parseFact(fromHex(bytes), { bytesMax });
    assert.equal(parsed.scope, fact.scope, name);
    assert.equal(parsed.entity, fact.entity, name);
    assert.equal(parsed.relation, fact.relation, name);
    assert.equal(parsed.source, fact.source, name);
    assert.equal(toHex(parsed.nonce), fact.nonce, name);
    assert.deepEqual(parsed.derivedFrom.map(toHex), fact.derived_from, name);
    assert.ok(parsed.value.case !== undefined && parsed.value.case in fact, name);
    assert.equal(toHex(encodeFact(parsed, { bytesMax })), bytes, name);
  }
});

test("refuses every invalid vector", () => {
  for (const { why, bytes } of invalid) {
    assert.throws(() => scanFact(fromHex(bytes)), MalformedError, why);
    assert.throws(() => parseFact(fromHex(bytes)), MalformedError, why);
  }
});

test("refuses every prefix of a fact that cuts a field, and every appended byte", () => {
  const bytes = encodeFact({
    ...smallest,
    confidence: 0.5,
    assertedAt: { seconds: -1n, nanos: 5 },
    derivedFrom: [new Uint8Array(32)],
    interpretAs: 1,
    nonce: new Uint8Array(16),
  });
  for (let end = 0; end < bytes.length; end++) {
    const cut = bytes.subarray(0, end);
    if (isCanonicalByDecoding(cut)) scanFact(cut);
    else assert.throws(() => scanFact(cut), MalformedError);
  }
  for (let byte = 0; byte < 256; byte++) {
    const longer = concatBytes(bytes, Uint8Array.of(byte));
    assert.throws(() => scanFact(longer), MalformedError);
  }
});

test("tells where the parts lie", () => {
  const bytes = encodeFact({
    ...smallest,
    value: { case: "bytes", value: Uint8Array.of(7, 8) },
    source: "crm",
    nonce: new Uint8Array(16),
  });
  const spans = scanFact(bytes);
  assert.equal(text(bytes.subarray(spans.scopeStart, spans.scopeEnd)), "a");
  assert.equal(text(bytes.subarray(spans.entityStart, spans.entityEnd)), "e");
  assert.equal(text(bytes.subarray(spans.relationStart, spans.relationEnd)), "r");
  assert.equal(text(bytes.subarray(spans.sourceStart, spans.sourceEnd)), "crm");
  assert.equal(spans.valueField, 11);
  assert.deepEqual(bytes.slice(spans.valueStart, spans.valueEnd), Uint8Array.of(7, 8));
  assert.equal(spans.hasNonce, true);
  assert.ok(Number.isNaN(spans.validUntilMs));
  assert.equal(scanFact(encodeFact(smallest)).hasNonce, false);
});

test("rounds valid_until up to the first whole millisecond that is not before it", () => {
  const untilMs = (seconds: bigint, nanos: number) =>
    scanFact(encodeFact({ ...smallest, validUntil: { seconds, nanos } })).validUntilMs;
  assert.equal(untilMs(0n, 0), 0);
  assert.equal(untilMs(1n, 1), 1001);
  assert.equal(untilMs(1n, 999_000_000), 1999);
  assert.equal(untilMs(-1n, 500_000_000), -500);
  assert.equal(untilMs(253402300799n, 999_999_999), 253402300800000);
  assert.equal(untilMs(-62135596800n, 0), -62135596800000);
});

test("refuses times outside years 0001 to 9999", () => {
  for (const seconds of [253402300800n, -62135596801n, 2n ** 62n, -(2n ** 63n), 2n ** 53n]) {
    for (const field of ["assertedAt", "validUntil"]) {
      const bytes = rawFact({ [field]: { seconds, nanos: 0 } });
      assert.throws(() => scanFact(bytes), { code: "MALFORMED_FACT" }, `${field} ${seconds}`);
    }
  }
  for (const nanos of [-1, 1_000_000_000, 2 ** 31 - 1]) {
    assert.throws(() => scanFact(rawFact({ assertedAt: { seconds: 1n, nanos } })), MalformedError);
  }
});

test("takes a confidence from 0 to 1, written even when it is 0", () => {
  for (const confidence of [0, Number.MIN_VALUE, 0.1, 1 - Number.EPSILON / 2, 1]) {
    assert.equal(parseFact(encodeFact({ ...smallest, confidence })).confidence, confidence);
  }
  for (const confidence of [-0, 1 + Number.EPSILON, 2, -1, -Number.MIN_VALUE, Infinity, NaN]) {
    assert.throws(() => encodeFact({ ...smallest, confidence }), MalformedError, `${confidence}`);
  }
});

test("says LIMIT_EXCEEDED where only a size is wrong", () => {
  const tooMuch: MessageInitShape<typeof FactSchema>[] = [
    { entity: "é".repeat(257) },
    { relation: "r".repeat(257) },
    { source: "s".repeat(513) },
    { derivedFrom: Array.from({ length: 65 }, () => new Uint8Array(32)) },
    { value: { case: "text", value: "x".repeat(65_536) } },
  ];
  for (const change of tooMuch) {
    assert.throws(() => encodeFact({ ...smallest, ...change }), { code: "LIMIT_EXCEEDED" });
  }
});

test("takes up to 1 MiB where it is allowed, and never more", () => {
  const sized = (length: number) => ({
    ...smallest,
    value: { case: "text", value: "x".repeat(length) } as const,
  });
  const overhead = encodeFact(sized(70_000), { bytesMax: FACT_BYTES_MAX }).length - 70_000;
  const full = encodeFact(sized(FACT_BYTES_MAX - overhead), { bytesMax: FACT_BYTES_MAX });
  assert.equal(full.length, FACT_BYTES_MAX);
  assert.throws(() => scanFact(full), { code: "LIMIT_EXCEEDED" });
  const above = sized(FACT_BYTES_MAX - overhead + 1);
  assert.throws(() => encodeFact(above, { bytesMax: 2 ** 30 }), { code: "LIMIT_EXCEEDED" });
});

test("refuses to encode half a surrogate pair, which would be written as another text", () => {
  assert.throws(() => encodeFact({ ...smallest, entity: "e\ud83d" }), { code: "MALFORMED_FACT" });
  const value = { case: "string", value: "\ude00" } as const;
  assert.throws(() => encodeFact({ ...smallest, value }), { code: "MALFORMED_FACT" });
});

test("refuses exactly the UTF-8 that a strict decoder refuses", () => {
  const prefix = fromHex("0a0161" + "120165" + "1a0172" + "22");
  const judge = (sequence: Uint8Array) => {
    const bytes = concatBytes(prefix, Uint8Array.of(sequence.length), sequence);
    assert.equal(isAccepted(bytes), isUtf8(sequence), toHex(sequence));
  };
  for (let first = 0x70; first < 256; first++) {
    for (const second of [0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xff]) {
      judge(Uint8Array.of(first));
      judge(Uint8Array.of(first, second));
      judge(Uint8Array.of(first, second, 0x80));
      judge(Uint8Array.of(first, second, 0xbf, 0x80));
      judge(Uint8Array.of(first, second, 0x80, 0xc0));
    }
  }
  fc.assert(fc.property(fc.uint8Array({ maxLength: 8 }), judge));
});

test("accepts what encodeFact makes of any legal fact", () => {
  fc.assert(
    fc.property(legalFact(), (init) => {
      const bytes = encodeFact(init);
      assert.deepEqual(parseFact(bytes), create(FactSchema, init));
    }),
  );
});

test("one changed byte never gives a second encoding of a fact", () => {
  fc.assert(
    fc.property(legalFact(), fc.nat(), fc.integer({ min: 1, max: 255 }), (init, at, flip) => {
      const bytes = encodeFact(init);
      const changed = Uint8Array.from(bytes);
      changed[at % bytes.length] = (changed[at % bytes.length] ?? 0) ^ flip;
      // Whatever the scanner lets through, decoding and encoding again must not change.
      if (isAccepted(changed)) assert.ok(isCanonicalByDecoding(changed), toHex(changed));
    }),
    { numRuns: 2000 },
  );
});

function legalFact(): fc.Arbitrary<MessageInitShape<typeof FactSchema>> {
  const time = fc.record({
    seconds: fc.bigInt({ min: -62135596800n, max: 253402300799n }),
    nanos: fc.nat({ max: 999_999_999 }),
  });
  const word = fc.string({ minLength: 1, maxLength: 40, unit: "binary" });
  const finite = fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => n + 0);
  const value = fc.oneof(
    fc.record({ case: fc.constantFrom("text", "string", "ref"), value: fc.string() }),
    fc.record({ case: fc.constant("integer"), value: fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n) }),
    fc.record({ case: fc.constant("number"), value: finite }),
    fc.record({ case: fc.constant("boolean"), value: fc.boolean() }),
    fc.record({ case: fc.constant("datetime"), value: time }),
    fc.record({ case: fc.constant("bytes"), value: fc.uint8Array() }),
    fc.record({ case: fc.constant("null"), value: fc.constant(0) }),
  );
  const nonce = fc.uint8Array({ minLength: 16, maxLength: 16 });
  const cid = fc.uint8Array({ minLength: 32, maxLength: 32 });
  const optional = {
    source: word,
    confidence: fc.double({ min: 0, max: 1, noNaN: true }).map((n) => n + 0),
    assertedAt: time,
    validUntil: time,
    derivedFrom: fc.array(cid, { maxLength: 4 }),
    interpretAs: fc.constantFrom(0, 1),
    observedBy: word,
    nonce,
  };
  const required = { scope: fc.constantFrom("a", "team/b.c"), entity: word, relation: word, value };
  return fc.record(
    { ...optional, ...required },
    {
      requiredKeys: ["scope", "entity", "relation", "value"],
    },
  ) as fc.Arbitrary<MessageInitShape<typeof FactSchema>>;
}

function rawFact(change: MessageInitShape<typeof FactSchema>): Uint8Array {
  return toBinary(FactSchema, create(FactSchema, { ...smallest, ...change }));
}

function isAccepted(bytes: Uint8Array): boolean {
  try {
    scanFact(bytes);
    return true;
  } catch (error) {
    assert.ok(error instanceof MalformedError);
    return false;
  }
}

function isUtf8(bytes: Uint8Array): boolean {
  try {
    return toHex(utf8(text(bytes))) === toHex(bytes);
  } catch {
    return false;
  }
}

// Another way to the same verdict, as far as it goes: it knows no limits and no required fields.
function isCanonicalByDecoding(bytes: Uint8Array): boolean {
  try {
    const fact = fromBinary(FactSchema, bytes);
    const again = toBinary(FactSchema, fact, { writeUnknownFields: false });
    const isWhole = fact.scope && fact.entity && fact.relation && fact.value.case;
    return Boolean(isWhole) && toHex(again) === toHex(bytes);
  } catch {
    return false;
  }
}
