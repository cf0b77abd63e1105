// The storage service as a child process. It says on one line of stdout that it is ready; whatever
// it says on stderr goes to a terminal or a log file.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { formatAddress, parseAddress } from "@strongroom/runtime";
import { CliError } from "../errors.ts";

export interface StorageOptions {
  readonly store: string;
  readonly key: string;
  readonly listen: string;
  readonly adminListen: string;
  readonly tilesListen?: string | undefined;
  readonly textSearch?: boolean;
  /** Where stderr goes: to this function line by line, or into an open file. */
  readonly stderr: number | ((line: string) => void);
}

interface Addresses {
  readonly grpc: string;
  readonly admin: string;
  readonly tiles?: string;
}

interface Ready {
  /** Of the process that holds the store; a launcher may stand between. */
  readonly pid: number;
  readonly addresses: Addresses;
}

export interface StorageChild extends Ready {
  /** Settles when the process has ended. */
  readonly ended: Promise<number>;
  /** Asks it to end and waits until it has. */
  stop(): Promise<number>;
}

const LAST_WORDS_MS = 500;

/** Resolves when the service answers; to an exit code if it ended before that. */
export async function startStorage(options: StorageOptions): Promise<StorageChild | number> {
  const script = new URL(
    "../../../../services/storage/bin/strongroom-storage.mjs",
    import.meta.url,
  );
  // A process group of its own: Ctrl-C reaches this process alone, which then ends the child once.
  const child = spawn(process.execPath, [fileURLToPath(script), ...flagsOf(options)], {
    stdio: ["ignore", "pipe", typeof options.stderr === "number" ? options.stderr : "pipe"],
    detached: true,
  });
  if (child.stderr !== null && typeof options.stderr === "function") {
    createInterface({ input: child.stderr }).on("line", options.stderr);
  }
  const ended = endOf(child);
  const ready = await Promise.race([readyLine(child), ended]);
  if (typeof ready === "number") return ready;
  const stop = () => {
    child.kill("SIGTERM");
    return ended;
  };
  return { ...ready, ended, stop };
}

/** The error that the service's last words name, or undefined for any other line. */
export function serviceError(line: string): Error | undefined {
  const [, message, code] = /^strongroom-storage: (.*) \(([A-Z_]+)\)$/.exec(line) ?? [];
  if (message === undefined || code === undefined) return undefined;
  return Object.assign(new CliError("SERVICE_FAILED", message), { code });
}

/** The address itself if nobody listens there, else the same host with any free port. */
export async function freeAddress(address: string): Promise<string> {
  const { host, port } = parseAddress(address);
  const probe = createServer();
  try {
    probe.listen(port, host);
    await once(probe, "listening");
    return address;
  } catch {
    return formatAddress({ host, port: 0 });
  } finally {
    probe.close();
  }
}

function flagsOf(options: StorageOptions): string[] {
  const { tilesListen, textSearch } = options;
  return [
    ...["--store", options.store, "--key", options.key],
    ...["--server-listen", options.listen, "--admin-listen", options.adminListen],
    ...(tilesListen === undefined ? [] : ["--tiles-listen", tilesListen]),
    ...(textSearch ? ["--text-search"] : []),
  ];
}

async function endOf(child: ChildProcess): Promise<number> {
  const closed = once(child, "close");
  const [code] = (await once(child, "exit")) as [number | null];
  // Its last words may still be in the pipe; a process that it left behind may hold that open.
  await Promise.race([closed, sleep(LAST_WORDS_MS, undefined, { ref: false })]);
  return code ?? 1;
}

async function readyLine(child: ChildProcess): Promise<Ready> {
  if (child.stdout === null) throw new Error("the service has no stdout");
  for await (const line of createInterface({ input: child.stdout })) {
    const ready = parseReady(line);
    if (ready !== undefined) {
      child.stdout.resume();
      return ready;
    }
  }
  // Its stdout is closed: its end follows.
  return new Promise(() => {});
}

function parseReady(line: string): Ready | undefined {
  try {
    const { event, pid, addresses } = JSON.parse(line) as Ready & { event?: string };
    return event === "ready" ? { pid, addresses } : undefined;
  } catch {
    return undefined;
  }
}
