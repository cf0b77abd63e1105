// A real Redis on a free port of loopback, for tests and benches of whole processes.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

export interface RedisProcess {
  readonly url: string;
  readonly child: ChildProcess;
  stop(): Promise<void>;
}

export async function startRedis(folder: string): Promise<RedisProcess> {
  const port = await freePort();
  const place = ["--port", String(port), "--bind", "127.0.0.1", "--dir", folder];
  const child = spawn("redis-server", [...place, "--appendonly", "yes", "--save", ""], {
    stdio: "ignore",
    detached: true,
  });
  const failed = once(child, "exit").then(() => Promise.reject(new Error("redis-server ended")));
  failed.catch(() => {});
  await Promise.race([untilListening(port), failed]);
  return {
    url: `redis://127.0.0.1:${port}`,
    child,
    stop: async () => {
      child.kill("SIGKILL");
      await failed.catch(() => {});
    },
  };
}

async function untilListening(port: number): Promise<void> {
  for (;;) {
    const socket = connect(port, "127.0.0.1");
    const isThere = await once(socket, "connect").then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (isThere) return;
    await sleep(20);
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
