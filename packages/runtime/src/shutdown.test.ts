import assert from "node:assert/strict";
import { test } from "node:test";
import { createLogger } from "./logger.ts";
import { Shutdown } from "./shutdown.ts";

const logger = createLogger({ name: "test", level: "silent" });

test("closes in reverse order, once, however often it is asked", async () => {
  const shutdown = new Shutdown({ logger });
  const order: string[] = [];
  for (const name of ["store", "grpc", "admin"]) shutdown.step(name, () => void order.push(name));
  const codes = await Promise.all([shutdown.run("test"), shutdown.run("again")]);
  assert.deepEqual(order, ["admin", "grpc", "store"]);
  assert.deepEqual(codes, [0, 0]);
});

test("goes on after a step that fails or never ends, and says so in the exit code", async () => {
  const shutdown = new Shutdown({ logger });
  const order: string[] = [];
  shutdown.step("store", () => void order.push("store"));
  shutdown.step("stuck", () => new Promise(() => {}), 20);
  shutdown.step("broken", () => Promise.reject(new Error("no")));
  assert.equal(await shutdown.run("test"), 1);
  assert.deepEqual(order, ["store"]);
});

test("the first signal closes in order, a later one forces the end", async (context) => {
  context.mock.timers.enable({ apis: ["Date"], now: Date.now() });
  const codes: number[] = [];
  const shutdown = new Shutdown({ logger, exit: (code) => void codes.push(code) });
  let release = (): void => {};
  shutdown.step("slow", () => new Promise<void>((resolve) => (release = resolve)));
  const listeners = process.listeners("SIGTERM");
  shutdown.onSignals();
  process.emit("SIGTERM", "SIGTERM");
  process.emit("SIGTERM", "SIGTERM");
  assert.deepEqual(codes, [], "the same signal, delivered twice");
  context.mock.timers.tick(1000);
  process.emit("SIGINT", "SIGINT");
  assert.deepEqual(codes, [1]);
  release();
  await shutdown.run("wait");
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(codes, [1, 0]);
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    for (const listener of process.listeners(signal)) {
      if (!listeners.includes(listener)) process.off(signal, listener);
    }
  }
});
