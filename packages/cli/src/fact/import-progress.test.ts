import assert from "node:assert/strict";
import { appendFile, mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, it } from "node:test";
import { nonceOf, openProgress, saltOf, saveProgress } from "./import-progress.ts";
import { readLines } from "./json-lines.ts";

async function file(content: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "strongroom-import-"));
  after(() => rm(folder, { recursive: true }));
  const path = join(folder, "facts.jsonl");
  await writeFile(path, content);
  return path;
}

async function lines(path: string, start = { offset: 0, line: 0 }) {
  const found: [number, string, number][] = [];
  for await (const { number, bytes, end } of readLines(path, start)) {
    found.push([number, new TextDecoder().decode(bytes), end]);
  }
  return found;
}

it("reads lines with the offset behind each, from any of them on", async () => {
  const path = await file("one\n\nthrée\nlast");
  const all = await lines(path);
  assert.deepEqual(all, [
    [1, "one", 4],
    [2, "", 5],
    [3, "thrée", 12],
    [4, "last", 16],
  ]);
  assert.deepEqual(await lines(path, { offset: 5, line: 2 }), all.slice(2));
});

it("resumes with the same salt, so that a line keeps its nonce", async () => {
  const path = await file("one\ntwo\n");
  const progressFile = `${path}.progress`;
  const first = await openProgress(path, progressFile);
  await saveProgress(path, progressFile, { ...first, offset: 4, line: 1 });
  assert.equal((await stat(progressFile)).mode & 0o777, 0o600);
  await appendFile(path, "three\n");
  const again = await openProgress(path, progressFile);
  assert.equal(again.offset, 4);
  const bytes = new TextEncoder().encode("two");
  assert.deepEqual(nonceOf(saltOf(first), 2, bytes), nonceOf(saltOf(again), 2, bytes));
  assert.notDeepEqual(nonceOf(saltOf(first), 2, bytes), nonceOf(saltOf(first), 3, bytes));
});

it("refuses the progress of another file", async () => {
  const path = await file("one\ntwo\n");
  const progressFile = `${path}.progress`;
  const progress = await openProgress(path, progressFile);
  await saveProgress(path, progressFile, { ...progress, offset: 8, line: 2 });
  await writeFile(path, "one\nTWO\n");
  await assert.rejects(openProgress(path, progressFile), { code: "PROGRESS_MISMATCH" });
  await writeFile(path, "one\n");
  await assert.rejects(openProgress(path, progressFile), { code: "PROGRESS_MISMATCH" });
});
