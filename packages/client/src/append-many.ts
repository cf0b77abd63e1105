// Bulk append with back-pressure both ways: the source is read only while fewer batches than
// `inFlight` wait for their answers, and a caller who does not take outcomes stops it too.
import type { AppendStreamResponse } from "@strongroom/proto/strongroom/fact/v1/fact_service";
import { equalBytes } from "@strongroom/protocol";
import { type Deps, otherAnswer } from "./append.ts";
import { type Batch, BatchReader, type FactSource } from "./batch-reader.ts";
import { BatchStream } from "./batch-stream.ts";
import { ClientError, errorOfItem } from "./errors.ts";
import type { PrepareOptions } from "./prepare-fact.ts";

export interface AppendManyOptions extends PrepareOptions {
  /** Facts per batch, 1–4,096; default 1,000. */
  readonly batchFacts?: number;
  /** Bytes per batch, at most 4 MiB less some framing; default 1 MiB. */
  readonly batchBytes?: number;
  /** Batches sent and not yet answered; default 4. */
  readonly inFlight?: number;
  /** A batch of a slow source is sent after this long, in milliseconds; default 50. */
  readonly lingerMs?: number;
  /** Breaks in a row, without an answer between them, before it gives up; default 8. */
  readonly attemptsMax?: number;
  /** Longest wait for one answer, in milliseconds; default 60,000. */
  readonly answerTimeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
}

export interface AppendedItem {
  /** 0-based position in the source. */
  readonly position: number;
  readonly cid: Uint8Array;
  readonly index: bigint;
  readonly existing: boolean;
  /** Size of the log under the checkpoint that covers it. */
  readonly treeSize: bigint;
}

export interface RefusedItem {
  readonly position: number;
  readonly cid?: Uint8Array;
  readonly error: ClientError;
}

/** In the order of the source. */
export type AppendOutcome = AppendedItem | RefusedItem;

interface Flight {
  readonly batch: Batch;
  readonly answer: Promise<AppendStreamResponse | undefined>;
  readonly sizeMin: bigint;
}

const BATCH_BYTES_MAX = 4 * 1024 * 1024 - 64 * 1024;

export async function* appendMany(
  deps: Deps,
  source: FactSource,
  options: AppendManyOptions,
): AsyncGenerator<AppendOutcome, void, undefined> {
  const { inFlight = 4, lingerMs = 50, attemptsMax = 8, answerTimeoutMs = 60_000 } = options;
  const facts = Math.min(options.batchFacts ?? 1_000, 4_096);
  const bytes = Math.min(options.batchBytes ?? 1024 * 1024, BATCH_BYTES_MAX);
  const reader = new BatchReader(source, { facts, bytes, lingerMs }, options);
  const stream = new BatchStream(deps.channel, { attemptsMax, answerTimeoutMs });
  const flights: Flight[] = [];
  const abort = abortion(options.signal);
  let reading: Promise<Batch | undefined> | undefined;
  let ended = false;
  try {
    for (;;) {
      deps.trust.requireSound();
      if (!ended && flights.length < inFlight) reading ??= reader.next();
      const [oldest] = flights;
      if (reading === undefined && oldest === undefined) return;
      const next = await Promise.race([
        ...(reading === undefined ? [] : [reading.then((batch) => ({ batch }))]),
        ...(oldest === undefined ? [] : [oldest.answer.then((answer) => ({ answer }))]),
        ...(abort === undefined ? [] : [abort.happened]),
      ]);
      if ("batch" in next) {
        reading = undefined;
        if (next.batch === undefined) ended = true;
        else flights.push(send(deps, stream, next.batch));
      } else if (oldest !== undefined) {
        flights.shift();
        yield* await outcomes(deps, oldest, next.answer);
      }
    }
  } finally {
    abort?.stop();
    stream.close();
    await reader.close();
  }
}

function send(deps: Deps, stream: BatchStream, batch: Batch): Flight {
  const facts = batch.slots.flatMap((slot) => ("fact" in slot ? [slot.fact.message] : []));
  const answer = facts.length === 0 ? Promise.resolve(undefined) : stream.send(facts);
  // Failures surface when this flight's turn comes.
  answer.catch(() => {});
  return { batch, answer, sizeMin: deps.trust.pinnedSize };
}

async function outcomes(
  deps: Deps,
  flight: Flight,
  answer: AppendStreamResponse | undefined,
): Promise<AppendOutcome[]> {
  const sent = flight.batch.slots.filter((slot) => "fact" in slot).length;
  const results = answer?.results ?? [];
  if (results.length !== sent) throw otherAnswer(`${results.length} results for ${sent} facts`);
  const treeSize = await covered(deps, flight, answer);
  let taken = 0;
  return flight.batch.slots.map((slot, offset): AppendOutcome => {
    const position = flight.batch.position + offset;
    if ("error" in slot) return { position, error: slot.error };
    const { cid } = slot.fact;
    const result = results[taken++];
    if (result === undefined) throw otherAnswer("fewer results than facts");
    if (result.error !== undefined) return { position, cid, error: errorOfItem(result.error) };
    if (!equalBytes(result.cid, cid)) throw otherAnswer("another content id");
    if (result.index >= treeSize) throw otherAnswer("an index beyond its checkpoint");
    return { position, cid, index: result.index, existing: result.existing, treeSize };
  });
}

/** The checkpoint covers every accepted fact: it must be signed and extend what we know. */
async function covered(deps: Deps, flight: Flight, answer?: AppendStreamResponse): Promise<bigint> {
  const accepted = answer?.results.some((result) => result.error === undefined) ?? false;
  if (answer === undefined || !accepted) return 0n;
  const { size } = await deps.trust.observe(answer.checkpoint, flight.sizeMin);
  if (size !== answer.treeSize) throw otherAnswer("a tree size that is not its checkpoint's");
  return size;
}

function abortion(signal: AbortSignal | undefined) {
  if (signal === undefined) return undefined;
  let stop = () => {};
  const happened = new Promise<never>((_, reject) => {
    const cancel = () =>
      reject(new ClientError("CANCELLED", "cancelled by the caller", { kind: "unavailable" }));
    if (signal.aborted) cancel();
    signal.addEventListener("abort", cancel, { once: true });
    stop = () => signal.removeEventListener("abort", cancel);
  });
  happened.catch(() => {});
  return { happened, stop };
}
