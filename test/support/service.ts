// A real storage service in its own process, on free ports of loopback.
import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { connect } from "@strongroom/client";
import { root } from "./root.ts";
import { type Cipher, testCipher } from "./test-store.ts";

export interface ServiceOptions {
  cipher?: Cipher;
  /** Further settings by name, e.g. `{ "text-search": "true" }`. */
  settings?: Readonly<Record<string, string>>;
  /** Told the process as soon as there is one, before it is ready. */
  onSpawned?(child: ChildProcess): void;
  /** Program and arguments that the service is started under, e.g. a tracer. */
  under?: readonly string[];
  /** Flags of node itself. */
  nodeOptions?: readonly string[];
}

export interface Service {
  /** host:port of gRPC. */
  address: string;
  /** host:port of probes and metrics. */
  admin: string;
  tiles?: string;
  /** Of a principal with every role on every scope. */
  token: string;
  operatorToken: string;
  pid: number;
  storePath: string;
  /** What checkStore takes. */
  rawKey?: Uint8Array;
  /** What the process wrote to stderr so far. */
  log(): string;
  /** SIGTERM; resolves to the exit code. */
  stop(): Promise<number>;
  /** SIGKILL. */
  kill(): Promise<void>;
}

export class StartFailed extends Error {
  readonly exitCode: number;
  readonly log: string;

  constructor(exitCode: number, log: string) {
    super(`the service ended with code ${exitCode}: ${log}`);
    this.exitCode = exitCode;
    this.log = log;
  }
}

// As built, and without the launcher: a signal must reach the process that has the store.
const MAIN = join(root, "services/storage/dist/main.js");
const PRINCIPAL = "application";

/** Starts the service on `folder`, creating a store there the first time. */
export async function startService(folder: string, options: ServiceOptions = {}): Promise<Service> {
  mkdirSync(folder, { recursive: true });
  const { cipher = testCipher } = options;
  const rawKey = cipher === "none" ? undefined : keyIn(folder);
  const tokenFile = join(folder, "operator.token");
  const settings: Record<string, string> = {
    data: folder,
    key: cipher === "none" ? "none://" : `file://${join(folder, "key")}`,
    create: existsSync(tokenFile) ? "false" : "true",
    cipher,
    "server.listen": "127.0.0.1:0",
    "admin.listen": "127.0.0.1:0",
    ...options.settings,
  };
  const [program = process.execPath, ...args] = [
    ...(options.under ?? []),
    process.execPath,
    ...(options.nodeOptions ?? []),
    MAIN,
  ];
  const child = spawn(program, args, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: process.env.PATH, TMPDIR: process.env.TMPDIR, ...variables(settings) },
  });
  options.onSpawned?.(child);
  const log = collect(child);
  const ready = await readyLine(child, log);
  const operatorToken = readFileSync(tokenFile, "utf8").trim();
  const { grpc, admin, tiles } = ready.addresses;
  return {
    address: grpc,
    admin,
    ...(tiles !== undefined && { tiles }),
    token: await applicationToken(folder, grpc, operatorToken),
    operatorToken,
    pid: ready.pid,
    storePath: join(folder, "store"),
    ...(rawKey !== undefined && { rawKey }),
    log,
    stop: () => end(child, "SIGTERM"),
    kill: async () => {
      await end(child, "SIGKILL");
    },
  };
}

function variables(settings: Readonly<Record<string, string>>): Record<string, string> {
  const named = Object.entries(settings).map(([name, value]) => [
    `STRONGROOM_${name.replaceAll(/[.-]/g, "_").toUpperCase()}`,
    value,
  ]);
  return Object.fromEntries(named);
}

function keyIn(folder: string): Uint8Array {
  const path = join(folder, "key");
  if (!existsSync(path)) writeFileSync(path, randomBytes(32), { mode: 0o600 });
  return new Uint8Array(readFileSync(path));
}

async function applicationToken(
  folder: string,
  address: string,
  operatorToken: string,
): Promise<string> {
  const path = join(folder, "application.token");
  if (existsSync(path)) return readFileSync(path, "utf8");
  const client = await connect({ address, token: operatorToken });
  const roles = ["writer", "reader", "auditor", "operator"] as const;
  await client.admin.setPrincipal({ name: PRINCIPAL, roles, scopes: ["*"] });
  const { secret } = await client.admin.createToken({ principal: PRINCIPAL });
  await client.close();
  writeFileSync(path, secret, { mode: 0o600 });
  return secret;
}

interface ReadyLine {
  pid: number;
  addresses: { grpc: string; admin: string; tiles?: string };
}

async function readyLine(child: ChildProcess, log: () => string): Promise<ReadyLine> {
  let line = "";
  const found = new Promise<ReadyLine>((resolve, reject) => {
    child.stdout?.on("data", (chunk) => {
      line += chunk;
      if (line.includes("\n")) resolve(JSON.parse(line.slice(0, line.indexOf("\n"))));
    });
    child.once("close", (code) => reject(new StartFailed(code ?? -1, log())));
  });
  return await found;
}

function collect(child: ChildProcess): () => string {
  let log = "";
  child.stderr?.on("data", (chunk) => {
    log += chunk;
  });
  return () => log;
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<number> {
  if (child.exitCode === null && child.signalCode === null) {
    child.kill(signal);
    await once(child, "exit");
  }
  return child.exitCode ?? -1;
}
