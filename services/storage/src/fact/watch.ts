// Facts and retractions from an index onward, at the reader's pace, with a sign of life while
// nothing matches.
import type { MessageInitShape } from "@bufbuild/protobuf";
import type {
  WatchRequest,
  WatchResponseSchema,
} from "@strongroom/proto/strongroom/fact/v1/fact_service";
import type { Store, WatchEvent, WatchOptions } from "@strongroom/store";
import type { Call } from "../grpc/adapter.ts";
import { toSafeInteger, toTimestamp } from "../requests.ts";
import { toFactFilter, toStoredFactMessage } from "./stored-fact.ts";

type ResponseInit = MessageInitShape<typeof WatchResponseSchema>;

export interface WatchSettings {
  /** How long nothing is sent before a progress message, ms. */
  idleMs: number;
}

export async function* watch(
  store: Store,
  request: WatchRequest,
  call: Call,
  settings: WatchSettings,
): AsyncGenerator<ResponseInit> {
  const options = toWatchOptions(request, call);
  const events = store.watch(options)[Symbol.asyncIterator]();
  let nextIndex = request.fromEnd ? store.head().size : (options.fromIndex ?? 0);
  let pending: Promise<IteratorResult<WatchEvent>> | undefined;
  try {
    while (!call.signal.aborted) {
      pending ??= events.next();
      const result = await orIdle(pending, settings.idleMs);
      if (result === "idle") {
        yield progress(store.head().size, nextIndex);
        continue;
      }
      pending = undefined;
      if (result.done) return;
      nextIndex = result.value.nextIndex;
      yield toWatchMessage(result.value);
    }
  } finally {
    pending?.catch(() => {});
    events.return?.().catch(() => {});
  }
}

function toWatchOptions(request: WatchRequest, call: Call): WatchOptions {
  return {
    ...(request.fromEnd
      ? { fromEnd: true }
      : { fromIndex: toSafeInteger(request.fromIndex, "from_index") }),
    untilHead: request.untilHead,
    filter: toFactFilter(request.filter),
    scopes: call.principal.scopes,
    signal: call.signal,
  };
}

function toWatchMessage(event: WatchEvent): ResponseInit {
  const nextIndex = BigInt(event.nextIndex);
  switch (event.type) {
    case "fact":
      return { event: { case: "fact", value: toStoredFactMessage(event.fact) }, nextIndex };
    case "retraction": {
      const { scope, cid, reason } = event;
      const value = {
        index: BigInt(event.index),
        scope,
        factIndex: BigInt(event.factIndex),
        cid,
        reason,
        appendedAt: toTimestamp(event.appendedAtMs),
      };
      return { event: { case: "retraction", value }, nextIndex };
    }
    case "progress":
      return progress(event.treeSize, event.nextIndex);
  }
}

function progress(treeSize: number, nextIndex: number): ResponseInit {
  return {
    event: { case: "progress", value: { treeSize: BigInt(treeSize) } },
    nextIndex: BigInt(nextIndex),
  };
}

async function orIdle<T>(promise: Promise<T>, idleMs: number): Promise<T | "idle"> {
  let timer: NodeJS.Timeout | undefined;
  const idle = new Promise<"idle">((resolve) => {
    timer = setTimeout(() => resolve("idle"), idleMs);
  });
  try {
    return await Promise.race([promise, idle]);
  } finally {
    clearTimeout(timer);
  }
}
