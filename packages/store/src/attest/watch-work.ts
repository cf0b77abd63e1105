// What is open and what becomes due, as one stream at the reader's pace. Changes that come while
// nobody reads are kept by id, the last one only, so that a slow reader costs bounded memory.
import type { EventHub } from "../events.ts";
import type { StateMethods } from "../state/state-thread.ts";
import type { ThreadClient } from "../threads/channel.ts";
import type { DueAttestation } from "./attestation-types.ts";

export interface DueMessage {
  due: DueAttestation[];
  /** On the message that ends what was open at the beginning. */
  isCaughtUp: boolean;
}

const MESSAGE_MAX = 1000;
/** More changes than that, and the reader gets all that is open again. */
const CHANGES_MAX = 10_000;

export async function* watchWork(
  from: { state: ThreadClient<StateMethods>; events: EventHub; names: readonly string[] },
  options: { idleMs: number; signal: AbortSignal },
): AsyncGenerator<DueMessage, void, undefined> {
  const { events, names } = from;
  const changes = new Map<number, DueAttestation>();
  let hasLost = false;
  let wake = (): void => {};
  const stopListening = events.on("attestationsDue", (due) => {
    for (const one of due) if (names.includes(one.target)) changes.set(one.id, one);
    if (changes.size > CHANGES_MAX) {
      changes.clear();
      hasLost = true;
    }
    wake();
  });
  try {
    yield* openWork(from);
    while (!options.signal.aborted) {
      if (hasLost) {
        hasLost = false;
        yield* openWork(from);
      }
      const due = takeSome(changes);
      if (due.length > 0) yield { due, isCaughtUp: false };
      else {
        const isIdle = await changedOrIdle(options, (resolve) => {
          wake = resolve;
        });
        if (isIdle) yield { due: [], isCaughtUp: false };
      }
    }
  } finally {
    stopListening();
  }
}

async function* openWork(from: {
  state: ThreadClient<StateMethods>;
  names: readonly string[];
}): AsyncGenerator<DueMessage, void, undefined> {
  for (const target of from.names) {
    let after = 0;
    for (;;) {
      const page = await from.state.call("openWork", { target, after, limit: MESSAGE_MAX });
      if (page.length > 0) {
        const due = page.map(({ id, attempt, dueAtMs }) => ({ id, target, attempt, dueAtMs }));
        yield { due, isCaughtUp: false };
      }
      after = page.at(-1)?.size ?? after;
      if (page.length < MESSAGE_MAX) break;
    }
  }
  yield { due: [], isCaughtUp: true };
}

function takeSome(changes: Map<number, DueAttestation>): DueAttestation[] {
  const due: DueAttestation[] = [];
  for (const [id, one] of changes) {
    if (due.length === MESSAGE_MAX) break;
    changes.delete(id);
    due.push(one);
  }
  return due;
}

/** Resolves true when nothing happened for `idleMs`, false when woken or aborted. */
function changedOrIdle(
  { idleMs, signal }: { idleMs: number; signal: AbortSignal },
  listen: (wake: () => void) => void,
): Promise<boolean> {
  return new Promise((resolve) => {
    const end = (isIdle: boolean): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
      resolve(isIdle);
    };
    const onAbort = (): void => end(false);
    const timer = setTimeout(() => end(true), idleMs);
    signal.addEventListener("abort", onAbort, { once: true });
    listen(() => end(false));
    if (signal.aborted) end(false);
  });
}
