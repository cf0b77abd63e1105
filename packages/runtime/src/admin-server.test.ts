import assert from "node:assert/strict";
import { request } from "node:http";
import { test } from "node:test";
import { startAdminServer } from "./admin-server.ts";
import { createMetrics } from "./metrics.ts";
import { Readiness } from "./readiness.ts";

const listen = { host: "127.0.0.1", port: 0 };

interface Answer {
  status: number;
  body: string;
}

function ask(port: number, path: string, init: { host?: string; method?: string } = {}) {
  return new Promise<Answer>((resolve, reject) => {
    const headers = init.host === undefined ? {} : { host: init.host };
    const call = request({ port, path, headers, method: init.method ?? "GET" }, (response) => {
      let body = "";
      response.on("data", (chunk) => {
        body += chunk;
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body }));
    });
    call.on("error", reject);
    call.end();
  });
}

test("answers probes and metrics, and follows readiness", async () => {
  const readiness = new Readiness(["store"]);
  const metrics = createMetrics({ processMetrics: false });
  metrics.counter("strongroom_things_total", "Things.").inc(3);
  const server = await startAdminServer({ listen, readiness, metrics });
  try {
    const { port } = server.address;
    assert.deepEqual(await ask(port, "/livez"), { status: 200, body: "ok\n" });
    const starting = await ask(port, "/readyz");
    assert.equal(starting.status, 503);
    assert.match(starting.body, /"store":"starting"/);
    readiness.meet("store");
    assert.equal((await ask(port, "/readyz")).status, 200);
    readiness.fail("store", "draining");
    assert.equal((await ask(port, "/readyz")).status, 503);
    assert.match((await ask(port, "/metrics")).body, /strongroom_things_total 3/);
    assert.equal((await ask(port, "/elsewhere")).status, 404);
    assert.equal((await ask(port, "/livez", { method: "POST" })).status, 405);
  } finally {
    await server.close();
  }
});

test("refuses a foreign Host header, as a rebound name would send", async () => {
  const readiness = new Readiness([]);
  const metrics = createMetrics({ processMetrics: false });
  const server = await startAdminServer({ listen, readiness, metrics, hosts: ["node7"] });
  try {
    const { port } = server.address;
    for (const host of ["evil.example", "127.0.0.1.evil.example", "[::2]:1", "10.0.0.1", "a b"]) {
      assert.equal((await ask(port, "/metrics", { host })).status, 421, host);
    }
    for (const host of [`localhost:${port}`, "127.0.0.1", "[::1]:9", "node7:1"]) {
      assert.equal((await ask(port, "/livez", { host })).status, 200, host);
    }
  } finally {
    await server.close();
  }
});

test("says when the address is taken", async () => {
  const options = { readiness: new Readiness([]), metrics: createMetrics() };
  const first = await startAdminServer({ ...options, listen });
  try {
    await assert.rejects(startAdminServer({ ...options, listen: first.address }), {
      code: "LISTEN_FAILED",
    });
  } finally {
    await first.close();
  }
});
