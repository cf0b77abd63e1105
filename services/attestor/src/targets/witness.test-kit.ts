// A real witness as its own process, and one over a real socket that answers what a test tells it.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { logVkey } from "./target.test-kit.ts";

const launcher = fileURLToPath(
  new URL("../../../witness/bin/strongroom-witness.mjs", import.meta.url),
);

export interface RealWitness {
  readonly url: string;
  readonly vkey: string;
  readonly folder: string;
  readonly child: ChildProcess;
}

export async function startRealWitness(
  context: TestContext,
  options: { logs?: string; folder?: string; listen?: string } = {},
): Promise<RealWitness> {
  const { logs = `log ${logVkey}\n`, listen = "127.0.0.1:0" } = options;
  const folder = options.folder ?? (await mkdtemp(join(tmpdir(), "attestor-witness-")));
  context.after(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, "logs"), logs);
  const addresses = ["--witness-listen", listen, "--witness-admin-listen", "127.0.0.1:0"];
  const flags = ["--witness-folder", folder, "--log-level", "silent", ...addresses];
  const child = spawn(process.execPath, [launcher, ...flags], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  context.after(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill("SIGKILL");
    await once(child, "exit");
  });
  const [line] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
  const ready = JSON.parse(line);
  return { url: `http://${ready.addresses.witness}`, vkey: ready.vkey, folder, child };
}

export async function startToldServer(
  context: TestContext,
  answer: (request: IncomingMessage, response: ServerResponse, body: string) => void,
): Promise<string> {
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    answer(request, response, Buffer.concat(parts).toString("utf8"));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
