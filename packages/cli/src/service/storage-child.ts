// The storage service as a child process. It says on one line of stdout that it is ready; whatever
// it says on stderr goes to a terminal or a log file.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

export interface StorageOptions {
  readonly store: string;
  readonly key: string;
  readonly listen: string;
  readonly adminListen: string;
  readonly tilesListen?: string | undefined;
  readonly textSearch?: boolean;
  /** Where stderr goes: the terminal, or an open file. */
  readonly stderr: "inherit" | number;
}

export interface Addresses {
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

/** Resolves when the service answers; to an exit code if it ended before that. */
export async function startStorage(options: StorageOptions): Promise<StorageChild | number> {
  const script = new URL(
    "../../../../services/storage/bin/strongroom-storage.mjs",
    import.meta.url,
  );
  // A process group of its own: Ctrl-C reaches this process alone, which then ends the child once.
  const child = spawn(process.execPath, [fileURLToPath(script), ...flagsOf(options)], {
    stdio: ["ignore", "pipe", options.stderr],
    detached: true,
  });
  const ended = endOf(child);
  const ready = await Promise.race([readyLine(child), ended]);
  if (typeof ready === "number") return ready;
  const stop = () => {
    child.kill("SIGTERM");
    return ended;
  };
  return { ...ready, ended, stop };
}

/** The address itself if nobody listens there, else the same host with any free port. */
export async function freeAddress(address: string): Promise<string> {
  const at = address.lastIndexOf(":");
  const host = address.slice(0, at);
  const probe = createServer();
  try {
    probe.listen(Number(address.slice(at + 1)), host.replace(/^\[|\]$/g, ""));
    await once(probe, "listening");
    return address;
  } catch {
    return `${host}:0`;
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
  const [code] = (await once(child, "exit")) as [number | null];
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
