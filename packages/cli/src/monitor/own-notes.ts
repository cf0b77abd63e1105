// The notes of the store that is followed: signed by its pinned key, whatever the server says.
import { createHash } from "node:crypto";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import type { Client } from "@strongroom/client";
import { parseVkey, verifyCheckpoint } from "@strongroom/protocol";

export interface OwnNote {
  readonly size: bigint;
  readonly storedAtMs: number;
}

/** Stored checkpoints by SHA-256 of their note, in hex. Keeps what it has read. */
export class OwnNotes {
  readonly #notes = new Map<string, OwnNote>();

  /** Reads those that are new, newest first. Throws what verification of a note throws. */
  async refresh(client: Client): Promise<void> {
    const keys = client.logKeys.map(parseVkey);
    for await (const { note, storedAt } of client.checkpoints()) {
      const digest = createHash("sha256").update(note).digest("hex");
      if (this.#notes.has(digest)) break;
      const { size } = verifyCheckpoint(note, keys);
      this.#notes.set(digest, { size, storedAtMs: storedAt ? timestampMs(storedAt) : 0 });
    }
  }

  get(digest: string | undefined): OwnNote | undefined {
    return digest === undefined ? undefined : this.#notes.get(digest);
  }

  /** Since when a checkpoint beyond this size has waited; undefined if there is none. */
  waitingSinceMs(attestedSize: bigint): number | undefined {
    const waiting = [...this.#notes.values()].filter(({ size }) => size > attestedSize);
    if (waiting.length === 0) return undefined;
    return Math.min(...waiting.map(({ storedAtMs }) => storedAtMs));
  }
}
