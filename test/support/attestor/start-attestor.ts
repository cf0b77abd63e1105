// A real attestor in its own process, on free ports of loopback.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { root } from "../root.ts";

export interface Attestor {
  readonly pid: number;
  readonly child: ChildProcess;
  /** host:port of probes and metrics. */
  readonly admin: string;
  readonly attestationKey: {
    readonly id: string;
    readonly publicKey: string;
    readonly isNew: boolean;
  };
  log(): string;
  /** SIGTERM; resolves to the exit code. */
  stop(): Promise<number>;
  /** SIGKILL. */
  kill(): Promise<void>;
  metrics(): Promise<string>;
}

export interface AttestorOptions {
  readonly folder: string;
  readonly server: string;
  readonly token: string;
  readonly targets: readonly object[];
  readonly env?: Readonly<Record<string, string>>;
}

const MAIN = join(root, "services/attestor/dist/main.js");

export function spawnAttestor(options: AttestorOptions): {
  child: ChildProcess;
  log: () => string;
} {
  const child = spawn(process.execPath, [MAIN], {
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      PATH: process.env.PATH,
      TMPDIR: process.env.TMPDIR,
      STRONGROOM_DATA: options.folder,
      STRONGROOM_SERVER: options.server,
      STRONGROOM_TOKEN: options.token,
      STRONGROOM_TARGETS: JSON.stringify(options.targets),
      STRONGROOM_SIGNING_KEY_WRAP: "none://",
      STRONGROOM_ADMIN_LISTEN: "127.0.0.1:0",
      ...options.env,
    },
  });
  let log = "";
  child.stderr.on("data", (chunk) => {
    log += chunk;
  });
  return { child, log: () => log };
}

/** Throws with its last words if it ends before it is ready. */
export async function startAttestor(options: AttestorOptions): Promise<Attestor> {
  const { child, log } = spawnAttestor(options);
  const ended = once(child, "exit").then(([code]) => {
    throw new Error(`the attestor ended with ${code}: ${log()}`);
  });
  ended.catch(() => {});
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
  const [line] = await Promise.race([once(lines, "line"), ended]);
  const ready = JSON.parse(line);
  const { admin } = ready.addresses;
  return {
    ...{ child, pid: ready.pid, admin, attestationKey: ready.attestationKey, log },
    stop: () => end(child, "SIGTERM"),
    kill: async () => void (await end(child, "SIGKILL")),
    metrics: async () => await (await fetch(`http://${admin}/metrics`)).text(),
  };
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<number> {
  if (child.exitCode === null && child.signalCode === null) {
    child.kill(signal);
    await once(child, "exit");
  }
  return child.exitCode ?? -1;
}
