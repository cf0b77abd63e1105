// When a signed head is anchored: at once by default, before its note leaves the process. With a
// lag the anchor follows at most that much later, for one sync less per commit; an open after an
// unclean close then says HEAD_UNCERTAIN.
import type { AnchorWrite, HeadAnchor } from "../anchor/head-anchor.ts";
import type { JournalReader } from "../engine/port.ts";
import { SideDigests } from "../engine/side-digests.ts";
import type { SignedHead } from "./commit-request.ts";

export interface AnchorScheduleOptions {
  journalInode: bigint;
  lagMs: number;
  /** Whose side tables are anchored beside the head. */
  journal(): JournalReader;
  onFailed(reason: unknown): void;
}

export class AnchorSchedule {
  readonly #anchor: HeadAnchor;
  readonly #options: AnchorScheduleOptions;
  readonly #sides: SideDigests;
  #pending: SignedHead | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(anchor: HeadAnchor, options: AnchorScheduleOptions) {
    this.#anchor = anchor;
    this.#options = options;
    this.#sides = SideDigests.resume(anchor.newest?.sides);
  }

  /** Anchors a head, or sees to it that it is anchored within the lag. */
  write(head: SignedHead): void {
    if (this.#options.lagMs === 0) {
      this.#write(head, false);
      return;
    }
    this.#pending = head;
    this.#timer ??= setTimeout(() => this.#writePending(), this.#options.lagMs);
  }

  /** Anchors at once; `clean` marks the end of an orderly close. */
  writeNow(head: SignedHead, clean: boolean): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#pending = undefined;
    this.#write(head, clean);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #writePending(): void {
    this.#timer = undefined;
    const head = this.#pending;
    if (!head) return;
    try {
      this.writeNow(head, false);
    } catch (reason) {
      this.#options.onFailed(reason);
    }
  }

  #write({ note, size }: SignedHead, clean: boolean): void {
    const { journalInode: inode, lagMs, journal } = this.#options;
    this.#sides.advance(journal(), size);
    const record: AnchorWrite = { note, inode, clean, lagMs, sides: this.#sides.encode() };
    this.#anchor.write(record);
  }
}
