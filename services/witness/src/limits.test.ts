// What strangers can do to it: nothing but be refused.
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { test } from "node:test";
import { parseAddress } from "@strongroom/runtime";
import { makeLog } from "./log.test-kit.ts";
import { parseLogs } from "./logs-file.ts";
import { Turns } from "./turns.ts";
import { makeFolder, openWitness } from "./witness.test-kit.ts";

const log = makeLog();

async function rawAnswer(url: string, request: string): Promise<string> {
  const { host, port } = parseAddress(url.slice("http://".length));
  const socket = connect(port, host);
  let answer = "";
  socket.on("data", (part) => {
    answer += part;
  });
  socket.on("error", () => {});
  socket.write(request);
  await once(socket, "close");
  return answer;
}

test("413 for a body over the limit, said or not", async (t) => {
  const witness = await openWitness(t, await makeFolder(t, [log.vkey]));
  const head = "POST /add-checkpoint HTTP/1.1\r\nhost: a\r\nconnection: close\r\n";
  const said = await rawAnswer(witness.url, `${head}content-length: 65537\r\n\r\n`);
  assert.match(said, /^HTTP\/1\.1 413 /);
  const chunk = `10000\r\n${"x".repeat(0x10000)}\r\n1\r\nx\r\n0\r\n\r\n`;
  const unsaid = await rawAnswer(witness.url, `${head}transfer-encoding: chunked\r\n\r\n${chunk}`);
  assert.match(unsaid, /^HTTP\/1\.1 413 /);
  assert.equal((await witness.post(log.request(0, 1))).status, 200);
});

test("405 and 404 for what is not there", async (t) => {
  const witness = await openWitness(t, await makeFolder(t, [log.vkey]));
  const get = await fetch(`${witness.url}/add-checkpoint`);
  assert.equal(get.status, 405);
  assert.equal(get.headers.get("allow"), "POST");
  const post = await fetch(`${witness.url}/${"0".repeat(64)}/checkpoint`, { method: "POST" });
  assert.equal(post.status, 405);
  for (const path of ["/", "/sign-subtree", "/add-checkpoint/", `/${"0".repeat(63)}/checkpoint`]) {
    assert.equal((await fetch(`${witness.url}${path}`)).status, 404, path);
  }
});

test("no more connections than allowed", async (t) => {
  const folder = await makeFolder(t, [log.vkey]);
  const witness = await openWitness(t, folder, ["--witness-connections-max", "2"]);
  const { host, port } = parseAddress(witness.url.slice("http://".length));
  const held = [connect(port, host), connect(port, host)];
  t.after(() => held.map((socket) => socket.destroy()));
  await Promise.all(held.map((socket) => once(socket, "connect")));
  await assert.rejects(witness.post(log.request(0, 1)));
  for (const socket of held) socket.destroy();
  await assert.doesNotReject(async () => {
    while ((await witness.post(log.request(0, 1)).catch(() => undefined)) === undefined);
  });
});

test("counts answers and forks for the operator", async (t) => {
  const witness = await openWitness(t, await makeFolder(t, [log.vkey]));
  await witness.post(log.request(0, 6));
  await witness.post(log.request(0, 6));
  await witness.post(makeLog({ history: "b" }).request(6, 6));
  const page = await (await fetch(`${witness.admin}/metrics`)).text();
  for (const line of [
    'strongroom_witness_answers_total{status="200"} 1',
    'strongroom_witness_answers_total{status="409"} 1',
    'strongroom_witness_answers_total{status="422"} 1',
    "strongroom_witness_forks_total 1",
    "strongroom_witness_logs 1",
  ]) {
    assert.ok(page.includes(`\n${line}\n`), line);
  }
  assert.equal((await fetch(`${witness.admin}/livez`)).status, 200);
});

test("of one log only so many wait, and others do not wait for them", async () => {
  const turns = new Turns(2);
  let release = (): void => {};
  const blocked = new Promise<void>((resolve) => {
    release = resolve;
  });
  const order: string[] = [];
  const first = turns.take("a", () => blocked.then(() => order.push("first")));
  const second = turns.take("a", async () => order.push("second"));
  assert.equal(await turns.take("a", async () => order.push("third")), undefined);
  await turns.take("b", async () => order.push("other"));
  release();
  await Promise.all([first, second]);
  assert.deepEqual(order, ["other", "first", "second"]);
  await assert.rejects(turns.take("a", () => Promise.reject(new Error("no"))));
  assert.equal(await turns.take("a", async () => "next"), "next");
});

test("the file of known logs is understood in full, or refused with the line", () => {
  const url = "https://log.example/";
  const logs = parseLogs(
    `# ours\n\nlog ${log.vkey}\nlog ${makeLog({ seed: 2 }).vkey} ${url}\n`,
    "f",
  );
  assert.equal(logs.get(log.origin)?.length, 2);
  assert.equal(parseLogs("", "f").size, 0);
  const witnessKey = "w.example/w1+01234567+BAAA";
  for (const [line, why] of [
    [`witness w ${witnessKey}`, /line 1: want: log/],
    ["log", /line 1: not a verifier key/],
    [`log ${witnessKey}`, /line 1: not a verifier key/],
    [`log ${log.vkey} ${url} more`, /line 1: want: log/],
  ] as const) {
    assert.throws(() => parseLogs(line, "f"), { code: "WITNESS_LOGS_INVALID", message: why });
  }
});
