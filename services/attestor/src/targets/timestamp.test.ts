import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { createHttpTarget, HttpFailure } from "./http-exchange.ts";
import { never } from "./target.test-kit.ts";
import { fetchTimestamp } from "./timestamp.ts";
import { startTimestampAuthority } from "./timestamp-authority.test-kit.ts";
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

test("gets a time stamp that openssl verifies", async (t) => {
  const authority = await startTimestampAuthority(t);
  const answer = await fetchTimestamp(signature, authorityAt(t, authority.url), never);
  const { folder, certificatePath } = authority;
  writeFileSync(join(folder, "answer"), answer);
  writeFileSync(join(folder, "data"), signature);
  const args = ["ts", "-verify", "-in", "answer", "-data", "data", "-CAfile", certificatePath];
  const said = execFileSync("openssl", args, { cwd: folder, encoding: "utf8", stdio: "pipe" });
  assert.match(said, /^Verification: OK$/m);
});

test("a time stamp of another time, or over something else, is evidence", async (t) => {
  const authority = await startTimestampAuthority(t);
  const old = await fetchTimestamp(signature, authorityAt(t, authority.url), never);
  const replayed = await startToldServer(t, (_request, response) => void response.end(old));
  assert.equal((await failureAt(t, replayed)).failure, "invalid-answer");
});

test("refusals and answers that are none have their classes", async (t) => {
  const rejected = Buffer.from("30053003020102", "hex");
  const cases: [number, Buffer | string, string][] = [
    [200, rejected, "server-error"],
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
