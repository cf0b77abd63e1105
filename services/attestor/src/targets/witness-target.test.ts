import assert from "node:assert/strict";
import { once } from "node:events";
import { type TestContext, test } from "node:test";
import {
  cosignatureVerifier,
  ed25519,
  formatVkey,
  parseNote,
  parseVkey,
  signCosignature,
  text,
  verifyCosignature,
} from "@strongroom/protocol";
import { logVkey, makeParts, makeWork, never } from "./target.test-kit.ts";
import type { TargetResult } from "./target.ts";
import { startToldServer } from "./told-server.test-kit.ts";
import { startRealWitness } from "./witness.test-kit.ts";
import { createWitnessTarget } from "./witness-target.ts";

const seed = new Uint8Array(32).fill(7);
const own = { name: "witness.example/w1", seed };
const ownKey = formatVkey(cosignatureVerifier(own.name, ed25519.publicKey(seed)));

function open(context: TestContext, url: string, key = ownKey, timeoutMs = 5000) {
  const settings = { kind: "witness", name: "w1", concurrency: 1, timeoutMs, url, key } as const;
  const target = createWitnessTarget(settings, makeParts());
  context.after(() => target.close());
  return target;
}

function failureOf(result: TargetResult) {
  assert.equal(result.kind, "failed");
  return result.kind === "failed" ? result : assert.fail();
}

function assertCosigned(result: TargetResult, note: Uint8Array, key: string): void {
  assert.equal(result.kind, "attested", JSON.stringify(result));
  const [line, ...more] = (result.kind === "attested" && result.cosignatures) || [];
  assert.ok(line && more.length === 0);
  assert.ok(verifyCosignature(parseNote(note).text, line, parseVkey(key)).timeUnixS > 0n);
}

test("gets cosignatures of a growing log from a real witness, with proofs from where it stood", async (t) => {
  const { url, vkey } = await startRealWitness(t);
  const target = open(t, url, vkey);
  for (const size of [3, 3, 8, 100]) {
    const work = makeWork(size);
    assertCosigned(await target.attest(work, never), work.note, vkey);
  }
  const last = makeWork(101, { attested: 100 });
  assertCosigned(await target.attest(last, never), last.note, vkey);
  assert.deepEqual(last.proofsFrom, [100n]);
});

test("a new worker learns by 409 where the witness stands, in the same attempt", async (t) => {
  const { url, vkey } = await startRealWitness(t);
  assertCosigned(await open(t, url, vkey).attest(makeWork(5), never), makeWork(5).note, vkey);
  for (const attested of [0, 2]) {
    const work = makeWork(9 + attested, { attested });
    assertCosigned(await open(t, url, vkey).attest(work, never), work.note, vkey);
    assert.equal(work.proofsFrom.at(-1), attested === 0 ? 5n : 9n);
  }
});

test("a witness that saw more than this checkpoint is a conflict that says so", async (t) => {
  const { url, vkey } = await startRealWitness(t);
  const target = open(t, url, vkey);
  await target.attest(makeWork(9), never);
  for (const worker of [target, open(t, url, vkey)]) {
    const { failure, message } = failureOf(await worker.attest(makeWork(5), never));
    assert.equal(failure, "conflict");
    assert.match(message, /cosigned size 9, beyond 5/);
  }
});

test("another history is refused by the witness and kept as evidence", async (t) => {
  const { url, vkey } = await startRealWitness(t);
  const target = open(t, url, vkey);
  await target.attest(makeWork(6), never);
  for (const size of [6, 9]) {
    const work = makeWork(size, { history: "b" });
    const { failure, evidence } = failureOf(await target.attest(work, never));
    assert.equal(failure, "invalid-answer");
    const kept = text(evidence ?? new Uint8Array(0));
    assert.ok(kept.includes(text(work.note)) && kept.includes("HTTP 422"), kept);
  }
});

test("shows the newest checkpoint that the witness holds, and nothing before there is one", async (t) => {
  const { url, vkey } = await startRealWitness(t);
  const target = open(t, url, vkey);
  assert.equal(await target.newestNote?.(never), undefined);
  await target.attest(makeWork(6), never);
  const note = await target.newestNote?.(never);
  assert.ok(note);
  assert.equal(parseNote(note).text, parseNote(makeWork(6).note).text);
});

test("a witness that is down, killed and back is a retry, never an error of ours", async (t) => {
  const first = await startRealWitness(t);
  const target = open(t, first.url, first.vkey);
  await target.attest(makeWork(3), never);
  first.child.kill("SIGKILL");
  await once(first.child, "exit");
  const down = failureOf(await target.attest(makeWork(4), never));
  assert.equal(down.failure, "retry");
  await assert.rejects(async () => target.newestNote?.(never));
  const listen = first.url.slice("http://".length);
  await startRealWitness(t, { folder: first.folder, listen });
  const work = makeWork(4);
  assertCosigned(await target.attest(work, never), work.note, first.vkey);
});

test("a witness that does not know the log parks", async (t) => {
  const { url, vkey } = await startRealWitness(t, { logs: "" });
  const { failure, message } = failureOf(await open(t, url, vkey).attest(makeWork(3), never));
  assert.deepEqual([failure, message], ["permanent", "404: unknown log"]);
});

