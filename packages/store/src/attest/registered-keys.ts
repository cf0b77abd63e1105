// The keys that outside records are checked with, replayed from the log's key events: an operator
// registers and retires them, and nothing else does.
import { sha256, toHex } from "@strongroom/protocol";
import type { ControlEvent } from "../open/read-identity.ts";
import { type KeyPurpose, keyPurposes, type RegisteredKey } from "./attestation-types.ts";

/** What key events of each purpose begin with. */
export const keyEventNames = {
  attestation: "attestation-key",
  "trusted-root": "trusted-root",
  witness: "witness",
} as const satisfies Record<KeyPurpose, string>;

/** As the threads get it. */
export type TrustedKey = Pick<RegisteredKey, "id" | "purpose" | "key" | "retiredIndex">;

export class RegisteredKeys {
  readonly #keys = new Map<string, RegisteredKey>();

  constructor(events: readonly ControlEvent[]) {
    for (const event of events) this.apply(event);
  }

  /** Takes over one key event; those of other kinds change nothing here. */
  apply(event: ControlEvent): void {
    for (const purpose of keyPurposes) {
      const name = keyEventNames[purpose];
      if (event.event === `${name}-registered`) this.#register(purpose, event);
      if (event.event === `${name}-retired`) this.#retire(event);
    }
  }

  get(id: string): RegisteredKey | undefined {
    return this.#keys.get(id);
  }

  get count(): number {
    return this.#keys.size;
  }

  /** Newest first. */
  list(options: { purpose?: KeyPurpose; includeRetired?: boolean } = {}): RegisteredKey[] {
    const { purpose, includeRetired = false } = options;
    return [...this.#keys.values()]
      .filter((key) => purpose === undefined || key.purpose === purpose)
      .filter((key) => includeRetired || key.retiredIndex === undefined)
      .sort((a, b) => b.index - a.index);
  }

  /** For what is new: a retired key attests nothing more. */
  inForce(): TrustedKey[] {
    return this.list().map(toTrusted);
  }

  /** For what is kept: a retired key still stands for what it attested before. */
  all(): TrustedKey[] {
    return this.list({ includeRetired: true }).map(toTrusted);
  }

  #register(purpose: KeyPurpose, event: ControlEvent): void {
    const key = event.publicKey ?? new Uint8Array(0);
    const id = toHex(sha256(key));
    const name = event.details.find((one) => one.name === "name")?.value ?? "";
    const { index, atMs: registeredAtMs } = event;
    this.#keys.set(id, { id, purpose, key, name, registeredAtMs, index });
  }

  #retire(event: ControlEvent): void {
    const key = this.#keys.get(event.subject);
    if (!key || key.retiredIndex !== undefined) return;
    const { atMs: retiredAtMs, index: retiredIndex } = event;
    this.#keys.set(key.id, { ...key, retiredAtMs, retiredIndex });
  }
}

function toTrusted({ id, purpose, key, retiredIndex }: RegisteredKey): TrustedKey {
  return { id, purpose, key, ...(retiredIndex === undefined ? {} : { retiredIndex }) };
}
