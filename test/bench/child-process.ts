// The bench's other processes: each answers a line with a line, and ends when its input does.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { extname } from "node:path";
import { createInterface, type Interface } from "node:readline";
import { fileURLToPath } from "node:url";
import { type Service, type ServiceOptions, startService } from "../support/service.ts";

const running = new Set<number>();

/** Ends at once whatever this bench started and is still there. */
export function killAll(): void {
  for (const pid of running) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It has just ended.
    }
  }
}

/** Ends it with the rest when the bench is interrupted. */
export function trackProcess(child: ChildProcess): void {
  const { pid } = child;
  if (pid === undefined) return;
  running.add(pid);
  child.once("exit", () => running.delete(pid));
}

/** A script of `processes/`. */
export class Child {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #reader: Interface;

  constructor(script: string, args: string[]) {
    const file = script + extname(import.meta.url);
    const path = fileURLToPath(new URL(`processes/${file}`, import.meta.url));
    this.#child = spawn(process.execPath, [...process.execArgv, path, ...args], {
      stdio: ["pipe", "pipe", "inherit"],
      // In a group of its own: Ctrl-C is for the bench, which ends it.
      detached: true,
    });
    const { stdout, stdin } = this.#child;
    if (!stdout) throw new Error(`${script} did not start`);
    trackProcess(this.#child);
    // A child that ends early is noticed by the missing line.
    stdin?.on("error", () => undefined);
    this.#reader = createInterface({ input: stdout });
    this.#lines = this.#reader[Symbol.asyncIterator]();
  }

  async next(): Promise<string> {
    const line = await this.#lines.next();
    if (line.done) throw new Error("a process of the bench ended early");
    return line.value;
  }

  ask(line: string): Promise<string> {
    this.#child.stdin?.write(`${line}\n`);
    return this.next();
  }

  async end(): Promise<void> {
    this.#reader.close();
    this.#child.stdin?.end();
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      await once(this.#child, "exit");
    }
  }
}

/** The storage service; profiled where the bench is. */
export async function startBenchService(
  folder: string,
  settings: ServiceOptions["settings"] = {},
): Promise<Service> {
  const nodeOptions = process.execArgv.filter((flag) => flag.startsWith("--cpu-prof"));
  const service = await startService(folder, { cipher: "aegis256", nodeOptions, settings });
  running.add(service.pid);
  return {
    ...service,
    stop: async () => {
      const code = await service.stop();
      running.delete(service.pid);
      return code;
    },
  };
}
