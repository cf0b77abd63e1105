// A real witness as its own process.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
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
