import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { formatTlogProof, fromBase64, parseReceipt } from "@strongroom/protocol";
import { readVectors, runCli } from "../testing/run-cli.ts";

interface ReceiptVector {
  readonly why: string;
  readonly receipt: string;
  readonly json: string;
  readonly policy: string;
}

const { valid } = readVectors<{ valid: readonly ReceiptVector[] }>("receipts");
let folder: string;
let policy: string;
let vector: ReceiptVector;

async function write(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

async function verify(file: string, ...more: string[]) {
  const ran = await runCli(["receipt", "verify", file, "--policy", policy, "--json", ...more]);
  return { ...ran, document: JSON.parse(ran.stdout) };
}

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "strongroom-receipt-"));
  const found = valid.find(({ why }) => why === "entry 1, of kind fact");
  assert.ok(found !== undefined);
  vector = found;
  policy = await write("policy.txt", vector.policy);
});
after(() => rm(folder, { recursive: true }));

describe("receipt verify", () => {
  it("verifies the JSON and the binary form offline", async () => {
    const files = [
      await write("r.json", vector.json),
      await write("r.receipt", fromBase64(vector.receipt)),
    ];
    for (const file of files) {
      const { code, document, stderr } = await verify(file);
      assert.equal(code, 0, stderr);
      assert.equal(document.verdict, "verified");
      assert.ok(document.proven.includes("body") && document.proven.includes("checkpoint"));
      assert.match(document.cid, /^sha256:[0-9a-f]{64}$/);
    }
  });

  it("verifies a .tlog-proof without its body", async () => {
    const proof = formatTlogProof(parseReceipt(fromBase64(vector.receipt)));
    const { code, document } = await verify(await write("r.tlog-proof", proof));
    assert.equal(code, 0);
    assert.deepEqual(document.proven, ["leaf", "inclusion", "checkpoint"]);
  });

  it("takes a key in place of a policy, as a line or a file", async () => {
    const line =
      vector.policy
        .split("\n")
        .find((text) => text.startsWith("log "))
        ?.split(" ")[1] ?? "";
    const file = await write("r2.json", vector.json);
    for (const key of [line, await write("log.vkey", `${line}\n`)]) {
      const ran = await runCli(["receipt", "verify", file, "--log-key", key]);
      assert.equal(ran.code, 0, ran.stderr);
      assert.match(ran.stdout, /verdict +verified/);
    }
  });

  it("says which proof failed, and what held before it, with exit code 5", async () => {
    const receipt = fromBase64(vector.receipt);
    const json = JSON.parse(vector.json) as { body: string };
    const body = Buffer.from(json.body, "base64");
    body[4] = (body[4] ?? 0) ^ 1;
    const edited = { ...json, body: body.toString("base64") };
    const { code, document, stderr } = await verify(await write("e.json", JSON.stringify(edited)));
    assert.equal(code, 5);
    assert.equal(document.verdict, document.error.code);
    assert.ok(Array.isArray(document.proven));
    assert.match(stderr, new RegExp(`\\(${document.verdict}\\)\n$`));
    const cut = await verify(await write("cut.receipt", receipt.subarray(0, 40)));
    assert.equal(cut.code, 5);
    assert.equal(cut.document.verdict, "MALFORMED_RECEIPT");
    const text = await verify(await write("text.json", "{nonsense"));
    assert.equal(text.code, 5);
    assert.match(text.document.verdict, /^MALFORMED_/);
  });

  it("is wrong usage without a key, with both, or with a file that is not there", async () => {
    const file = await write("r3.json", vector.json);
    const bare = await runCli(["receipt", "verify", file, "--json"]);
    assert.equal(bare.code, 2);
    assert.equal(JSON.parse(bare.stdout).error.code, "USAGE");
    const missing = await runCli(["receipt", "verify", `${file}.no`, "--policy", policy, "--json"]);
    assert.equal(missing.code, 2);
    assert.equal(JSON.parse(missing.stdout).error.code, "FILE_NOT_FOUND");
  });
});
