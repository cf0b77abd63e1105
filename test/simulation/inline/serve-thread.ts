// What a thread of the one-isolate store does with its port: the same as channel.ts of the store.
import type { Transferable } from "node:worker_threads";
import { portOf } from "./worker-threads.ts";

interface Request {
  id: number;
  method: string;
  argument: unknown;
}

interface Parts {
  Transfer: new (value: unknown, list: Transferable[]) => { value: unknown; list: Transferable[] };
  toWire(error: unknown): unknown;
}

type Methods = Record<string, (argument: unknown) => unknown>;

export function server(thread: number, parts: Parts): (methods: Methods) => void {
  return (methods) => {
    portOf(thread).on("message", (request: Request) => {
      void answer(thread, request, { methods, parts });
    });
  };
}

export function emitter(thread: number) {
  return (event: string, value: unknown, transfer: Transferable[] = []): void => {
    portOf(thread).postMessage({ event, value }, transfer);
  };
}

async function answer(
  thread: number,
  request: Request,
  { methods, parts }: { methods: Methods; parts: Parts },
): Promise<void> {
  const port = portOf(thread);
  const { id, method, argument } = request;
  try {
    const result = await methods[method]?.(argument);
    if (result instanceof parts.Transfer) {
      port.postMessage({ id, result: result.value }, result.list);
    } else {
      port.postMessage({ id, result });
    }
  } catch (reason) {
    port.postMessage({ id, error: wireError(reason, parts) });
  }
}

function wireError(reason: unknown, parts: Parts): unknown {
  const { name, message, code } = reason as Error & { code?: string };
  if (name === "StoreError") return parts.toWire(reason);
  const isCoded = name === "MalformedError" || name === "VerificationError";
  return { code: isCoded ? code : "INTERNAL", message, metadata: {}, evidence: [] };
}
