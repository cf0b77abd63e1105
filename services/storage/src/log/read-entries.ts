// Entries in order, in messages well below the message limit.
import type { MessageInitShape } from "@bufbuild/protobuf";
import type {
  ReadEntriesRequest,
  ReadEntriesResponseSchema,
} from "@strongroom/proto/strongroom/log/v1/log_service";
import type { LogEntry, Store } from "@strongroom/store";
import type { Call } from "../grpc/adapter.ts";
import { refuse, toSafeInteger } from "../requests.ts";
import { authorisePrivateEvidence, entryScopes } from "./entry-access.ts";

const entriesPerRead = 512;
const messageBytesMax = 1024 * 1024;

type ResponseInit = MessageInitShape<typeof ReadEntriesResponseSchema>;

export async function* readEntries(
  store: Store,
  request: ReadEntriesRequest,
  call: Call,
): AsyncGenerator<ResponseInit> {
  const { bodies, privateEvidence } = request;
  authorisePrivateEvidence(privateEvidence, call);
  const asked = toSafeInteger(request.untilIndex, "until_index");
  const until = Math.min(asked === 0 ? store.head().size : asked, store.head().size);
  let from = toSafeInteger(request.fromIndex, "from_index");
  if (from > until) refuse("check from_index: beyond until_index or the end of the log");
  while (from < until) {
    call.signal.throwIfAborted();
    const { entries, next } = await store.readEntries({
      from,
      until,
      limit: entriesPerRead,
      bodies,
      privateEvidence,
      ...entryScopes(call),
    });
    yield* toMessages(entries);
    if (next <= from) return;
    from = next;
  }
}

function* toMessages(entries: readonly LogEntry[]): Generator<ResponseInit> {
  let batch: LogEntry[] = [];
  let bytes = 0;
  for (const entry of entries) {
    const size = entryBytes(entry);
    if (batch.length > 0 && bytes + size > messageBytesMax) {
      yield toMessage(batch);
      batch = [];
      bytes = 0;
    }
    batch.push(entry);
    bytes += size;
  }
  if (batch.length > 0) yield toMessage(batch);
}

function entryBytes(entry: LogEntry): number {
  const { leaf, body, evidencePublic, evidencePrivate } = entry;
  return leaf.length + body.length + evidencePublic.length + evidencePrivate.length + 96;
}

function toMessage(entries: readonly LogEntry[]): ResponseInit {
  return { entries: entries.map((entry) => ({ ...entry, index: BigInt(entry.index) })) };
}
