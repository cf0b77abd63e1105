import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, describe, it } from "node:test";
import {
  fromHex,
  hashLeaf,
  parseCheckpoint,
  parseNote,
  parseVkey,
  toHex,
  utf8,
} from "@strongroom/protocol";
import { readVectors, runCli } from "../testing/run-cli.ts";
import { openTiles } from "./tile-source.ts";
import { TileTree } from "./tile-tree.ts";
import { TreeWriter } from "./tiles.ts";
import { verifyTiles } from "./verify-tiles.ts";

interface LogVectors {
  readonly vkey: string;
  readonly entries: readonly { readonly leaf: string }[];
  readonly roots: Readonly<Record<string, string>>;
  readonly checkpoints: readonly { readonly size: number; readonly note: string }[];
  readonly tiles: readonly { readonly path: string; readonly sha256: string }[];
}

const vectors = readVectors<LogVectors>("log_small");
const leaves = vectors.entries.map(({ leaf }) => fromHex(leaf));
const verifiers = [parseVkey(vectors.vkey)];
let tree: string;

function signed(size: number) {
  const note = utf8(vectors.checkpoints.find((checkpoint) => checkpoint.size === size)?.note ?? "");
  return { ...parseCheckpoint(parseNote(note).text), note };
}

async function exportTree(out: string, size: number, older?: ReturnType<typeof signed>) {
  const writer = new TreeWriter(out, older);
  for (const leaf of leaves.slice(0, size)) await writer.add(leaf);
  return writer.finish(signed(size));
}

function verify(folder: string) {
  return verifyTiles(openTiles(folder, { timeoutMs: 1000 }), verifiers);
}

before(async () => {
  tree = join(await mkdtemp(join(tmpdir(), "strongroom-tiles-")), "tree");
  await exportTree(tree, 600);
});
after(() => rm(dirname(tree), { recursive: true }));

describe("tiles", () => {
  it("have the roots of the vectors at every size", () => {
    const built = new TileTree();
    for (const leaf of leaves) {
      built.add(hashLeaf(leaf));
      const root = vectors.roots[String(built.size)];
      if (root !== undefined) assert.equal(toHex(built.root()), root);
    }
  });

  it("are written byte for byte as the vectors have them", async () => {
    for (const { path, sha256 } of vectors.tiles) {
      const bytes = await readFile(join(tree, path)).catch(() => undefined);
      // The vectors also list tiles of smaller sizes.
      if (bytes === undefined) continue;
      assert.equal(createHash("sha256").update(bytes).digest("hex"), sha256, path);
    }
  });

  it("verify offline, also where a full tile replaced a partial one", async () => {
    const verified = await verify(tree);
    assert.equal(verified.treeSize, 600n);
    assert.equal(toHex(verified.root), vectors.roots["600"]);
    const smaller = `${tree}-smaller`;
    await cp(tree, smaller, { recursive: true });
    await writeFile(join(smaller, "checkpoint"), signed(255).note);
    assert.equal((await verify(smaller)).treeSize, 255n);
  });

  it("extend an earlier export, and refuse one of another history", async () => {
    const out = `${tree}-grown`;
    await exportTree(out, 256);
    await exportTree(out, 600, signed(256));
    assert.equal((await verify(out)).treeSize, 600n);
    const forged = { ...signed(257), root: signed(256).root };
    await assert.rejects(exportTree(out, 600, forged), { code: "FORK_DETECTED" });
    await assert.rejects(exportTree(out, 256, signed(600)), { code: "ROLLBACK_DETECTED" });
  });

  it("fail for one changed byte anywhere", async () => {
    const paths = [
      "tile/0/000",
      "tile/0/002.p/88",
      "tile/1/000.p/2",
      "tile/entries/001",
      "checkpoint",
    ];
    for (const path of paths) {
      const bytes = await readFile(join(tree, path));
      const at = Math.floor(bytes.length / 2);
      const forged = Buffer.from(bytes);
      forged[at] = (forged[at] ?? 0) ^ 1;
      await writeFile(join(tree, path), forged);
      await assert.rejects(verify(tree), path);
      await writeFile(join(tree, path), bytes);
    }
  });

  it("are verified by `log verify --tiles`, with exit code 5 for a missing one", async () => {
    const args = ["log", "verify", "--tiles", tree, "--log-key", vectors.vkey, "--json"];
    const verified = await runCli(args);
    assert.equal(verified.code, 0, verified.stderr);
    const document = JSON.parse(verified.stdout);
    assert.equal(document.verdict, "verified");
    assert.equal(document.treeSize, "600");
    await rm(join(tree, "tile/entries/001"));
    const failed = await runCli(args);
    assert.equal(failed.code, 5);
    assert.equal(JSON.parse(failed.stdout).error.code, "TILE_MISSING");
    const unnamed = await runCli(["log", "verify", "--tiles", tree, "--json"]);
    assert.equal(unnamed.code, 2);
  });
});
