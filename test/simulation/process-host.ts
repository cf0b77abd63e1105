// A store in a process of its own, with its threads, as in production. A kill is a SIGKILL, at
// about the instant that the program asks for: such a program need not give the same log again.
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { StoreErrorCode, WatchEvent, WatchOptions } from "@strongroom/store";
import { loseFiles } from "./folder-image.ts";
import type { Loss } from "./program.ts";
import type { StoreHost, StoreLink, StorePlan } from "./store-host.ts";

export interface ProcessRequest {
  id: number;
  method: string;
  rest: unknown[];
}

export type ProcessAnswer =
  | { id: number; value: unknown }
  | { id: number; error: { code: StoreErrorCode; message: string } }
  | { watch: number; event: WatchEvent };

interface Opened {
  logVkey: string;
  origin: string;
}

const MAIN = fileURLToPath(new URL("./store-process.js", import.meta.url));
/** One crash point more is about so much later. */
const POINT_MS = 0.7;

export class ProcessHost implements StoreHost {
  readonly plan: StorePlan;
  readonly isExact = false;
  readonly hasTornAnchor = false;
  isDead = false;
  #process: StoreProcess | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(plan: StorePlan) {
    this.plan = plan;
  }

  async open(): Promise<StoreLink> {
    const process = new StoreProcess();
    this.#process = process;
    const { folder: path, cipher, key, config } = this.plan;
    try {
      const opened = await process.call("open", [{ path, cipher, key, ...config }]);
      const { logVkey, origin } = opened as Opened;
      return {
        logVkey,
        origin,
        call: (method, ...rest) => process.call(method, rest) as never,
        watch: (options) => process.watch(options),
      };
    } catch (reason) {
      if (!this.isDead) await process.end("SIGKILL");
      throw reason;
    }
  }

  async close(): Promise<void> {
    await this.#process?.call("close", []);
    await this.#process?.end("SIGTERM");
    this.#process = undefined;
  }

  kill(after: number): void {
    this.#timer = setTimeout(() => this.#die(), after * POINT_MS);
  }

  async bury(): Promise<void> {
    clearTimeout(this.#timer);
    this.#die();
    await this.#process?.end("SIGKILL");
    this.#process = undefined;
    this.isDead = false;
  }

  lose(what: Loss): void {
    loseFiles(this.plan.folder, what);
  }

  async end(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#process?.end("SIGKILL");
  }

  #die(): void {
    this.isDead = true;
    void this.#process?.end("SIGKILL");
  }
}

class StoreProcess {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, { resolve(v: unknown): void; reject(e: unknown): void }>();
  readonly #watches = new Map<number, (event: WatchEvent) => void>();
  readonly #exited: Promise<unknown>;
  #nextId = 1;

  constructor() {
    this.#child = fork(MAIN, { serialization: "advanced", execArgv: [] });
    this.#exited = once(this.#child, "exit");
    this.#child.on("message", (answer: ProcessAnswer) => this.#receive(answer));
    this.#child.once("exit", () => {
      for (const { reject } of this.#waiting.values()) reject(gone());
      this.#waiting.clear();
    });
  }

  call(method: string, rest: unknown[]): Promise<unknown> {
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      const request: ProcessRequest = { id, method, rest };
      if (this.#child.connected) this.#child.send(request, () => undefined);
      else reject(gone());
    });
  }

  async *watch(options: WatchOptions): AsyncGenerator<WatchEvent, void, undefined> {
    const { signal, ...rest } = options;
    const id = this.#nextId;
    const events: WatchEvent[] = [];
    let wake = (): void => undefined;
    let end: { reason?: unknown } | undefined;
    this.#watches.set(id, (event) => {
      events.push(event);
      wake();
    });
    const stop = (): void => void this.call("abort", [id]).catch(() => undefined);
    signal?.addEventListener("abort", stop);
    this.call("watch", [id, rest]).then(
      () => {
        end = {};
        wake();
      },
      (reason) => {
        end = { reason };
        wake();
      },
    );
    for (;;) {
      yield* events.splice(0);
      if (end?.reason) throw end.reason;
      if (end) return;
      await new Promise<void>((resolve) => {
        wake = resolve;
        if (end || events.length > 0) resolve();
      });
    }
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.#child.kill(signal);
    await this.#exited;
  }

  #receive(answer: ProcessAnswer): void {
    if ("watch" in answer) {
      this.#watches.get(answer.watch)?.(answer.event);
      return;
    }
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if ("error" in answer)
      waiting?.reject(new ProcessError(answer.error.code, answer.error.message));
    else waiting?.resolve(answer.value);
  }
}

/** A StoreError from the other process; nothing here may load the store itself. */
class ProcessError extends Error {
  readonly code: StoreErrorCode;

  constructor(code: StoreErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

function gone(): ProcessError {
  return new ProcessError("STORE_CLOSED", "the process of the store is gone");
}
