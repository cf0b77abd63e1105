import assert from "node:assert/strict";
import { test } from "node:test";
import { type Principal, StoreError } from "@strongroom/store";
import { CallLimits } from "./call-limits.ts";
import { Gate, sourcePrefix } from "./gate.ts";

const get = "strongroom.fact.v1.FactService/Get";
const reader: Principal = { name: "r", roles: ["reader"], scopes: ["a"], tokens: [] };

function setUp(limit = 2) {
  const principals = new Map([["good", reader]]);
  const refusals: string[] = [];
  const gate = new Gate({
    authenticate: (token) => principals.get(token),
    limits: new CallLimits({ serverMax: limit, principalMax: limit }),
    countRefusal: (by, method, reason) => void refusals.push(`${by} ${method} ${reason}`),
  });
  const admit = (authorization: string[], method = get) =>
    gate.admit({ method, authorization, peer: "127.0.0.1:5" });
  return { principals, refusals, admit };
}

function codeOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    assert.ok(error instanceof StoreError);
    return error.code;
  }
  return "OK";
}

test("admits exactly one bearer token of a known principal", () => {
  const { admit } = setUp(10);
  assert.equal(admit(["Bearer good"]).principal?.name, "r");
  assert.equal(admit(["bearer good"]).principal?.name, "r");
  const refused = [
    [],
    ["Bearer good", "Bearer good"],
    ["good"],
    ["Basic good"],
    ["Bearer bad"],
    ["Bearer "],
    ["Bearer good "],
    ["Bearer good, Bearer good"],
    [`Bearer ${"x".repeat(513)}`],
  ];
  for (const values of refused) {
    assert.equal(
      codeOf(() => admit(values)),
      "UNAUTHENTICATED",
      values.join("|"),
    );
  }
});

test("denies by default: a role that is missing, a method that has no row", () => {
  const { admit, refusals } = setUp();
  const write = "strongroom.fact.v1.FactService/Append";
  assert.equal(
    codeOf(() => admit(["Bearer good"], write)),
    "PERMISSION_DENIED",
  );
  assert.equal(
    codeOf(() => admit(["Bearer good"], "x.Y/Z")),
    "PERMISSION_DENIED",
  );
  assert.deepEqual(refusals, [
    `r ${write} PERMISSION_DENIED`,
    "127.0.0.0/24 x.Y/Z PERMISSION_DENIED",
  ]);
});

test("health needs no principal and is limited like everything else", () => {
  const { admit } = setUp(1);
  const health = "grpc.health.v1.Health/Watch";
  assert.equal(admit([], health).principal, undefined);
  assert.equal(
    codeOf(() => admit([], health)),
    "OVERLOADED",
  );
});

test("gives units back once, however often it is told", () => {
  const { admit } = setUp(2);
  const first = admit(["Bearer good"]);
  admit(["Bearer good"]);
  assert.equal(
    codeOf(() => admit(["Bearer good"])),
    "OVERLOADED",
  );
  first.release();
  first.release();
  admit(["Bearer good"]);
  assert.equal(
    codeOf(() => admit(["Bearer good"])),
    "OVERLOADED",
  );
});

test("a stream ends when its token, its role or its scopes change", () => {
  const { admit, principals } = setUp(9);
  const stream = admit(["Bearer good"]);
  assert.equal(
    codeOf(() => stream.confirm()),
    "OK",
  );
  principals.set("good", { ...reader, scopes: ["b"] });
  assert.equal(
    codeOf(() => stream.confirm()),
    "UNAVAILABLE",
  );
  principals.set("good", { ...reader, roles: ["writer"] });
  assert.equal(
    codeOf(() => stream.confirm()),
    "PERMISSION_DENIED",
  );
  principals.delete("good");
  assert.equal(
    codeOf(() => stream.confirm()),
    "UNAUTHENTICATED",
  );
});

test("names sources by network", () => {
  assert.equal(sourcePrefix("10.1.2.3:99"), "10.1.2.0/24");
  assert.equal(sourcePrefix("::ffff:10.1.2.3:99"), "10.1.2.0/24");
  assert.equal(sourcePrefix("2001:db8:7:1::5:99"), "2001:db8:7::/48");
  assert.equal(sourcePrefix("unknown"), "unknown");
});
