import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { encodeFact, parseFact } from "@strongroom/protocol";
import { buildFact } from "./build-fact.ts";

const triple = { scope: "team/ops", entity: "service/billing", relation: "owner" };
const cid = `sha256:${"ab".repeat(32)}`;

function roundTrip(flags: Parameters<typeof buildFact>[0]) {
  return parseFact(encodeFact(buildFact(flags)));
}

describe("buildFact", () => {
  it("makes each value arm from its flag", () => {
    assert.deepEqual(roundTrip({ ...triple, text: "" }).value, { case: "text", value: "" });
    assert.deepEqual(roundTrip({ ...triple, string: "x" }).value, { case: "string", value: "x" });
    const smallest = "-9223372036854775808";
    assert.deepEqual(roundTrip({ ...triple, integer: smallest }).value, {
      case: "integer",
      value: BigInt(smallest),
    });
    assert.deepEqual(roundTrip({ ...triple, number: "1e3" }).value, {
      case: "number",
      value: 1000,
    });
    assert.deepEqual(roundTrip({ ...triple, boolean: "false" }).value, {
      case: "boolean",
      value: false,
    });
    assert.equal(
      roundTrip({ ...triple, datetime: "2026-01-31T12:00:00.5Z" }).value.case,
      "datetime",
    );
    assert.deepEqual(roundTrip({ ...triple, ref: "user/1" }).value, {
      case: "ref",
      value: "user/1",
    });
    const bytes = roundTrip({ ...triple, bytes: "AAE=" }).value;
    assert.deepEqual(bytes.case === "bytes" && [...bytes.value], [0, 1]);
    assert.equal(roundTrip({ ...triple, null: true }).value.case, "null");
  });

  it("takes every other field", () => {
    const fact = roundTrip({
      ...triple,
      text: "alice",
      source: "runbook",
      confidence: "0.5",
      assertedAt: "2026-01-31T12:00:00Z",
      validUntil: "2027-01-31T12:00:00Z",
      derivedFrom: [cid, cid],
      interpretAs: "instruction",
      observedBy: "bob",
    });
    assert.equal(fact.source, "runbook");
    assert.equal(fact.confidence, 0.5);
    assert.equal(fact.derivedFrom.length, 2);
    assert.equal(fact.interpretAs, 1);
    assert.equal(fact.observedBy, "bob");
    assert.ok(fact.assertedAt !== undefined && fact.validUntil !== undefined);
  });

  it("wants exactly one value", () => {
    assert.throws(() => buildFact(triple), { code: "USAGE" });
    assert.throws(() => buildFact({ ...triple, text: "a", string: "b" }), { code: "USAGE" });
  });

  it("refuses values that are not what their flag says", () => {
    for (const flags of [
      { integer: "9223372036854775808" },
      { integer: "1.5" },
      { number: "NaN" },
      { number: "" },
      { datetime: "yesterday" },
    ]) {
      assert.throws(() => buildFact({ ...triple, ...flags }), { code: "USAGE" });
    }
    assert.throws(() => buildFact({ ...triple, text: "a", derivedFrom: ["x"] }), {
      code: "MALFORMED_CID",
    });
  });
});
