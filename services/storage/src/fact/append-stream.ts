// Batches as they come, several in flight so that the store can commit them together, answers in
// the order of the requests. Nothing more is read while the window is full of unread answers.
import type { AppendStreamRequest } from "@strongroom/proto/strongroom/fact/v1/fact_service";
import type { Store } from "@strongroom/store";
import type { Call } from "../grpc/adapter.ts";
import { appendAll } from "./append.ts";

const batchesInFlightMax = 4;

type Answer = Awaited<ReturnType<typeof appendAll>> & { requestId: string };

export async function* appendStream(
  store: Store,
  requests: AsyncIterable<AppendStreamRequest>,
  call: Call,
): AsyncGenerator<Answer> {
  const source = requests[Symbol.asyncIterator]();
  const inFlight: Promise<Answer>[] = [];
  let reading: Promise<IteratorResult<AppendStreamRequest>> | undefined;
  let ended = false;
  while (!ended || inFlight.length > 0) {
    if (!ended && inFlight.length < batchesInFlightMax) reading ??= tracked(source.next());
    const [first] = inFlight;
    const event = await firstOf(first, reading);
    if (event.kind === "answer") {
      inFlight.shift();
      yield event.value;
      continue;
    }
    reading = undefined;
    if (event.value.done) ended = true;
    else inFlight.push(tracked(appendOne(store, event.value.value, call)));
  }
}

type Event =
  | { kind: "answer"; value: Answer }
  | { kind: "request"; value: IteratorResult<AppendStreamRequest> };

/** An answer that is there already goes first. */
function firstOf(
  answer: Promise<Answer> | undefined,
  request: Promise<IteratorResult<AppendStreamRequest>> | undefined,
): Promise<Event> {
  const waits: Promise<Event>[] = [];
  if (answer) waits.push(answer.then((value) => ({ kind: "answer", value })));
  if (request) waits.push(request.then((value) => ({ kind: "request", value })));
  return Promise.race(waits);
}

async function appendOne(store: Store, request: AppendStreamRequest, call: Call): Promise<Answer> {
  return { ...(await appendAll(store, request, call)), requestId: request.requestId };
}

/** A failure is seen when its turn comes; until then it must not count as unhandled. */
function tracked<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}
