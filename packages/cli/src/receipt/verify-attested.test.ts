import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { formatReceiptJson, fromBase64, parseReceipt } from "@strongroom/protocol";
import { readVectors, runCli } from "../testing/run-cli.ts";

interface ReceiptVector {
  readonly why: string;
  readonly receipt: string;
  readonly policy: string;
}

const vectors = readVectors<{
  trusted_roots: Record<string, string>;
  receipts_valid: readonly ReceiptVector[];
}>("attestations");
let folder: string;

function vectorOf(why: string): ReceiptVector {
  return vectors.receipts_valid.find((vector) => vector.why === why) ?? assert.fail(why);
}

async function write(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

/** The policy lies in a folder of its own, with its trusted roots beside it. */
async function verify(vector: ReceiptVector, change: (policy: string) => string = (p) => p) {
  const policy = await write("trust/policy.txt", change(vector.policy));
  const receipt = parseReceipt(fromBase64(vector.receipt));
  const file = await write("receipt.json", formatReceiptJson(receipt));
  const ran = await runCli(["receipt", "verify", file, "--policy", policy, "--json"]);
  return { ...ran, document: JSON.parse(ran.stdout) };
}

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "strongroom-attested-"));
  await mkdir(join(folder, "trust"));
  for (const [name, json] of Object.entries(vectors.trusted_roots)) {
    await write(join("trust", name), json);
  }
});
after(() => rm(folder, { recursive: true }));

describe("receipt verify under a policy that requires an attestation", () => {
  it("names each step that was proven, the log and the entry", async () => {
    const { code, document, stderr } = await verify(vectorOf("attested in two logs"));
    assert.equal(code, 0, stderr);
    for (const step of ["key", "note", "entry", "log", "inclusion", "checkpoint", "signature"]) {
      assert.ok(document.proven.includes(`attestation-${step}`), step);
    }
    assert.ok(document.proven.includes("attestation"));
    assert.equal(document.attestations.length, 2);
    assert.match(document.attestations[0].logIndex, /^\d+$/);
    assert.equal(document.attestations[0].time, document.signedTime);
    assert.equal(document.attestations[1].time, undefined);
  });

  it("fails closed without a key, a trusted root, or a bundle that holds", async () => {
    const vector = vectorOf("attested in a log of version 2");
    const without = (lines: RegExp) => (policy: string) => policy.replace(lines, "");
    for (const lines of [/^attestation-key .*\n/gm, /^trusted-root .*\n/gm]) {
      const { code, document } = await verify(vector, without(lines));
      assert.deepEqual([code, document.verdict], [5, "ATTESTATION_REQUIRED"]);
    }
    const spoiled = vectorOf("nor does it mind one that does not hold");
    const told = await verify(spoiled);
    assert.equal(told.code, 0, told.stderr);
    assert.equal(told.document.refusedBundles[0].code, "ATTESTATION_INCLUSION_MISMATCH");
    const refused = await verify(spoiled, (policy) => `${policy}require attested\n`);
    assert.deepEqual([refused.code, refused.document.verdict], [5, "ATTESTATION_REQUIRED"]);
    assert.match(refused.stderr, /not in the log under its checkpoint/);
  });

  it("takes an age only from a time that somebody signed", async () => {
    const untimed = await verify(vectorOf("attested in a log of version 2"), (policy) =>
      policy.concat("max-age 60\n"),
    );
    assert.deepEqual([untimed.code, untimed.document.verdict], [5, "NO_TRUSTED_TIME"]);
    const old = await verify(vectorOf("young enough by the time that a version 1 log signed"));
    assert.deepEqual([old.code, old.document.verdict], [5, "RECEIPT_TOO_OLD"]);
  });

  it("is wrong usage when a trusted root is not there or is none", async () => {
    const vector = vectorOf("attested in a log of version 2");
    const named = (name: string) => (policy: string) => `${policy}trusted-root ${name}\n`;
    const missing = await verify(vector, named("nowhere.json"));
    assert.deepEqual([missing.code, missing.document.error.code], [2, "FILE_NOT_FOUND"]);
    await write("trust/none.json", "{}");
    const none = await verify(vector, named("none.json"));
    assert.deepEqual([none.code, none.document.error.code], [2, "MALFORMED_TRUSTED_ROOT"]);
  });
});
