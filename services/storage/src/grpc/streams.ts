// Flow control both ways: a caller that does not read its answers is neither written to nor, on a
// stream both ways, read from, and what is buffered for it stays small.
import type { Metadata, ServerDuplexStream, ServerWritableStream } from "@grpc/grpc-js";

/** What grpc-js takes as an error. */
export interface StatusReport extends Error {
  code: number;
  details: string;
  metadata: Metadata;
}

type ResponseStream =
  | ServerWritableStream<Buffer, Uint8Array>
  | ServerDuplexStream<Buffer, Uint8Array>;

/** Writes everything, at the pace of the reader. Throws the signal's reason once it aborts. */
export async function writeResponses(
  call: ResponseStream,
  responses: () => AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): Promise<void> {
  const iterator = responses()[Symbol.asyncIterator]();
  try {
    while (true) {
      const next = await orAborted(iterator.next(), signal);
      if (next.done) return;
      if (!call.write(next.value)) await orAborted(drained(call), signal);
    }
  } finally {
    // Not awaited: a handler that waits for its next event only ends once it comes.
    iterator.return?.().catch(() => {});
  }
}

/**
 * One message ahead at most: grpc-js would take sixteen, of up to 6 MiB each. Not the stream's own
 * iterator: that one destroys the stream when it errs, and with it the status that has to be sent.
 */
export async function* readRequests(
  call: ServerDuplexStream<Buffer, Uint8Array>,
): AsyncGenerator<Buffer> {
  const { _readableState: state } = call as unknown as {
    _readableState: { highWaterMark: number };
  };
  state.highWaterMark = 1;
  while (true) {
    const message: Buffer | null = call.read();
    if (message !== null) yield message;
    else if (call.readableEnded || call.destroyed) return;
    else await readableOrOver(call);
  }
}

function readableOrOver(call: ServerDuplexStream<Buffer, Uint8Array>): Promise<void> {
  const events = ["readable", "end", "close"];
  return new Promise((resolve) => {
    const onEvent = (): void => {
      for (const event of events) call.off(event, onEvent);
      resolve();
    };
    for (const event of events) call.on(event, onEvent);
  });
}

/** Listens on the signal only while it waits: one promise for all waits would keep them all. */
export function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason);
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}

function drained(call: ResponseStream): Promise<void> {
  return new Promise((resolve) => {
    call.once("drain", resolve);
  });
}
