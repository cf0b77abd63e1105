import assert from "node:assert/strict";
import { test } from "node:test";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import {
  AdminService,
  type ReindexResponse,
  Role,
} from "@strongroom/proto/strongroom/admin/v1/admin_service";
import { FactService, View } from "@strongroom/proto/strongroom/fact/v1/fact_service";
import { LogService } from "@strongroom/proto/strongroom/log/v1/log_service";
import { collect, failureOf, RawClient } from "../raw-client.test-kit.ts";
import { makeFact, startService } from "../service.test-kit.ts";

const { method } = AdminService;

test("status and doctor tell an operator how it is, without secrets", async (t) => {
  const { admin, store } = await startService(t);
  const status = await admin.unary(method.status, {});
  assert.equal(status.storeId, store.id);
  assert.equal(status.state, "ready");
  assert.equal(status.cipher, "aegis256");
  assert.equal(status.treeSize, BigInt(store.head().size));
  assert.ok(status.bytesOnDisk > 0n);
  const { checks, settings } = await admin.unary(method.doctor, {});
  for (const { name, level, message } of checks) {
    assert.match(level, /^(ok|warn|fail)$/, name);
    assert.ok(message.length > 0, name);
  }
  assert.equal(checks.find(({ name }) => name === "store")?.level, "ok");
  assert.equal(checks.find(({ name }) => name === "permissions")?.level, "ok");
  const listen = settings.find(({ name }) => name === "server.listen");
  assert.deepEqual([listen?.value, listen?.origin], ["127.0.0.1:0", "flag"]);
});

test("a principal is made, given a token, used, changed and removed", async (t) => {
  const { admin, addresses } = await startService(t);
  const principal = { name: "billing", roles: [Role.WRITER], scopes: ["team/*"] };
  const set = await admin.unary(method.setPrincipal, { principal, requestId: "1" });
  assert.deepEqual(set.principal?.roles, [Role.WRITER]);
  const made = await admin.unary(method.createToken, { principal: "billing" });
  const client = new RawClient(addresses.grpc, made.secret);
  t.after(() => client.close());
  await client.unary(FactService.method.append, { fact: { fact: makeFact() } });
  await admin.unary(method.setPrincipal, { principal: { ...principal, roles: [Role.READER] } });
  const append = () => client.unary(FactService.method.append, { fact: { fact: makeFact() } });
  assert.equal((await failureOf(append())).reason, "PERMISSION_DENIED");
  const listed = await admin.unary(method.listPrincipals, {});
  const found = listed.principals.find(({ name }) => name === "billing");
  assert.deepEqual(
    found?.tokens.map(({ id }) => id),
    [made.token?.id],
  );
  await admin.unary(method.removePrincipal, { name: "billing" });
  assert.equal((await failureOf(append())).reason, "UNAUTHENTICATED");
});

test("a revoked or expired token is refused at once", async (t) => {
  const { admin, addresses } = await startService(t);
  const expiresAt = timestampFromMs(Date.now() + 300);
  const short = await admin.unary(method.createToken, { principal: "admin", expiresAt });
  const revoked = await admin.unary(method.createToken, { principal: "admin" });
  const ask = async (token: string) => {
    const client = new RawClient(addresses.grpc, token);
    try {
      return await client.unary(LogService.method.getHead, {});
    } finally {
      client.close();
    }
  };
  await ask(short.secret);
  await ask(revoked.secret);
  await admin.unary(method.revokeToken, { id: revoked.token?.id ?? "" });
  assert.equal((await failureOf(ask(revoked.secret))).reason, "UNAUTHENTICATED");
  await new Promise((resolve) => setTimeout(resolve, 350));
  assert.equal((await failureOf(ask(short.secret))).reason, "UNAUTHENTICATED");
});

test("refuses principals that are none, and to remove the last operator", async (t) => {
  const { admin, store } = await startService(t);
  for (const principal of [
    { name: "", roles: [], scopes: [] },
    { name: "Big", roles: [], scopes: [] },
    { name: "x".repeat(129), roles: [], scopes: [] },
    { name: "x", roles: [Role.UNSPECIFIED], scopes: [] },
    { name: "x", roles: [42 as Role], scopes: [] },
    { name: "x", roles: [], scopes: ["team*"] },
    { name: "x", roles: [], scopes: ["../x"] },
  ]) {
    const failure = await failureOf(admin.unary(method.setPrincipal, { principal }));
    assert.equal(failure.reason, "INVALID_ARGUMENT", JSON.stringify(principal));
  }
  const operators = store.principals().filter(({ roles }) => roles.includes("operator"));
  for (const { name } of operators.filter((operator) => operator.name !== "admin")) {
    await admin.unary(method.removePrincipal, { name });
  }
  const last = await failureOf(admin.unary(method.removePrincipal, { name: "admin" }));
  assert.equal(last.reason, "LAST_OPERATOR");
});

test("principals and alarms come in pages", async (t) => {
  const { admin, store } = await startService(t);
  for (const name of ["a1", "a2", "a3"]) {
    await store.setPrincipal({ name, roles: [], scopes: [] });
  }
  const names: string[] = [];
  let pageToken = "";
  do {
    const page = await admin.unary(method.listPrincipals, { pageSize: 2, pageToken });
    names.push(...page.principals.map(({ name }) => name));
    pageToken = page.nextPageToken;
  } while (pageToken !== "");
  assert.deepEqual(
    names,
    store
      .principals()
      .map(({ name }) => name)
      .sort(),
  );
  const alarms = await admin.unary(method.listAlarms, { includeCleared: true });
  assert.deepEqual(alarms.alarms, []);
  const missing = await failureOf(admin.unary(method.clearAlarm, { id: 7n }));
  assert.equal(missing.reason, "NOT_FOUND");
});

test("a reindex tells its progress and leaves the answers as they were", async (t) => {
  const { admin } = await startService(t);
  const facts = Array.from({ length: 50 }, () => ({ fact: makeFact() }));
  await admin.unary(FactService.method.appendBatch, { facts });
  const query = { filter: { scope: "team/ops" }, view: View.HISTORY, pageSize: 100 };
  const before = await admin.unary(FactService.method.query, query);
  const events = await collect<ReindexResponse>(admin.serverStream(method.reindex, {}));
  const last = events.at(-1);
  assert.equal(last?.entriesDone, last?.entriesTotal);
  const after = await admin.unary(FactService.method.query, query);
  assert.equal(before.facts.length, 50);
  assert.deepEqual(after.facts, before.facts);
});

test("only operators change anything, and auditors look on", async (t) => {
  const { clientOf } = await startService(t);
  const auditor = await clientOf("aud", ["auditor"], ["*"]);
  const reader = await clientOf("r", ["reader"], ["*"]);
  await auditor.unary(method.status, {});
  const refused = [
    auditor.unary(method.createToken, { principal: "aud" }),
    auditor.unary(method.listPrincipals, {}),
    reader.unary(method.status, {}),
    reader.unary(method.doctor, {}),
  ];
  for (const call of refused) {
    assert.equal((await failureOf(call)).reason, "PERMISSION_DENIED");
  }
});
