// When a signed head is anchored: at once by default, before its note leaves the process. With a
// lag the anchor follows at most that much later, for one sync less per commit; an open after an
// unclean close then says HEAD_UNCERTAIN.
import type { AnchorWrite, HeadAnchor } from "../anchor/head-anchor.ts";

export interface AnchorScheduleOptions {
  journalInode: bigint;
  lagMs: number;
  onFailed(reason: unknown): void;
}

export class AnchorSchedule {
  readonly #anchor: HeadAnchor;
  readonly #options: AnchorScheduleOptions;
  #pending: Uint8Array | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(anchor: HeadAnchor, options: AnchorScheduleOptions) {
    this.#anchor = anchor;
    this.#options = options;
  }

  /** Anchors a note, or sees to it that it is anchored within the lag. */
  write(note: Uint8Array): void {
    if (this.#options.lagMs === 0) {
      this.#write(note, false);
      return;
    }
    this.#pending = note;
    this.#timer ??= setTimeout(() => this.#writePending(), this.#options.lagMs);
  }

  /** Anchors at once; `clean` marks the end of an orderly close. */
  writeNow(note: Uint8Array, clean: boolean): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#pending = undefined;
    this.#write(note, clean);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #writePending(): void {
    this.#timer = undefined;
    const note = this.#pending;
    if (!note) return;
    try {
      this.writeNow(note, false);
    } catch (reason) {
      this.#options.onFailed(reason);
    }
  }

  #write(note: Uint8Array, clean: boolean): void {
    const { journalInode: inode, lagMs } = this.#options;
    const record: AnchorWrite = { note, inode, clean, lagMs };
    this.#anchor.write(record);
  }
}
