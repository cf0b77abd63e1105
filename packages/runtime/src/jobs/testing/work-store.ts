// The tests' hold on the store of work: its process, and a connection to it as a WorkSource.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { DueWork, LeaseAnswer, LeasedWork, WorkSource } from "../job-driver.ts";
import type { Row } from "./work-store-process.ts";

const program = fileURLToPath(new URL("work-store-process.js", import.meta.url));

export class WorkStore {
  readonly #folder = mkdtempSync(join(tmpdir(), "strongroom-work-"));
  #process: ChildProcess | undefined;
  port = 0;

  /** Starts it on the port that it had, if it had one. */
  async start(): Promise<this> {
    const args = [program, join(this.#folder, "rows"), String(this.port)];
    const child = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] });
    this.#process = child;
    const [chunk] = (await once(child.stdout, "data")) as [Buffer];
    this.port = Number(chunk.toString());
    return this;
  }

  async kill(): Promise<void> {
    const child = this.#process;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.kill("SIGKILL");
    await once(child, "exit");
  }

  async remove(): Promise<void> {
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  connect(leaseMs = 5_000): WorkConnection {
    return new WorkConnection(this.port, leaseMs);
  }
}

type Hear = (line: { answer?: { error?: string }; due?: DueWork[] } | Error) => void;

/** One connection, made again by the next call after it broke. */
export class WorkConnection implements WorkSource<{ secret: string }> {
  readonly #port: number;
  readonly #leaseMs: number;
  #socket: Socket | undefined;
  #number = 0;
  readonly #waiting = new Map<number, Hear>();

  constructor(port: number, leaseMs: number) {
    this.#port = port;
    this.#leaseMs = leaseMs;
  }

  async lease(request: {
    limit: number;
    ids?: readonly string[];
  }): Promise<LeaseAnswer<{ secret: string }>> {
    const leaseMs = this.#leaseMs;
    const answer = await this.call<{ leases: Row[]; nextDueInMs?: number }>("lease", {
      ...request,
      leaseMs,
    });
    const leases = answer.leases.map((row) => ({
      ...{ id: row.id, attempt: row.attempts, expiresInMs: leaseMs },
      token: new TextEncoder().encode(row.token),
      payload: { secret: "payload-that-redis-must-not-see" },
    }));
    return { ...answer, leases };
  }

  async *watch(signal: AbortSignal): AsyncGenerator<readonly DueWork[]> {
    const lines: (readonly DueWork[] | Error)[] = [];
    let wake = () => {};
    const n = this.#send("watch", {}, (line) => {
      lines.push(line instanceof Error ? line : (line.due ?? []));
      wake();
    });
    const stop = () => {
      lines.push(new Error("aborted"));
      wake();
    };
    signal.addEventListener("abort", stop, { once: true });
    try {
      for (;;) {
        const line = lines.shift();
        if (line instanceof Error) throw line;
        if (line !== undefined) yield line;
        else
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
      }
    } finally {
      signal.removeEventListener("abort", stop);
      this.#waiting.delete(n);
      this.#socket?.write(`${JSON.stringify({ n, op: "unwatch" })}\n`);
    }
  }

  submit(id: string): Promise<unknown> {
    return this.call("submit", { id });
  }

  /** Throws LEASE_LOST. */
  async complete({ id, token }: LeasedWork<unknown>): Promise<void> {
    await this.call("complete", { id, token: new TextDecoder().decode(token) });
  }

  async fail({ id, token }: LeasedWork<unknown>, inMs: number): Promise<void> {
    await this.call("fail", { id, token: new TextDecoder().decode(token), inMs });
  }

  put(ids: readonly string[], inMs = 0): Promise<unknown> {
    return this.call("put", { ids, inMs });
  }

  stats(): Promise<{ rows: Row[]; leaseCalls: number }> {
    return this.call("stats", {});
  }

  /** Resolves when every row is done; the test's own time limit is the only one. */
  async allDone(): Promise<Row[]> {
    for (;;) {
      const { rows } = await this.stats();
      if (rows.every(({ done }) => done)) return rows;
      await sleep(20);
    }
  }

  close(): void {
    this.#socket?.destroy();
  }

  async call<A>(op: string, request: object): Promise<A> {
    const answer = await new Promise<{ error?: string }>((resolve, reject) => {
      const n = this.#send(op, request, (line) => {
        this.#waiting.delete(n);
        if (line instanceof Error) reject(line);
        else resolve(line.answer ?? {});
      });
    });
    if (answer.error !== undefined) throw new Error(answer.error);
    return answer as A;
  }

  #send(op: string, request: object, hear: Hear): number {
    const n = ++this.#number;
    this.#waiting.set(n, hear);
    this.#socket ??= this.#open();
    this.#socket.write(`${JSON.stringify({ n, op, ...request })}\n`);
    return n;
  }

  #open(): Socket {
    const socket = connect(this.#port, "127.0.0.1");
    socket
      .on("error", () => {})
      .on("close", () => {
        if (this.#socket === socket) this.#socket = undefined;
        for (const hear of [...this.#waiting.values()]) hear(new Error("connection lost"));
        this.#waiting.clear();
      });
    createInterface({ input: socket })
      .on("error", () => {})
      .on("line", (line) => {
        const answer = JSON.parse(line);
        this.#waiting.get(answer.n)?.(answer);
      });
    return socket;
  }
}
