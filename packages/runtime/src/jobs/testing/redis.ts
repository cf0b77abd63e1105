// A real Redis of the test's own, on a free port, that can be killed and started again.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

export class RedisServer {
  readonly #folder = mkdtempSync(join(tmpdir(), "strongroom-redis-"));
  #process: ChildProcess | undefined;
  port = 0;

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** With its append-only file, so that a restart finds what was there. */
  async start(...args: string[]): Promise<this> {
    if (this.port === 0) this.port = await freePort();
    const place = ["--port", String(this.port), "--bind", "127.0.0.1", "--dir", this.#folder];
    const durable = ["--appendonly", "yes", "--appendfsync", "always", "--save", ""];
    const child = spawn("redis-server", [...place, ...durable, ...args], { stdio: "ignore" });
    this.#process = child;
    const failed = once(child, "exit").then(() => Promise.reject(new Error("redis-server ended")));
    failed.catch(() => {});
    await Promise.race([this.#answers(), failed]);
    return this;
  }

  /** Only chooses the port: nobody listens there yet. */
  async choosePort(): Promise<this> {
    this.port = await freePort();
    return this;
  }

  async kill(): Promise<void> {
    const child = this.#process;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.kill("SIGKILL");
    await once(child, "exit");
  }

  /** What it kept on disk is gone. */
  forget(): void {
    rmSync(join(this.#folder, "appendonlydir"), { recursive: true, force: true });
  }

  async remove(): Promise<void> {
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** One command as redis-cli would send it; returns the raw answer. */
  async command(...words: string[]): Promise<string> {
    const socket = connect(this.port, "127.0.0.1");
    const bulk = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join("");
    socket.end(`*${words.length}\r\n${bulk}`);
    let answer = "";
    for await (const chunk of socket) answer += chunk;
    return answer;
  }

  async #answers(): Promise<void> {
    for (;;) {
      const answer = await this.command("PING").catch(() => "");
      if (answer.startsWith("+PONG")) return;
      await sleep(20);
    }
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}
