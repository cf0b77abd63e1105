// Appends through the SDK until the service goes away, and remembers what was acknowledged.
import { connect } from "@strongroom/client";
import { hashFact, toHex } from "@strongroom/protocol";
import { madeFact } from "./made-facts.ts";
import type { Service } from "./service.ts";

export interface Acknowledged {
  /** Hex cids that were answered. */
  cids: Set<string>;
  /** Resolves when the appending has ended. */
  done: Promise<void>;
}

/** Several callers append single facts, from number `from` on, until one call fails for good. */
export async function appendUntilGone(
  service: Service,
  from: number,
  callers = 8,
): Promise<Acknowledged> {
  const client = await connect({ address: service.address, token: service.token });
  const cids = new Set<string>();
  let next = from;
  let gone = false;
  const caller = async () => {
    while (!gone) {
      const bytes = madeFact(next++);
      try {
        await client.append(bytes, { timeoutMs: 5_000 });
        cids.add(toHex(hashFact(bytes)));
      } catch {
        gone = true;
      }
    }
  };
  const done = Promise.all(Array.from({ length: callers }, caller)).then(() =>
    client.close().catch(() => undefined),
  );
  return { cids, done };
}
