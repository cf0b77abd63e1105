// A service as a child process. It says on one line of stdout that it is ready; whatever it says on
// stderr goes to a terminal or a log file.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { CliError } from "../errors.ts";

export type ServiceName = "storage" | "attestor" | "witness";

export interface ServiceOptions {
  readonly name: ServiceName;
  readonly flags: readonly string[];
  /** Added to our own: secrets and lists, which are no flags. */
  readonly env?: Readonly<Record<string, string>>;
  /** Where stderr goes: to this function line by line, or into an open file. */
  readonly stderr: number | ((line: string) => void);
}

/** What every service says when it is ready; each says more. */
export interface ServiceReady {
  /** Of the process that serves; a launcher may stand between. */
  readonly pid: number;
  readonly addresses: Readonly<Record<string, string>>;
}

export interface RunningService {
  /** Settles when the process has ended. */
  readonly ended: Promise<number>;
  /** Asks it to end and waits until it has. */
  stop(): Promise<number>;
}

export type ServiceChild<R extends ServiceReady = ServiceReady> = R & RunningService;

const LAST_WORDS_MS = 500;

/** Resolves when the service is ready; to an exit code if it ended before that. */
export async function startService<R extends ServiceReady>(
  options: ServiceOptions,
): Promise<ServiceChild<R> | number> {
  const { name, flags, env, stderr } = options;
  const script = new URL(
    `../../../../services/${name}/bin/strongroom-${name}.mjs`,
    import.meta.url,
  );
  // A process group of its own: Ctrl-C reaches this process alone, which then ends the child once.
  const child = spawn(process.execPath, [fileURLToPath(script), ...flags], {
    stdio: ["ignore", "pipe", typeof stderr === "number" ? stderr : "pipe"],
    detached: true,
    env: { ...process.env, ...env },
  });
  if (child.stderr !== null && typeof stderr === "function") {
    createInterface({ input: child.stderr }).on("line", stderr);
  }
  const ended = endOf(child);
  const ready = await Promise.race([readyLine<R>(child), ended]);
  if (typeof ready === "number") return ready;
  const stop = () => {
    child.kill("SIGTERM");
    return ended;
  };
  return { ...ready, ended, stop };
}

/** The error that a service's last words name, or undefined for any other line. */
export function serviceError(line: string): Error | undefined {
  const [, message, code] = /^strongroom-[a-z]+: (.*) \(([A-Z_]+)\)$/.exec(line) ?? [];
  if (message === undefined || code === undefined) return undefined;
  return Object.assign(new CliError("SERVICE_FAILED", message), { code });
}

async function endOf(child: ChildProcess): Promise<number> {
  const closed = once(child, "close");
  const [code] = (await once(child, "exit")) as [number | null];
  // Its last words may still be in the pipe; a process that it left behind may hold that open.
  await Promise.race([closed, sleep(LAST_WORDS_MS, undefined, { ref: false })]);
  return code ?? 1;
}

async function readyLine<R extends ServiceReady>(child: ChildProcess): Promise<R> {
  if (child.stdout === null) throw new Error("the service has no stdout");
  for await (const line of createInterface({ input: child.stdout })) {
    const ready = parseReady<R>(line);
    if (ready !== undefined) {
      child.stdout.resume();
      return ready;
    }
  }
  // Its stdout is closed: its end follows.
  return new Promise(() => {});
}

function parseReady<R>(line: string): R | undefined {
  try {
    const { event, ...ready } = JSON.parse(line) as R & { event?: string };
    return event === "ready" ? (ready as R) : undefined;
  } catch {
    return undefined;
  }
}
