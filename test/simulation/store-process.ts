// The process of a simulated store: opens it, calls its methods, and tells what a watch tells.
import { type OpenOptions, openStore, type Store, toStoreError } from "@strongroom/store";
import type { ProcessAnswer, ProcessRequest } from "./process-host.ts";

let store: Store | undefined;
const aborts = new Map<number, AbortController>();

process.on("message", (request: ProcessRequest) => void answer(request));
process.on("disconnect", () => process.exit());

async function answer({ id, method, rest }: ProcessRequest): Promise<void> {
  try {
    send({ id, value: await act(method, rest) });
  } catch (reason) {
    const { code, message } = toStoreError(reason);
    send({ id, error: { code, message } });
  }
}

async function act(method: string, rest: unknown[]): Promise<unknown> {
  if (method === "open") {
    store = await openStore(rest[0] as OpenOptions);
    return { logVkey: store.logVkey, origin: store.origin };
  }
  if (method === "watch") return watch(rest[0] as number, rest[1] as Parameters<Store["watch"]>[0]);
  if (method === "abort") return aborts.get(rest[0] as number)?.abort();
  const methods = store as unknown as Record<string, (...all: unknown[]) => unknown>;
  return plain(await methods[method]?.(...rest));
}

async function watch(id: number, options: Parameters<Store["watch"]>[0]): Promise<void> {
  const abort = new AbortController();
  aborts.set(id, abort);
  for await (const event of store?.watch({ ...options, signal: abort.signal }) ?? []) {
    send({ watch: id, event });
  }
}

/** Errors of single facts in a batch cross as their code. */
function plain(value: unknown): unknown {
  const { results } = (value ?? {}) as { results?: { error?: { code: string } }[] };
  if (!Array.isArray(results)) return value;
  const coded = results.map((one) =>
    one.error ? { ...one, error: { code: one.error.code } } : one,
  );
  return { ...(value as object), results: coded };
}

function send(message: ProcessAnswer): void {
  process.send?.(message, undefined, undefined, () => undefined);
}
