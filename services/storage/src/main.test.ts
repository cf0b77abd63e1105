// The process as it is deployed: started by its launcher, ended by signals.
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { AdminService, Role } from "@strongroom/proto/strongroom/admin/v1/admin_service";
import { FactService } from "@strongroom/proto/strongroom/fact/v1/fact_service";
import { LogService } from "@strongroom/proto/strongroom/log/v1/log_service";
import { parseAddress } from "@strongroom/runtime";
import { RawClient } from "./raw-client.test-kit.ts";
import { makeFact } from "./service.test-kit.ts";

const launcher = fileURLToPath(new URL("../bin/strongroom-storage.mjs", import.meta.url));

interface Process {
  child: ChildProcess;
  /** Address of gRPC, once ready; undefined if it ended before. */
  grpc: string | undefined;
  stderr(): string;
  ended: Promise<number | null>;
}

function makeFolder(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "storage-main-"));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, "key"), Buffer.alloc(32, 5), { mode: 0o600 });
  return folder;
}

async function start(context: TestContext, folder: string, argv: string[]): Promise<Process> {
  const flags = ["--data", folder, "--key", `file://${join(folder, "key")}`];
  const listen = ["--server-listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"];
  const child = spawn(process.execPath, [launcher, ...flags, ...listen, ...argv], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  context.after(() => child.kill("SIGKILL"));
  let stderr = "";
  child.stderr?.on("data", (part) => {
    stderr += part;
  });
  const ended = once(child, "close").then(([code]) => code as number | null);
  const grpc = await Promise.race([readReady(child), ended.then(() => undefined)]);
  return { child, grpc, stderr: () => stderr, ended };
}

async function readReady(child: ChildProcess): Promise<string | undefined> {
  if (!child.stdout) return undefined;
  for await (const line of createInterface({ input: child.stdout })) {
    const message = JSON.parse(line);
    assert.equal(message.event, "ready");
    return message.addresses.grpc;
  }
  return undefined;
}

async function withClient<T>(process_: Process, folder: string, use: (c: RawClient) => Promise<T>) {
  const token = readFileSync(join(folder, "operator.token"), "utf8").trim();
  const client = new RawClient(parseAddress(process_.grpc ?? ""), token);
  try {
    return await use(client);
  } finally {
    client.close();
  }
}

test("makes a store when told to, keeps its token private, ends in order on SIGTERM", async (t) => {
  const folder = makeFolder(t);
  const first = await start(t, folder, ["--create"]);
  assert.ok(first.grpc, first.stderr());
  assert.equal(statSync(join(folder, "operator.token")).mode & 0o777, 0o600);
  const head = await withClient(first, folder, (client) =>
    client.unary(LogService.method.getHead, {}),
  );
  first.child.kill("SIGTERM");
  assert.equal(await first.ended, 0);
  const token = readFileSync(join(folder, "operator.token"), "utf8").trim();
  assert.ok(!first.stderr().includes(token));
  const again = await start(t, folder, []);
  const pinnedNote = head.checkpoint;
  await withClient(again, folder, (client) =>
    client.unary(LogService.method.getHead, { pinnedNote }),
  );
  again.child.kill("SIGINT");
  assert.equal(await again.ended, 0);
});

test("says why it does not start, with the exit code of that", async (t) => {
  const folder = makeFolder(t);
  const cases: [string[], number, RegExp][] = [
    [[], 7, /\(NOT_A_STORE\)/],
    [["--nonsense"], 2, /\(CONFIG_INVALID\)/],
    [["--key", "0123456789abcdef"], 2, /\(CONFIG_INVALID\)/],
    [["--create", "--server-listen", "0.0.0.0:0"], 3, /\(ADDRESS_REFUSED\)/],
  ];
  for (const [argv, code, message] of cases) {
    const refused = await start(t, folder, argv);
    assert.equal(await refused.ended, code, refused.stderr());
    assert.match(refused.stderr(), message);
    assert.doesNotMatch(refused.stderr(), /0123456789abcdef/);
  }
  const running = await start(t, folder, []);
  assert.ok(running.grpc, running.stderr());
  const second = await start(t, folder, []);
  assert.equal(await second.ended, 7);
  assert.match(second.stderr(), /\(STORE_LOCKED\)/);
  running.child.kill("SIGTERM");
  assert.equal(await running.ended, 0);
  writeFileSync(join(folder, "key"), Buffer.alloc(32, 6));
  const wrong = await start(t, folder, []);
  assert.equal(await wrong.ended, 7);
  assert.match(wrong.stderr(), /\(WRONG_KEY\)/);
});

test("a SIGTERM during appends loses nothing that was acknowledged", async (t) => {
  const folder = makeFolder(t);
  const first = await start(t, folder, ["--create"]);
  const acknowledged: Uint8Array[] = [];
  await withClient(first, folder, async (client) => {
    const roles = [Role.OPERATOR, Role.WRITER, Role.READER];
    const principal = { name: "operator", roles, scopes: ["*"] };
    await client.unary(AdminService.method.setPrincipal, { principal });
    const worker = async (): Promise<void> => {
      while (true) {
        const facts = Array.from({ length: 20 }, () => ({ fact: makeFact() }));
        const { results } = await client.unary(FactService.method.appendBatch, { facts });
        acknowledged.push(...results.filter(({ error }) => !error).map(({ cid }) => cid));
      }
    };
    const workers = [worker(), worker(), worker()].map((work) => work.catch(() => {}));
    await new Promise((resolve) => setTimeout(resolve, 300));
    first.child.kill("SIGTERM");
    assert.equal(await first.ended, 0, first.stderr());
    await Promise.all(workers);
  });
  assert.ok(acknowledged.length > 0);
  const again = await start(t, folder, []);
  await withClient(again, folder, async (client) => {
    for (let i = 0; i < acknowledged.length; i += 500) {
      const cids = acknowledged.slice(i, i + 500);
      const { results } = await client.unary(FactService.method.batchGet, { cids });
      assert.ok(results.every(({ result }) => result.case === "fact"));
    }
  });
  again.child.kill("SIGTERM");
  assert.equal(await again.ended, 0);
});
