// Every rule of C2SP tlog-witness, over a real socket.
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import {
  concatBytes,
  EMPTY_ROOT,
  parseNote,
  parseVkey,
  text,
  toBase64,
  utf8,
  verifyCosignature,
} from "@strongroom/protocol";
import { bodyOf, makeLog, signText } from "./log.test-kit.ts";
import { hashOrigin } from "./memory.ts";
import { makeFolder, openWitness } from "./witness.test-kit.ts";

const log = makeLog();

async function open(context: TestContext, vkeys = [log.vkey]) {
  return await openWitness(context, await makeFolder(context, vkeys));
}

function cosignedAt(note: Uint8Array, line: string, vkey: string): number {
  const { timeUnixS } = verifyCosignature(parseNote(note).text, line, parseVkey(vkey));
  return Number(timeUnixS);
}

test("cosigns a first checkpoint from old size 0 with an empty proof, then what extends it", async (t) => {
  const witness = await open(t);
  let from = 0;
  for (const size of [1, 2, 3, 8, 8, 9, 300, 300]) {
    const answer = await witness.post(log.request(from, size));
    assert.equal(answer.status, 200, answer.text);
    assert.match(answer.text, /^— \S+ \S+\n$/);
    const time = cosignedAt(log.note(size), answer.text, witness.vkey);
    assert.ok(Math.abs(Date.now() / 1000 - time) < 60);
    from = size;
  }
});

test("a first checkpoint may be of any size, also 0", async (t) => {
  const witness = await open(t, [log.vkey, makeLog({ origin: "log.example/two" }).vkey]);
  assert.equal((await witness.post(log.request(0, 0))).status, 200);
  assert.equal((await witness.post(log.request(0, 0))).status, 200);
  assert.equal((await witness.post(log.request(0, 7))).status, 200);
  const other = makeLog({ origin: "log.example/two" });
  assert.equal((await witness.post(other.request(0, 41))).status, 200);
});

test("409 with the size signed last, as text/x.tlog.size, when the old size is another", async (t) => {
  const witness = await open(t);
  assert.equal((await witness.post(log.request(3, 5))).text, "0\n");
  assert.equal((await witness.post(log.request(0, 5))).status, 200);
  for (const [from, size] of [
    [0, 9],
    [4, 5],
    [4, 9],
    [6, 9],
    [3, 4],
  ] as const) {
    const answer = await witness.post(log.request(from, size));
    assert.deepEqual(answer, { status: 409, type: "text/x.tlog.size", text: "5\n" });
  }
  assert.equal((await witness.post(log.request(5, 9))).status, 200);
});

test("404 for an origin that it does not know", async (t) => {
  const witness = await open(t);
  assert.equal(
    (await witness.post(makeLog({ origin: "log.example/x" }).request(0, 1))).status,
    404,
  );
});

test("403 without a signature of a known key, or with one that fails", async (t) => {
  const witness = await open(t);
  const otherKey = makeLog({ seed: 2 });
  assert.equal((await witness.post(otherKey.request(0, 1))).status, 403);
  const note = text(log.note(2));
  const moved = note.replace("\n2\n", "\n3\n");
  assert.equal((await witness.post(bodyOf("0", [], utf8(moved)))).status, 403);
  const line = note.slice(note.indexOf("\n\n") + 2);
  assert.equal((await witness.post(bodyOf("0", [], utf8(note + line)))).status, 403, "twice");
});

test("ignores signatures of unknown keys beside a known one", async (t) => {
  const witness = await open(t);
  const theirs = text(makeLog({ seed: 2 }).note(4));
  const line = theirs.slice(theirs.indexOf("\n\n") + 2);
  const body = bodyOf("0", [], concatBytes(log.note(4), utf8(line)));
  assert.equal((await witness.post(body)).status, 200);
  const kept = await fetch(`${witness.url}/${hashOrigin(log.origin)}/checkpoint`);
  assert.ok(!(await kept.text()).includes(line), "a stranger's line is not kept");
});

test("a log that changes its key is witnessed under either", async (t) => {
  const next = makeLog({ seed: 2 });
  const witness = await open(t, [log.vkey, next.vkey]);
  assert.equal((await witness.post(log.request(0, 4))).status, 200);
  assert.equal((await witness.post(next.request(4, 6))).status, 200);
});

test("400 when the old size is above the checkpoint's, before anything is compared", async (t) => {
  const witness = await open(t);
  assert.equal((await witness.post(bodyOf("5", [], log.note(4)))).status, 400);
  assert.equal((await witness.post(bodyOf("9999999999999999999", [], log.note(4)))).status, 400);
});

