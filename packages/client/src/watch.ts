// Follows the log: no gap and no duplicate, across breaks. Each message says from where to resume;
// whatever arrives below that line again is dropped.
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { FactService, type WatchResponse } from "@strongroom/proto/strongroom/fact/v1/fact_service";
import { LogService } from "@strongroom/proto/strongroom/log/v1/log_service";
import type { Deps } from "./append.ts";
import { ClientError, toClientError } from "./errors.ts";
import { type FactFilter, filterOf } from "./read.ts";
import { type ReadFact, readFact } from "./read-fact.ts";
import { backoffMs, pause } from "./retry.ts";

export interface WatchOptions extends FactFilter {
  /** First index to consider; the present end of the log if absent. */
  readonly fromIndex?: bigint;
  /** End once the present end of the log is reached. */
  readonly untilHead?: boolean;
  /** Also report progress while nothing matches. */
  readonly progress?: boolean;
  /** Breaks in a row before it gives up; never by default. */
  readonly attemptsMax?: number;
  readonly signal?: AbortSignal | undefined;
}

export type WatchEvent =
  | { readonly type: "fact"; readonly fact: ReadFact; readonly nextIndex: bigint }
  | {
      readonly type: "retraction";
      readonly index: bigint;
      readonly scope: string;
      readonly factIndex: bigint;
      readonly cid: Uint8Array;
      readonly reason: string;
      readonly appendedAtMs: number;
      readonly nextIndex: bigint;
    }
  | { readonly type: "progress"; readonly treeSize: bigint; readonly nextIndex: bigint };

/** The server speaks at least every 10 s; a stream silent for this long is taken as broken. */
const SILENCE_MS = 45_000;

export async function* watch(
  deps: Deps,
  options: WatchOptions,
): AsyncGenerator<WatchEvent, void, undefined> {
  // Fixed before the stream opens, so that a break before its first message leaves no gap.
  let nextIndex = options.fromIndex ?? (await presentSize(deps));
  for (let failures = 0; ; ) {
    deps.trust.requireSound();
    try {
      for await (const message of attempt(deps, options, nextIndex)) {
        failures = 0;
        const event = eventOf(message);
        if (event === undefined || indexOf(event) < nextIndex) continue;
        nextIndex = event.nextIndex;
        if (event.type !== "progress" || options.progress) yield event;
      }
      if (options.untilHead) return;
    } catch (cause) {
      const error = toClientError(cause);
      if (!error.retryable || options.signal?.aborted) throw error;
      if (failures >= (options.attemptsMax ?? Number.POSITIVE_INFINITY)) throw error;
    }
    failures++;
    await pause(backoffMs(failures), options.signal);
  }
}

async function* attempt(deps: Deps, options: WatchOptions, fromIndex: bigint) {
  const silence = new AbortController();
  const signals = [silence.signal, ...(options.signal === undefined ? [] : [options.signal])];
  const request = { fromIndex, filter: filterOf(options), untilHead: options.untilHead ?? false };
  const stream = deps.channel.serverStream(FactService.method.watch, request, {
    signal: AbortSignal.any(signals),
  });
  // Counts only the time spent waiting for the server, not the caller's own.
  for (;;) {
    const timer = setTimeout(() => silence.abort(), SILENCE_MS);
    try {
      const { done, value } = await stream.next();
      if (done) return;
      clearTimeout(timer);
      yield value;
    } catch (cause) {
      throw silence.signal.aborted ? silent(cause) : cause;
    } finally {
      clearTimeout(timer);
    }
  }
}

async function presentSize(deps: Deps): Promise<bigint> {
  // Taken before the call: a pin that moves on meanwhile says nothing against this answer.
  const sizeMin = deps.trust.pinnedSize;
  const head = await deps.channel.unary(LogService.method.getHead, {});
  const checkpoint = await deps.trust.observe(head.checkpoint, sizeMin);
  return checkpoint.size;
}

function eventOf({ event, nextIndex }: WatchResponse): WatchEvent | undefined {
  if (event.case === "fact") return { type: "fact", fact: readFact(event.value), nextIndex };
  if (event.case === "progress") {
    return { type: "progress", treeSize: event.value.treeSize, nextIndex };
  }
  if (event.case !== "retraction") return undefined;
  const { index, scope, factIndex, cid, reason, appendedAt } = event.value;
  const appendedAtMs = appendedAt === undefined ? 0 : timestampMs(appendedAt);
  return { type: "retraction", index, scope, factIndex, cid, reason, appendedAtMs, nextIndex };
}

/** The entry that an event is about; progress counts as the line that it draws. */
function indexOf(event: WatchEvent): bigint {
  if (event.type === "fact") return event.fact.index;
  return event.type === "retraction" ? event.index : event.nextIndex;
}

function silent(cause: unknown): ClientError {
  return new ClientError("UNAVAILABLE", `the server was silent for ${SILENCE_MS / 1000} s`, {
    kind: "unavailable",
    retryable: true,
    cause,
  });
}
