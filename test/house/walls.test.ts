import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Lints one source file as if it lay at `path` in the repository; returns what Biome says. */
async function lintAt(path: string, imports: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "strongroom-walls-"));
  try {
    const config = JSON.parse(await readFile(join(root, "biome.json"), "utf8"));
    const file = join(folder, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(join(folder, "biome.json"), JSON.stringify({ ...config, vcs: {} }));
    await writeFile(file, `import { one } from "${imports}";\n\nexport const two = one;\n`);
    const biome = join(root, "node_modules/.bin/biome");
    const args = ["lint", "--only=style/noRestrictedImports", "."];
    const run = promisify(execFile)(biome, args, { cwd: folder });
    return await run.then(
      () => "",
      ({ stdout, stderr }: { stdout: string; stderr: string }) => stdout + stderr,
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const SQLITE = "better-sqlite3-multiple-ciphers";
const refused: [path: string, imports: string, because: RegExp][] = [
  ["packages/store/src/read/query.ts", SQLITE, /Only packages\/store\/src\/engine\/sqlite/],
  ["packages/store/src/commit/loop.ts", "@strongroom/client", /a library that others embed/],
  ["packages/store/src/engine/sqlite/open.ts", "@grpc/grpc-js", /The store is a library/],
  ["packages/protocol/src/leaf.ts", "node:fs", /protocol is pure/],
  ["packages/protocol/src/leaf.ts", "@strongroom/store", /a verifier needs no server/],
  ["packages/client/src/connect.ts", "@strongroom/store", /installs without a compiler/],
  ["packages/client/src/connect.ts", "../../store/src/index.ts", /by its name/],
  ["packages/runtime/src/config.ts", "@strongroom/client", /it knows no store/],
  ["packages/cli/src/serve.ts", "@strongroom/storage", /starts services as child processes/],
  ["services/storage/src/server.ts", "@strongroom/client", /stand on its other side/],
  ["services/attestor/src/attest.ts", "@strongroom/store", /Sidecars reach the store only by/],
  ["services/witness/src/witness.ts", "@strongroom/client", /A witness knows no store/],
  ["services/attestor/src/attest.ts", "bullmq", /goes through the job driver/],
  ["packages/runtime/src/jobs/embedded.ts", "ioredis", /goes through the job driver/],
  ["packages/runtime/src/jobs/bullmq-queue.ts", "@strongroom/client", /it knows no store/],
  ["packages/cli/src/service/dev.ts", "@strongroom/attestor", /starts services as child processes/],
];

for (const [path, imports, because] of refused) {
  test(`refuses ${path} that imports ${imports}`, async () => {
    const said = (await lintAt(path, imports)).replace(/\s+/g, " ");
    assert.match(said, because);
  });
}

const allowed: [path: string, imports: string][] = [
  ["packages/store/src/engine/sqlite/open.ts", SQLITE],
  ["packages/protocol/src/crypto/node.ts", "node:crypto"],
  ["packages/protocol/src/attestation/bundle.ts", "node:crypto"],
  ["packages/cli/src/init.ts", "@strongroom/store"],
  ["services/storage/src/server.ts", "@grpc/grpc-js"],
  ["packages/runtime/src/jobs/bullmq-queue.ts", "bullmq"],
];

for (const [path, imports] of allowed) {
  test(`allows ${path} to import ${imports}`, async () => {
    assert.equal(await lintAt(path, imports), "");
  });
}
