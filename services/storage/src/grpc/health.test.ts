import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import {
  Health,
  HealthCheckResponse_ServingStatus as ServingStatus,
} from "@strongroom/proto/grpc/health/v1/health";
import { Readiness } from "@strongroom/runtime";
import { failureOf } from "../raw-client.test-kit.ts";
import { healthHandlers } from "./health.ts";
import { startLoopback } from "./loopback.test-kit.ts";

const { method } = Health;
const service = "strongroom.fact.v1.FactService";

test("answers without a token, follows readiness, knows its services", async () => {
  const readiness = new Readiness(["start"]);
  const loopback = await startLoopback(Health, healthHandlers(readiness, [service]));
  try {
    const check = async (name: string) =>
      (await loopback.client.unary(method.check, { service: name }, { authorization: [] })).status;
    assert.equal(await check(""), ServingStatus.NOT_SERVING);
    readiness.meet("start");
    assert.equal(await check(""), ServingStatus.SERVING);
    assert.equal(await check(service), ServingStatus.SERVING);
    const unknown = loopback.client.unary(method.check, { service: "x" });
    assert.equal((await failureOf(unknown)).reason, "NOT_FOUND");
  } finally {
    await loopback.close();
  }
});

test("a watch sends every change once, and an unknown service is no error there", async () => {
  const readiness = new Readiness(["start"]);
  const loopback = await startLoopback(Health, healthHandlers(readiness, [service]));
  try {
    const stream = loopback.client.serverStream(method.watch, { service });
    stream.on("error", () => {});
    const next = async () => (await once(stream, "data"))[0].status;
    assert.equal(await next(), ServingStatus.NOT_SERVING);
    readiness.meet("start");
    assert.equal(await next(), ServingStatus.SERVING);
    readiness.fail("start", "draining");
    assert.equal(await next(), ServingStatus.NOT_SERVING);
    stream.cancel();
    const other = loopback.client.serverStream(method.watch, { service: "x" });
    other.on("error", () => {});
    assert.equal((await once(other, "data"))[0].status, ServingStatus.SERVICE_UNKNOWN);
    other.cancel();
  } finally {
    await loopback.close();
  }
});