test("422 for a proof that does not hold, is missing, or is there without need", async (t) => {
  const witness = await open(t);
  const proof = log.prove(3, 9);
  assert.equal((await witness.post(bodyOf("0", proof, log.note(3)))).status, 422, "from 0");
  assert.equal((await witness.post(log.request(0, 3))).status, 200);
  const bad = [[], proof.slice(1), proof.toReversed(), [...proof, proof[0] ?? log.root(1)]];
  for (const wrong of bad) {
    assert.equal((await witness.post(bodyOf("3", wrong, log.note(9)))).status, 422);
  }
  assert.equal((await witness.post(bodyOf("3", proof, log.note(3)))).status, 422, "equal sizes");
  const fork = makeLog({ history: "b" });
  assert.equal((await witness.post(fork.request(3, 9))).status, 422, "another history");
  assert.equal((await witness.post(bodyOf("3", proof, log.note(9)))).status, 200);
});

test("422 for another root at the size that it signed, and for a wrong empty root", async (t) => {
  const witness = await open(t);
  const empty = signText(`${log.origin}\n0\n${toBase64(log.root(1))}\n`);
  assert.equal((await witness.post(bodyOf("0", [], empty))).status, 422);
  assert.equal((await witness.post(log.request(0, 6))).status, 200);
  assert.equal((await witness.post(makeLog({ history: "b" }).request(6, 6))).status, 422);
  assert.equal((await witness.post(log.request(6, 6))).status, 200);
});

test("400 for every way to write a request wrongly", async (t) => {
  const witness = await open(t);
  const note = text(log.note(4));
  const root = toBase64(log.root(4));
  const wrong: Record<string, string | Uint8Array> = {
    empty: "",
    "no blank line": "old 0\n",
    "no old line": `\n${note}`,
    "a leading zero": `old 00\n\n${note}`,
    "a sign": `old +0\n\n${note}`,
    "two spaces": `old  0\n\n${note}`,
    "a carriage return": `old 0\r\n\r\n${note}`,
    "a space before": ` old 0\n\n${note}`,
    "a capital": `Old 0\n\n${note}`,
    "twenty digits": `old 10000000000000000000\n\n${note}`,
    "a short hash": `old 0\n${toBase64(log.root(4).slice(1))}\n\n${note}`,
    "a long hash": `old 0\n${toBase64(concatBytes(log.root(4), log.root(4)))}\n\n${note}`,
    "a hash in the URL alphabet": `old 0\n${"-".repeat(43)}=\n\n${note}`,
    "a hash without padding": `old 0\n${root.slice(0, -1)}\n\n${note}`,
    "64 proof lines": `old 0\n${`${root}\n`.repeat(64)}\n${note}`,
    "no signature": `old 0\n\n${log.origin}\n4\n${root}\n\n`,
    "no final newline": `old 0\n\n${note.slice(0, -1)}`,
    "a size with a leading zero": `old 0\n\n${note.replace("\n4\n", "\n04\n")}`,
    "a size of 2^63": `old 0\n\n${note.replace("\n4\n", "\n9223372036854775808\n")}`,
    "a root of 31 bytes": signedBody(`${log.origin}\n4\n${toBase64(log.root(4).slice(1))}\n`),
    "a blank extension line": signedBody(`${log.origin}\n4\n${root}\n\nx\n`),
    "17 signatures": `old 0\n\n${note}${note.slice(note.indexOf("\n\n") + 2).repeat(16)}`,
    "bytes that are not UTF-8": concatBytes(utf8("old 0\n\n"), Uint8Array.of(0xff, 0x0a)),
    "a control character": `old 0\n\n\u0007${note}`,
  };
  for (const [name, body] of Object.entries(wrong)) {
    const answer = await witness.post(typeof body === "string" ? utf8(body) : body);
    assert.equal(answer.status, 400, `${name}: ${answer.text}`);
  }
  const proof = Array.from({ length: 63 }, () => log.root(4));
  const most = await witness.post(bodyOf("0", proof, log.note(4)));
  assert.equal(most.status, 422, "63 proof lines are read");
});

function signedBody(noteText: string): Uint8Array {
  return bodyOf("0", [], signText(noteText));
}

test("cosigns extension lines with the rest", async (t) => {
  const witness = await open(t);
  const note = signText(`${log.origin}\n4\n${toBase64(log.root(4))}\nkind of log: test\n`);
  const answer = await witness.post(bodyOf("0", [], note));
  assert.equal(answer.status, 200);
  assert.ok(cosignedAt(note, answer.text, witness.vkey) > 0);
  assert.equal((await witness.post(log.request(4, 6))).status, 200);
});

test("shows monitors the newest checkpoint with both signatures, and 404 before there is one", async (t) => {
  const witness = await open(t);
  const address = `${witness.url}/${hashOrigin(log.origin)}/checkpoint`;
  assert.equal((await fetch(address)).status, 404);
  await witness.post(log.request(0, 2));
  const { text: line } = await witness.post(log.request(2, 5));
  const answer = await fetch(address);
  assert.equal(answer.status, 200);
  assert.equal(await answer.text(), text(log.note(5)) + line);
  assert.equal((await fetch(`${witness.url}/${hashOrigin("elsewhere")}/checkpoint`)).status, 404);
});

test("an empty tree has the root that RFC 9162 gives it", () => {
  assert.deepEqual(makeLog().root(0), EMPTY_ROOT);
});
