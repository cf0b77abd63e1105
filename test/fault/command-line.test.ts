import assert from "node:assert/strict";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { ed25519, ed25519Verifier, formatVkey } from "@strongroom/protocol";
import { type Ran, type Running, runCli, startCli } from "../support/run-cli.ts";
import { startService } from "../support/service.ts";
import { temporaryFolder } from "../support/test-store.ts";

function fails(ran: Ran, errorCode: string, exitCode: number): void {
  assert.equal(ran.errorCode, errorCode, ran.stderr + ran.stdout);
  assert.equal(ran.exitCode, exitCode);
}

/** `strongroom dev` on a data folder, ready. */
async function startDev(t: TestContext, data: string): Promise<Running> {
  const dev = startCli(["dev"], { STRONGROOM_DATA: data });
  t.after(() => stopDev(dev));
  const run = join(data, "run.json");
  let isOver = false;
  void dev.ended.then(() => {
    isOver = true;
  });
  while (!existsSync(run)) {
    if (isOver) throw new Error((await dev.ended).stderr);
    await sleep(20);
  }
  return dev;
}

async function stopDev(dev: Running): Promise<Ran> {
  try {
    process.kill(dev.pid, "SIGTERM");
  } catch {
    // It has ended.
  }
  return dev.ended;
}

function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").map(Number);
}

test("a data folder without its key or token, or in use, is refused by dev", async (t) => {
  const data = temporaryFolder(t);
  const first = await startDev(t, data);
  fails(await runCli(["dev"], { STRONGROOM_DATA: data }), "ALREADY_RUNNING", 3);
  assert.equal((await stopDev(first)).exitCode, 0);
  for (const [name, errorCode, exitCode] of [
    ["dev.key", "KEY_MISSING", 7],
    ["dev.token", "NO_TOKEN", 3],
  ] as const) {
    renameSync(join(data, name), join(data, `${name}.away`));
    fails(await runCli(["dev"], { STRONGROOM_DATA: data }), errorCode, exitCode);
    renameSync(join(data, `${name}.away`), join(data, name));
  }
});

test("dev ends with SERVICE_FAILED when its service is killed", async (t) => {
  const data = temporaryFolder(t);
  const dev = await startDev(t, data);
  assert.equal((await runCli(["status"], { STRONGROOM_DATA: data })).exitCode, 0);
  for (const child of childrenOf(dev.pid)) process.kill(child, "SIGKILL");
  const ran = await dev.ended;
  assert.match(ran.stderr, /SERVICE_FAILED/);
  assert.equal(ran.exitCode, 1);
});

test("an import says which lines it refused, and the rest is in", async (t) => {
  const folder = temporaryFolder(t);
  const service = await startService(join(folder, "service"));
  t.after(() => service.stop());
  const env = { STRONGROOM_SERVER: service.address, STRONGROOM_TOKEN: service.token };
  const file = join(folder, "facts.jsonl");
  const good = { scope: "a", entity: "e", relation: "r", string: "v" };
  const lines = [good, { ...good, scope: "NOT A SCOPE" }, { ...good, entity: "f" }];
  writeFileSync(file, lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
  const ran = await runCli(["fact", "import", file], { ...env, STRONGROOM_DATA: folder });
  fails(ran, "LINES_REFUSED", 3);

  const query = await runCli(["fact", "query", "--scope", "a"], {
    ...env,
    STRONGROOM_DATA: folder,
  });
  assert.equal(query.stdout.trimEnd().split("\n").length, 2);

  const out = join(folder, "export.jsonl");
  writeFileSync(out, "mine\n");
  const args = ["fact", "export", "--plaintext", "--out", out];
  fails(await runCli(args, { ...env, STRONGROOM_DATA: folder }), "FILE_EXISTS", 2);
  assert.equal(readFileSync(out, "utf8"), "mine\n");
});

test("exporting a key or promoting a store needs a yes", async (t) => {
  const folder = temporaryFolder(t);
  const store = join(folder, "store");
  mkdirSync(store);
  const key = join(folder, "key");
  writeFileSync(key, Buffer.alloc(32, 9));
  const where = ["--store", store, "--key", `file://${key}`];
  const exported = await runCli(["key", "export-file-key", "journal", ...where]);
  fails(exported, "CONFIRMATION_REQUIRED", 3);
  const promoted = await runCli(["store", "promote", "--reason", "moved", ...where]);
  fails(promoted, "CONFIRMATION_REQUIRED", 3);
  assert.deepEqual(readdirSync(store), []);
});

test("tiles that cannot be fetched are TREE_UNAVAILABLE", async (t) => {
  const server = createServer((_, response) => response.writeHead(503).end());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => new Promise((resolve) => server.close(resolve)));
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  const folder = temporaryFolder(t);
  const vkey = join(folder, "log.vkey");
  const publicKey = ed25519.publicKey(new Uint8Array(32));
  writeFileSync(vkey, `${formatVkey(ed25519Verifier("example.org/log", publicKey))}\n`);
  const tiles = `http://127.0.0.1:${address.port}`;
  const ran = await runCli(["log", "verify", "--tiles", tiles, "--log-key", vkey]);
  fails(ran, "TREE_UNAVAILABLE", 6);
});

test("a receipt that cannot be read is FILE_UNREADABLE", async (t) => {
  const folder = temporaryFolder(t);
  const ran = await runCli(["receipt", "verify", folder, "--log-key", folder]);
  fails(ran, "FILE_UNREADABLE", 2);
});

test("doctor fails its checks where no server answers", async (t) => {
  const env = { STRONGROOM_DATA: temporaryFolder(t), STRONGROOM_SERVER: "127.0.0.1:1" };
  fails(await runCli(["doctor", "--timeout", "1"], env), "CHECKS_FAILED", 3);
});
