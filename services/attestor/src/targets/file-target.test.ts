import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createPublicKey } from "node:crypto";
import { chmod, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { createFileTarget } from "./file-target.ts";
import { makeParts, makeSigningKey, makeWork, never } from "./target.test-kit.ts";
import type { SigningKey, TargetResult } from "./target.ts";

const key = makeSigningKey();

async function makeFolder(context: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "attestor-file-"));
  context.after(() => rm(folder, { recursive: true, force: true }));
  return join(folder, "checkpoints");
}

interface Opened {
  readonly signingKey?: SigningKey;
  readonly formerKeys?: string[];
  readonly origin?: string;
}

function open(path: string, { signingKey = key, formerKeys = [], origin }: Opened = {}) {
  const common = { kind: "file", name: "folder", concurrency: 1, timeoutMs: 1000 } as const;
  const parts = makeParts(signingKey);
  const used = origin === undefined ? parts : { ...parts, origin };
  return createFileTarget({ ...common, path, formerKeys }, used);
}

function failureOf(result: TargetResult) {
  return result.kind === "failed" ? result : assert.fail(JSON.stringify(result));
}

async function fill(path: string, sizes: readonly number[]): Promise<void> {
  const target = open(path);
  for (const size of sizes) {
    assert.deepEqual(await target.attest(makeWork(size), never), { kind: "attested" });
  }
}

function fileAt(path: string, sequence: number): string {
  return join(path, `${String(sequence).padStart(12, "0")}.json`);
}

test("writes one read-only file for each checkpoint, once, and shows the newest", async (t) => {
  const path = await makeFolder(t);
  const target = open(path);
  assert.equal(await target.newestNote?.(never), undefined);
  for (const size of [3, 3, 8, 8, 20]) {
    assert.deepEqual(await target.attest(makeWork(size), never), { kind: "attested" });
  }
  const names = await readdir(path);
  assert.deepEqual(
    names.toSorted(),
    [1, 2, 3].map((n) => fileAt("", n)),
  );
  assert.equal((await stat(fileAt(path, 1))).mode & 0o777, 0o444);
  for (const reader of [target, open(path)]) {
    assert.deepEqual(await reader.newestNote?.(never), makeWork(20).note);
  }
});

test("its files verify with stock tools", async (t) => {
  const path = await makeFolder(t);
  await fill(path, [3]);
  const file = JSON.parse(await readFile(fileAt(path, 1), "utf8"));
  const at = (name: string) => join(path, "..", name);
  await writeFile(at("note"), file.note);
  await writeFile(at("sig"), Buffer.from(file.signature, "base64"));
  const spki = Buffer.from(file.publicKey, "base64");
  const publicKey = createPublicKey({ key: spki, format: "der", type: "spki" });
  await writeFile(at("key"), publicKey.export({ format: "pem", type: "spki" }));
  const args = ["dgst", "-sha256", "-verify", at("key"), "-signature", at("sig"), at("note")];
  assert.equal(execFileSync("openssl", args, { encoding: "utf8" }), "Verified OK\n");
});

test("a checkpoint that does not extend the newest one is evidence, with both notes", async (t) => {
  const path = await makeFolder(t);
  await fill(path, [6]);
  for (const size of [6, 9]) {
    const work = makeWork(size, { history: "b" });
    const { failure, evidence } = failureOf(await open(path).attest(work, never));
    assert.equal(failure, "invalid-answer");
    const kept = Buffer.from(evidence ?? []).toString();
    for (const note of [work.note, makeWork(6).note]) {
      assert.ok(kept.includes(Buffer.from(note).toString()));
    }
  }
  const older = failureOf(await open(path).attest(makeWork(4), never));
  assert.equal(older.failure, "conflict");
  assert.equal((await readdir(path)).length, 1);
});

test("several workers on one folder write each number once", async (t) => {
  const path = await makeFolder(t);
  const workers = [open(path), open(path), open(path)];
  let written = 0;
  for (let size = 1; size <= 12; size++) {
    const results = await Promise.all(workers.map((one) => one.attest(makeWork(size), never)));
    for (const result of results) {
      if (result.kind === "failed") assert.equal(result.failure, "conflict");
      else written += 1;
    }
  }
  assert.ok(written >= 12);
  const target = open(path);
  assert.deepEqual(await target.newestNote?.(never), makeWork(12).note);
  assert.equal((await readdir(path)).length, 12);
});

