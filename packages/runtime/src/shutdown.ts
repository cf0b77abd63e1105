// One orderly way out: steps run in the reverse order of their registration (last opened, first
// closed), each with its own deadline; a second signal forces the process to end.
import type { Logger } from "./logger.ts";

export interface ShutdownOptions {
  logger: Logger;
  /** For all steps together, ms. Default 30,000. */
  deadlineMs?: number;
  /** Ends the process; tests replace it. */
  exit?: (code: number) => void;
}

interface Step {
  name: string;
  timeoutMs: number;
  close: () => Promise<void> | void;
}

const exitForced = 1;
const sameSignalMs = 500;

export class Shutdown {
  readonly #steps: Step[] = [];
  readonly #logger: Logger;
  readonly #deadlineMs: number;
  readonly #exit: (code: number) => void;
  #running: Promise<number> | undefined;
  #signalledAtMs = 0;

  constructor(options: ShutdownOptions) {
    this.#logger = options.logger;
    this.#deadlineMs = options.deadlineMs ?? 30_000;
    this.#exit = options.exit ?? ((code) => process.exit(code));
  }

  get started(): boolean {
    return this.#running !== undefined;
  }

  /** Adds what has to be undone. A step that passes its deadline is given up, not waited for. */
  step(name: string, close: () => Promise<void> | void, timeoutMs = 10_000): void {
    this.#steps.push({ name, close, timeoutMs });
  }

  /** SIGTERM and SIGINT begin; a second one ends the process at once. */
  onSignals(): void {
    for (const signal of ["SIGTERM", "SIGINT"] as const) {
      process.on(signal, () => this.#onSignal(signal));
    }
  }

  /** Runs every step once, also if called again. Resolves to the exit code: 0, or 1 if any failed. */
  run(reason: string): Promise<number> {
    this.#running ??= this.#runSteps(reason);
    return this.#running;
  }

  #onSignal(signal: string): void {
    // A terminal signals the whole group and a launcher forwards what it gets: the same one twice.
    if (Date.now() - this.#signalledAtMs < sameSignalMs) return;
    this.#signalledAtMs = Date.now();
    if (this.started) {
      this.#logger.warn({ signal }, "second signal: end at once");
      this.#exit(exitForced);
      return;
    }
    void this.run(signal).then((code) => this.#exit(code));
  }

  async #runSteps(reason: string): Promise<number> {
    this.#logger.info({ reason }, "shut down");
    const endMs = Date.now() + this.#deadlineMs;
    let code = 0;
    for (const step of this.#steps.reverse()) {
      const timeoutMs = Math.max(1, Math.min(step.timeoutMs, endMs - Date.now()));
      try {
        await withDeadline(step, timeoutMs);
      } catch (error) {
        code = exitForced;
        this.#logger.error({ step: step.name, err: error }, "shutdown step failed");
      }
    }
    return code;
  }
}

async function withDeadline(step: Step, timeoutMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    const message = `close ${step.name}: not done within ${timeoutMs} ms`;
    timer = setTimeout(() => reject(new Error(message)), timeoutMs);
  });
  try {
    await Promise.race([Promise.resolve(step.close()), late]);
  } finally {
    clearTimeout(timer);
  }
}
