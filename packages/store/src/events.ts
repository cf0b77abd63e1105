// What a store tells whoever listens.
import type { StoreError } from "./errors.ts";
import type { Alarm, DueAttestation, Head } from "./types.ts";

export interface StoreEvents {
  /** A new head is signed and anchored. */
  head: Head;
  alarm: Alarm;
  /** Size of a checkpoint that was stored for good. */
  checkpoint: number;
  /** Attestations that are or will be due, after a change. */
  attestationsDue: DueAttestation[];
  /** Writing has ended; reads go on. */
  stopped: StoreError;
}

export class EventHub {
  readonly #listeners = new Map<keyof StoreEvents, Set<(value: never) => void>>();

  /** Returns how to stop listening. */
  on<K extends keyof StoreEvents>(event: K, listener: (value: StoreEvents[K]) => void): () => void {
    const listeners = this.#listeners.get(event) ?? new Set();
    listeners.add(listener);
    this.#listeners.set(event, listeners);
    return () => {
      listeners.delete(listener);
    };
  }

  emit<K extends keyof StoreEvents>(event: K, value: StoreEvents[K]): void {
    for (const listener of this.#listeners.get(event) ?? []) listener(value as never);
  }
}
