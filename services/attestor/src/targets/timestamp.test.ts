import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { createHttpTarget, HttpFailure } from "./http-exchange.ts";
import { never } from "./target.test-kit.ts";
import { fetchTimestamp } from "./timestamp.ts";
import { startToldServer } from "./told-server.test-kit.ts";

const signature = new TextEncoder().encode("a signature over a checkpoint");

function authorityAt(context: TestContext, url: URL) {
  const http = createHttpTarget({ timeoutMs: 5000, answerBytesMax: 64 * 1024 });
  context.after(() => http.close());
  return { url, http };
}

async function failureAt(context: TestContext, url: string | URL): Promise<HttpFailure["failure"]> {
  const asked = fetchTimestamp(signature, authorityAt(context, new URL(url)), never);
  const error = await asked.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof HttpFailure, String(error));
  return error.failure;
}

test("refusals and answers that are none have their classes", async (t) => {
  const grantedForNobody = Buffer.from("30053003020100", "hex");
  const rejected = Buffer.from("30053003020102", "hex");
  const cases: [number, Buffer | string, string][] = [
    [200, rejected, "server-error"],
    [200, grantedForNobody, "invalid-answer"],
    [200, "not DER", "invalid-answer"],
    [200, "", "invalid-answer"],
    [200, Buffer.from("3080", "hex"), "invalid-answer"],
    [429, "", "pushback"],
    [404, "", "permanent"],
    [500, "", "retry"],
  ];
  for (const [status, body, failure] of cases) {
    const url = await startToldServer(t, (_request, response) => {
      response.writeHead(status).end(body);
    });
    assert.equal((await failureAt(t, url)).failure, failure, `${status} ${body}`);
  }
  assert.equal((await failureAt(t, "http://127.0.0.1:1")).failure, "retry");
});
