import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { test } from "node:test";
import { Health } from "@strongroom/proto/grpc/health/v1/health";
import { Readiness } from "@strongroom/runtime";
import { healthHandlers } from "./health.ts";
import { openListener } from "./listener.ts";
import { startLoopback } from "./loopback.test-kit.ts";

const handlers = healthHandlers(new Readiness([]), []);
const { method } = Health;

async function open(port: number): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => {});
  await once(socket, "connect");
  return socket;
}

test("plain text gRPC listens on loopback only", async () => {
  for (const host of ["0.0.0.0", "::", "192.0.2.1"]) {
    await assert.rejects(
      openListener({
        listen: { host, port: 0 },
        connectionsMax: 1,
        prefaceMs: 1,
        injector: { injectConnection() {}, drain() {}, destroy() {} },
        onRefusedConnection() {},
      }),
      { code: "ADDRESS_REFUSED" },
      host,
    );
  }
});

test("closes a connection that never speaks, and keeps one that did", async () => {
  const loopback = await startLoopback(Health, handlers, { prefaceMs: 150 });
  try {
    await loopback.client.unary(method.check, {});
    const silent = await open(loopback.port);
    silent.resume();
    // HTTP/2 would end it by itself, but only after a minute.
    await once(silent, "close", { signal: AbortSignal.timeout(30_000) });
    await loopback.client.unary(method.check, {});
  } finally {
    await loopback.close();
  }
});

test("refuses connections beyond the limit and serves those within", async () => {
  const loopback = await startLoopback(Health, handlers, { connectionsMax: 2 });
  try {
    await loopback.client.unary(method.check, {});
    const second = await open(loopback.port);
    const third = await open(loopback.port);
    third.resume();
    await once(third, "close");
    assert.deepEqual(loopback.refusals, ["CONNECTION"]);
    await loopback.client.unary(method.check, {});
    second.destroy();
  } finally {
    await loopback.close();
  }
});

test("a thousand silent connections do not keep a caller from being served", async () => {
  const loopback = await startLoopback(Health, handlers, { connectionsMax: 1100 });
  const sockets: Socket[] = [];
  try {
    const before = process.memoryUsage().rss;
    for (let i = 0; i < 1000; i += 1) sockets.push(await open(loopback.port));
    const startedAt = performance.now();
    await loopback.client.unary(method.check, {});
    assert.ok(performance.now() - startedAt < 1_000);
    // Both ends live in this process.
    const perConnection = (process.memoryUsage().rss - before) / sockets.length;
    assert.ok(perConnection < 200 * 1024, `${Math.round(perConnection / 1024)} KiB each`);
  } finally {
    for (const socket of sockets) socket.destroy();
    await loopback.close();
  }
});
