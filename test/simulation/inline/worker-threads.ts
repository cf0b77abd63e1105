// node:worker_threads for a store in one isolate: a "worker" is a module of this isolate behind a
// real message channel, so that calls are cloned, moved and ordered as between real threads.
import { EventEmitter } from "node:events";
import { MessageChannel, type MessagePort, type Transferable } from "node:worker_threads";

export { MessageChannel };
export const parentPort = null;

const ports = new Map<number, MessagePort>();
let threads = 0;

export function portOf(thread: number): MessagePort {
  const port = ports.get(thread);
  if (!port) throw new Error(`thread ${thread} has ended`);
  return port;
}

export function startedThreads(): number {
  return threads;
}

export class Worker extends EventEmitter {
  readonly #thread = ++threads;
  readonly #port: MessagePort;

  constructor(_launcher: URL, options: { workerData: { module: string } }) {
    super();
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    ports.set(this.#thread, port2);
    port1.on("message", (message) => this.emit("message", message));
    const module = `${options.workerData.module}?thread=${this.#thread}`;
    import(module).catch((error) => this.emit("error", error));
  }

  postMessage(message: unknown, transfer: Transferable[] = []): void {
    this.#port.postMessage(message, transfer);
  }

  async terminate(): Promise<number> {
    if (!ports.delete(this.#thread)) return 0;
    this.#port.close();
    this.emit("exit", 0);
    return 0;
  }
}
