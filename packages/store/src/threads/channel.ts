// Calls between the main thread and the store's threads: a request carries a method name and one
// argument, an answer its result or a StoreError. Arguments are structured clones; buffers may be
// transferred.
import { parentPort, type Transferable, type Worker } from "node:worker_threads";
import { StoreError, type StoreErrorCode, toStoreError } from "../errors.ts";

interface Request {
  id: number;
  method: string;
  argument: unknown;
}

/** A StoreError as plain data. */
export interface WireError {
  code: StoreErrorCode;
  message: string;
  metadata: Record<string, string>;
  evidence: Uint8Array[];
}

type Message =
  | { id: number; result: unknown }
  | { id: number; error: WireError }
  | { event: string; value: unknown };

/** Methods that a thread serves. */
export type ThreadMethods = Record<string, (argument: never) => unknown>;

/** Wraps a result whose buffers shall be moved, not copied. */
export class Transfer<T> {
  readonly value: T;
  readonly list: Transferable[];
  constructor(value: T, list: Transferable[]) {
    this.value = value;
    this.list = list;
  }
}

/** Serves methods in a thread; each may be asynchronous. */
export function serveThread(methods: ThreadMethods): void {
  const port = requirePort();
  port.on("message", (request: Request) => {
    void answer(request, methods[request.method]);
  });
}

async function answer(request: Request, method: ThreadMethods[string] | undefined): Promise<void> {
  const port = requirePort();
  try {
    if (!method) throw new Error(`no thread method ${request.method}`);
    const result = await method(request.argument as never);
    if (result instanceof Transfer) {
      port.postMessage({ id: request.id, result: result.value }, result.list);
    } else {
      port.postMessage({ id: request.id, result });
    }
  } catch (reason) {
    port.postMessage({ id: request.id, error: toWire(toStoreError(reason)) });
  }
}

/** Sends an event from a thread to its owner. */
export function emitEvent(event: string, value: unknown, transfer: Transferable[] = []): void {
  requirePort().postMessage({ event, value }, transfer);
}

function requirePort(): NonNullable<typeof parentPort> {
  if (!parentPort) throw new Error("not in a thread");
  return parentPort;
}

/** Turns an error into plain data for another thread. */
export function toWire(error: StoreError): WireError {
  return {
    code: error.code,
    message: error.message,
    metadata: { ...error.metadata },
    evidence: [...error.evidence],
  };
}

/** The reverse of toWire(). */
export function fromWire(error: WireError): StoreError {
  return new StoreError(error.code, error.message, {
    metadata: error.metadata,
    evidence: error.evidence,
  });
}

/** The owner's end of a thread. */
export class ThreadClient<M extends ThreadMethods> {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, { resolve(v: unknown): void; reject(e: unknown): void }>();
  readonly #listeners = new Map<string, ((value: never) => void)[]>();
  #nextId = 1;
  #ended: StoreError | undefined;

  constructor(worker: Worker) {
    this.#worker = worker;
    worker.on("message", (message: Message) => this.#receive(message));
    worker.on("error", (error) => this.#end(toStoreError(error)));
    worker.on("exit", () => this.#end(new StoreError("STORE_CLOSED", "store thread has ended")));
  }

  /** Calls a method; rejects with the thread's StoreError. */
  call<K extends keyof M & string>(
    method: K,
    argument: Parameters<M[K]>[0],
    transfer: Transferable[] = [],
  ): Promise<UntransferredResult<M[K]>> {
    if (this.#ended) return Promise.reject(this.#ended);
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve: resolve as (v: unknown) => void, reject });
      this.#worker.postMessage({ id, method, argument }, transfer);
    });
  }

  /** Number of calls without an answer. */
  get pending(): number {
    return this.#waiting.size;
  }

  on<T>(event: string, listener: (value: T) => void): void {
    const list = this.#listeners.get(event) ?? [];
    list.push(listener as (value: never) => void);
    this.#listeners.set(event, list);
  }

  async terminate(): Promise<void> {
    await this.#worker.terminate();
  }

  #receive(message: Message): void {
    if ("event" in message) {
      for (const listener of this.#listeners.get(message.event) ?? []) {
        listener(message.value as never);
      }
      return;
    }
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if ("error" in message) waiting?.reject(fromWire(message.error));
    else waiting?.resolve(message.result);
  }

  #end(error: StoreError): void {
    this.#ended ??= error;
    for (const waiting of this.#waiting.values()) waiting.reject(this.#ended);
    this.#waiting.clear();
    for (const listener of this.#listeners.get("ended") ?? []) listener(error as never);
  }
}

type UntransferredResult<F extends (argument: never) => unknown> =
  Awaited<ReturnType<F>> extends Transfer<infer T> ? T : Awaited<ReturnType<F>>;
