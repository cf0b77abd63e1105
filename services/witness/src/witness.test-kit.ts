// A witness in this process on a free port, or as its own process.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { createLogger, formatAddress, loadConfig, Shutdown } from "@strongroom/runtime";
import { settings } from "./settings.ts";
import { startWitness } from "./witness.ts";

const launcher = fileURLToPath(new URL("../bin/strongroom-witness.mjs", import.meta.url));

export interface TestWitness {
  readonly url: string;
  readonly admin: string;
  readonly vkey: string;
  post(body: Uint8Array): Promise<{ status: number; type: string | null; text: string }>;
  stop(): Promise<unknown>;
}

/** A folder with a file of known logs. */
export async function makeFolder(context: TestContext, vkeys: readonly string[]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "witness-"));
  context.after(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, "logs"), vkeys.map((vkey) => `log ${vkey}\n`).join(""));
  return folder;
}

function flagsOf(folder: string, more: readonly string[]): string[] {
  const listen = ["--witness-listen", "127.0.0.1:0", "--witness-admin-listen", "127.0.0.1:0"];
  return ["--witness-folder", folder, "--log-level", "silent", ...listen, ...more];
}

export async function openWitness(
  context: TestContext,
  folder: string,
  more: readonly string[] = [],
): Promise<TestWitness> {
  const config = loadConfig(settings, { argv: flagsOf(folder, more), env: {} });
  const logger = createLogger({ name: "witness", level: "silent" });
  const shutdown = new Shutdown({ logger });
  context.after(() => shutdown.run("test over"));
  const running = await startWitness({ config, logger, shutdown }).catch(async (error: unknown) => {
    await shutdown.run("start failed");
    throw error;
  });
  const url = `http://${formatAddress(running.witness)}`;
  const admin = `http://${formatAddress(running.admin)}`;
  return { url, admin, vkey: running.vkey, post: poster(url), stop: () => shutdown.run("stop") };
}

export interface WitnessProcess {
  /** Undefined if it ended instead. */
  readonly witness?: Omit<TestWitness, "stop">;
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;
  stderr(): string;
}

export async function spawnWitness(
  context: TestContext,
  folder: string,
  more: readonly string[] = [],
): Promise<WitnessProcess> {
  const child = spawn(process.execPath, [launcher, ...flagsOf(folder, more)], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  context.after(() => child.kill("SIGKILL"));
  let stderr = "";
  child.stderr?.on("data", (part) => {
    stderr += part;
  });
  const ended = once(child, "close").then(([code]) => code as number | null);
  const line = await Promise.race([firstLine(child), ended]);
  const process_ = { child, ended, stderr: () => stderr };
  if (typeof line !== "string") return process_;
  const ready = JSON.parse(line);
  const url = `http://${ready.addresses.witness}`;
  const admin = `http://${ready.addresses.admin}`;
  return { ...process_, witness: { url, admin, vkey: ready.vkey, post: poster(url) } };
}

async function firstLine(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error("no stdout");
  for await (const line of createInterface({ input: child.stdout })) return line;
  return new Promise(() => {});
}

function poster(url: string): TestWitness["post"] {
  return async (body) => {
    const response = await fetch(`${url}/add-checkpoint`, { method: "POST", body });
    const type = response.headers.get("content-type");
    return { status: response.status, type, text: await response.text() };
  };
}
