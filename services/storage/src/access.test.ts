import assert from "node:assert/strict";
import { test } from "node:test";
import { Health } from "@strongroom/proto/grpc/health/v1/health";
import { ServerReflection } from "@strongroom/proto/grpc/reflection/v1/reflection";
import type { Principal } from "@strongroom/store";
import { access, findRule, hasEveryScope, isSameAccess, maySeeScope } from "./access.ts";
import { methodName } from "./grpc/adapter.ts";
import { servedServices } from "./service.ts";

const services = [...servedServices, Health, ServerReflection];

function principal(scopes: string[]): Principal {
  return { name: "p", roles: ["reader"], scopes, tokens: [] };
}

test("every RPC has a row, and every row an RPC", () => {
  const methods = services.flatMap((service) => service.methods.map(methodName));
  assert.deepEqual(Object.keys(access).sort(), methods.sort());
});

test("only health is served without a principal", () => {
  const open = Object.entries(access).filter(([, rule]) => rule.roles === "nobody");
  assert.deepEqual(
    open.map(([method]) => method),
    ["grpc.health.v1.Health/Check", "grpc.health.v1.Health/Watch"],
  );
});

test("names of Object.prototype are no rows", () => {
  assert.equal(findRule("constructor"), undefined);
  assert.equal(findRule("__proto__"), undefined);
});

test("a principal without scopes sees none, and a pattern is no prefix", () => {
  assert.equal(maySeeScope(principal([]), "team/ops"), false);
  assert.equal(maySeeScope(principal(["team/*"]), "team/ops"), true);
  assert.equal(maySeeScope(principal(["team/*"]), "team"), false);
  assert.equal(maySeeScope(principal(["team/*"]), "teams/ops"), false);
  assert.equal(hasEveryScope(principal(["team/*", "*"])), true);
  assert.equal(hasEveryScope(principal(["team/*"])), false);
});

test("access is the same only with the same roles and scopes", () => {
  const before = principal(["a", "b"]);
  assert.ok(isSameAccess(before, principal(["a", "b"])));
  assert.ok(!isSameAccess(before, principal(["a"])));
  assert.ok(!isSameAccess(before, { ...before, roles: [] }));
});