const otherSeed = new Uint8Array(32).fill(8);
const noteText = parseNote(makeWork(3).note).text;
const right = signCosignature(noteText, own, 1_700_000_000n);
const invalid: Record<string, string> = {
  nothing: "",
  "no newline": right.trimEnd(),
  "not a line": "thank you\n",
  "another witness's line": signCosignature(noteText, { name: "w.example/2", seed }, 1n),
  "the same name under another key": signCosignature(noteText, { ...own, seed: otherSeed }, 1n),
  "a line over another checkpoint": signCosignature(parseNote(makeWork(4).note).text, own, 1n),
  "a line without a time": signCosignature(noteText, own, 0n),
  "two of its lines": right + right,
  "too much": "x".repeat(70_000),
};

for (const [name, body] of Object.entries(invalid)) {
  test(`200 with ${name} is no cosignature: evidence, not success`, async (t) => {
    const url = await startToldServer(t, (_request, response) => void response.end(body));
    const { failure, evidence } = failureOf(await open(t, url).attest(makeWork(3), never));
    assert.equal(failure, "invalid-answer");
    assert.ok(evidence !== undefined && evidence.length <= 70_000);
  });
}

test("lines of unknown keys beside the right one are passed over", async (t) => {
  const other = signCosignature(noteText, { name: "w.example/2", seed: otherSeed }, 5n);
  const url = await startToldServer(t, (_request, response) => void response.end(other + right));
  assertCosigned(await open(t, url).attest(makeWork(3), never), makeWork(3).note, ownKey);
});

type Refusal = readonly [status: number, headers: Record<string, string>, body: string, RegExp];
const refusals: Refusal[] = [
  [400, {}, "what?", /^permanent$/],
  [403, {}, "", /^permanent$/],
  [302, { location: "http://elsewhere.example/" }, "", /^permanent$/],
  [204, {}, "", /^permanent$/],
  [409, { "content-type": "text/plain" }, "3\n", /^invalid-answer$/],
  [409, { "content-type": "text/x.tlog.size" }, "03\n", /^invalid-answer$/],
  [409, { "content-type": "text/x.tlog.size" }, "2\n", /^conflict$/],
  [422, {}, "no", /^invalid-answer$/],
  [429, { "retry-after": "7" }, "", /^pushback$/],
  [503, {}, "", /^pushback$/],
  [500, {}, "", /^retry$/],
  [502, {}, "", /^retry$/],
];

for (const [status, headers, body, failure] of refusals) {
  test(`${status} ${JSON.stringify(headers)} ${body.trim()} is ${failure.source}`, async (t) => {
    const url = await startToldServer(t, (_request, response) => {
      response.writeHead(status, headers).end(body);
    });
    const result = failureOf(await open(t, url).attest(makeWork(3), never));
    assert.match(result.failure, failure);
    const retryAfterMs = "retry-after" in headers ? 7000 : undefined;
    assert.equal(result.retryAfterMs, retryAfterMs);
  });
}

test("no answer in time, a cut answer and a reset after the request are retries", async (t) => {
  const cut = await startToldServer(t, (request, response) => {
    if (request.url?.startsWith("/slow/")) return;
    response.writeHead(200, { "content-length": "100" }).write("half");
    setImmediate(() => request.socket.destroy());
  });
  assert.equal(failureOf(await open(t, cut).attest(makeWork(3), never)).failure, "retry");
  const slow = open(t, `${cut}/slow/`, ownKey, 150);
  const { failure, message } = failureOf(await slow.attest(makeWork(3), never));
  assert.deepEqual([failure, /no answer in time/.test(message)], ["retry", true]);
  const stopped = await open(t, cut).attest(makeWork(3), AbortSignal.abort());
  assert.equal(failureOf(stopped).failure, "retry");
});

test("what a stranger says is made printable and short before people see it", async (t) => {
  const url = await startToldServer(t, (_request, response) => {
    response.writeHead(400).end(`\u001b[31mred\u202e${"x".repeat(5000)}`);
  });
  const { message } = failureOf(await open(t, url).attest(makeWork(3), never));
  assert.match(message, /^400: \[31mred x+$/);
  assert.ok(message.length < 400);
});

test("newest notes that its key did not sign are refused", async (t) => {
  const { note } = makeWork(3);
  let body = text(note);
  const url = await startToldServer(t, (_request, response) => void response.end(body));
  const target = open(t, url);
  await assert.rejects(async () => target.newestNote?.(never), { code: "UNTRUSTED_KEY" });
  body = text(note) + signCosignature(parseNote(makeWork(4).note).text, own, 1n);
  await assert.rejects(async () => target.newestNote?.(never), { code: "SIGNATURE_INVALID" });
  body = text(note) + right;
  assert.ok(await target.newestNote?.(never));
});

test("refuses a key that is no witness's", (t) => {
  for (const key of [logVkey, "w.example+00000000+BAAA", "x"]) {
    assert.throws(() => open(t, "http://127.0.0.1:1", key), { code: "TARGET_INVALID" });
  }
});
