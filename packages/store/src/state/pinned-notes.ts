// A client shows the newest note it has pinned. If our own key signed it and it is ahead of our
// head, or beside it, this store was rolled back or forked, and must not sign anything more.
import {
  equalBytes,
  type NoteVerifier,
  VerificationError,
  verifyCheckpoint,
} from "@strongroom/protocol";
import type { CommitMethods } from "../commit/commit-request.ts";
import { StoreError, toStoreError } from "../errors.ts";
import type { Reads } from "../read/reads.ts";
import type { ThreadClient } from "../threads/channel.ts";
import type { Head } from "../types.ts";
import type { StateMethods } from "./state-thread.ts";

const MESSAGES = {
  ROLLBACK_DETECTED: "a client holds a newer note signed by this log: the store was rolled back",
  FORK_DETECTED: "a client holds a note signed by this log with another root: the log was forked",
} as const;

export interface PinnedNotesParts {
  verifier: NoteVerifier;
  reads: Reads;
  committer: ThreadClient<CommitMethods>;
  state: ThreadClient<StateMethods>;
  head(): Head;
}

export class PinnedNotes {
  readonly #parts: PinnedNotesParts;

  constructor(parts: PinnedNotesParts) {
    this.#parts = parts;
  }

  /** Throws ROLLBACK_DETECTED or FORK_DETECTED with both notes, after signing has stopped. */
  async offer(note: Uint8Array): Promise<{ consistency: Uint8Array[] }> {
    const pinned = this.#readOwn(note);
    if (!pinned || pinned.size === 0) return { consistency: [] };
    const { reads } = this.#parts;
    const head = this.#parts.head();
    if (pinned.size > head.size) return this.#stop("ROLLBACK_DETECTED", [note, head.note]);
    const { root } = await reads.inclusionProof(pinned.size - 1, pinned.size);
    if (!equalBytes(root, pinned.root)) return this.#stop("FORK_DETECTED", [note, head.note]);
    const { proof } = await reads.consistencyProof(pinned.size, head.size);
    return { consistency: proof };
  }

  #readOwn(note: Uint8Array): { size: number; root: Uint8Array } | undefined {
    if (note.length === 0) return undefined;
    try {
      const checkpoint = verifyCheckpoint(note, [this.#parts.verifier]);
      return { size: Number(checkpoint.size), root: checkpoint.root };
    } catch (reason) {
      // Anybody can offer a note; only one that our own key signed says something about us.
      if (reason instanceof VerificationError) return undefined;
      throw toStoreError(reason);
    }
  }

  async #stop(code: keyof typeof MESSAGES, evidence: Uint8Array[]): Promise<never> {
    const message = MESSAGES[code];
    // Signing stops even where the verdict cannot be kept.
    const kept = this.#parts.state.call("recordVerdict", code).catch(() => undefined);
    await this.#parts.committer.call("stopSigning", { code, message });
    await kept;
    throw new StoreError(code, message, { evidence });
  }
}