const edits: Record<string, (path: string) => Promise<void>> = {
  "an edited note": async (path) => {
    await chmod(fileAt(path, 2), 0o644);
    const content = await readFile(fileAt(path, 2), "utf8");
    await writeFile(fileAt(path, 2), content.replace("log.example/one\\n", "log.example/two\\n"));
  },
  "an added space": async (path) => {
    await chmod(fileAt(path, 3), 0o644);
    await writeFile(fileAt(path, 3), `${await readFile(fileAt(path, 3), "utf8")} `);
  },
  "a file removed in the middle": (path) => rm(fileAt(path, 2)),
  "the first file removed": (path) => rm(fileAt(path, 1)),
  "the newest file removed": (path) => rm(fileAt(path, 4)),
  "two files swapped": async (path) => {
    await rename(fileAt(path, 2), fileAt(path, 9));
    await rename(fileAt(path, 3), fileAt(path, 2));
    await rename(fileAt(path, 9), fileAt(path, 3));
  },
  "an empty file": async (path) => {
    await chmod(fileAt(path, 1), 0o644);
    await writeFile(fileAt(path, 1), "");
  },
  "a chain that another key wrote": async (path) => {
    await rm(path, { recursive: true });
    const other = open(path, { signingKey: makeSigningKey() });
    for (const size of [2, 4, 6, 8]) await other.attest(makeWork(size), never);
  },
  "a folder of another time": async (path) => {
    await rm(path, { recursive: true });
    await fill(path, [2, 4]);
  },
};

for (const [name, edit] of Object.entries(edits)) {
  test(`notices ${name}, while it runs and at the next start, and writes no more`, async (t) => {
    const path = await makeFolder(t);
    await fill(path, [2, 4, 6, 8]);
    const running = open(path);
    await running.newestNote?.(never);
    await edit(path);
    const before = await readdir(path);
    for (const target of [running, open(path)]) {
      const work = makeWork(10, { attested: 8 });
      const { failure, message } = failureOf(await target.attest(work, never));
      assert.equal(failure, "invalid-answer", message);
    }
    assert.deepEqual(await readdir(path), before);
  });
}

test("notices an edit of an old file while it runs, in turn", async (t) => {
  const path = await makeFolder(t);
  await fill(
    path,
    Array.from({ length: 600 }, (_, index) => index + 1),
  );
  const target = open(path);
  await target.newestNote?.(never);
  const path300 = fileAt(path, 300);
  const content = JSON.parse(await readFile(path300, "utf8"));
  await chmod(path300, 0o644);
  await writeFile(path300, `${JSON.stringify({ ...content, signature: "AAAA" }, null, 2)}\n`);
  const messages = [];
  for (let i = 1; i <= 3; i++) {
    const result = await target.attest(makeWork(600 + i), never);
    messages.push(result.kind === "failed" ? result.message : "");
  }
  assert.ok(messages.some((message) => /000000000301.json does not follow/.test(message)));
});

test("goes on after a rotation only where the settings name the former key", async (t) => {
  const path = await makeFolder(t);
  await fill(path, [2]);
  const signingKey = makeSigningKey();
  const { failure, message } = failureOf(
    await open(path, { signingKey }).attest(makeWork(4), never),
  );
  assert.deepEqual([failure, /not ours/.test(message)], ["invalid-answer", true]);
  const formerKeys = [Buffer.from(key.publicKeySpki).toString("base64")];
  const rotated = open(path, { signingKey, formerKeys });
  assert.equal((await rotated.attest(makeWork(4), never)).kind, "attested");
  assert.deepEqual(await rotated.newestNote?.(never), makeWork(4).note);
  assert.throws(() => open(path, { formerKeys: ["AAAA"] }), { code: "TARGET_INVALID" });
});

test("a folder of another log is refused", async (t) => {
  const path = await makeFolder(t);
  await fill(path, [2]);
  const other = open(path, { origin: "log.example/two" });
  assert.equal(failureOf(await other.attest(makeWork(4), never)).failure, "invalid-answer");
  await assert.rejects(async () => other.newestNote?.(never), { name: "FolderDamaged" });
});

test("a folder that cannot be written is a retry, and goes on when it can", async (t) => {
  const path = await makeFolder(t);
  // A file where the folder belongs: also root cannot write there.
  await writeFile(path, "");
  const target = open(path);
  const { failure, message } = failureOf(await target.attest(makeWork(2), never));
  assert.deepEqual([failure, /^write the folder: E/.test(message)], ["retry", true]);
  await rm(path);
  assert.equal((await target.attest(makeWork(2), never)).kind, "attested");
});
