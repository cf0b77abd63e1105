// Batches as they come, several in flight so that the store can commit them together, answers in
// the order of the requests. Nothing more is read while the window is full of unread answers.
import type { AppendStreamRequest } from "@strongroom/proto/strongroom/fact/v1/fact_service";
import type { Call } from "../grpc/adapter.ts";
import { orAborted } from "../grpc/streams.ts";
import { type AppendTarget, appendAll } from "./append.ts";

const batchesInFlightMax = 4;

type Answer = Awaited<ReturnType<typeof appendAll>> & { requestId: string };

export async function* appendStream(
  target: AppendTarget,
  requests: AsyncIterable<AppendStreamRequest>,
  call: Call,
): AsyncGenerator<Answer> {
  const source = requests[Symbol.asyncIterator]();
  const inFlight: Promise<Answer>[] = [];
  let reading: Promise<Read> | undefined;
  let end: Read | undefined;
  while (end === undefined || inFlight.length > 0) {
    if (!end && inFlight.length < batchesInFlightMax) reading ??= read(source, call);
    const event = await firstOf(inFlight[0], reading);
    if (event.kind === "answer") {
      void inFlight.shift();
      yield event.value;
      continue;
    }
    reading = undefined;
    if (event.kind === "request") inFlight.push(tracked(appendOne(target, event.value, call)));
    else end = event;
  }
  // What was taken is answered; only then is it said that no more is taken.
  if (end.kind === "failed") throw end.error;
}

type Read =
  | { kind: "request"; value: AppendStreamRequest }
  | { kind: "ended" }
  | { kind: "failed"; error: unknown };

async function read(source: AsyncIterator<AppendStreamRequest>, call: Call): Promise<Read> {
  try {
    const next = await orAborted(source.next(), call.ending);
    return next.done ? { kind: "ended" } : { kind: "request", value: next.value };
  } catch (error) {
    return { kind: "failed", error };
  }
}

/** An answer that is there already goes first. */
function firstOf(
  answer: Promise<Answer> | undefined,
  reading: Promise<Read> | undefined,
): Promise<Read | { kind: "answer"; value: Answer }> {
  const waits: Promise<Read | { kind: "answer"; value: Answer }>[] = [];
  if (answer) waits.push(answer.then((value) => ({ kind: "answer", value })));
  if (reading) waits.push(reading);
  return Promise.race(waits);
}

async function appendOne(
  target: AppendTarget,
  request: AppendStreamRequest,
  call: Call,
): Promise<Answer> {
  return { ...(await appendAll(target, request, call)), requestId: request.requestId };
}

/** A failure is seen when its turn comes; until then it must not count as unhandled. */
function tracked<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}
