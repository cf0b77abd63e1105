// What happens when something does not hold: an alarm, and one entry in the log per entry and
// verdict, so that the finding itself cannot be taken back.
import { ENTRY_KINDS, encodeIntegrityRejection } from "@strongroom/protocol";
import type { Appender } from "../commit/appender.ts";
import type { OpenedCommit } from "../commit/commit-request.ts";
import type { Mismatch } from "../read/reads.ts";
import type { ThreadClient } from "../threads/channel.ts";
import type { Alarm } from "../types.ts";
import type { AlarmToRaise, StateMethods } from "./state-thread.ts";

const UNRECORDED_MAX = 1000;
const RETRY_MS = 5000;
const CONTEXT = { principal: "strongroom", requestId: "", peer: "" };

export class Integrity {
  readonly #state: ThreadClient<StateMethods>;
  readonly #appender: Appender;
  readonly #onAlarm: (alarm: Alarm) => void;
  /** Alarms of this process that `state.db` did not take. They have id 0 and go with it. */
  readonly #unsaved: Alarm[] = [];
  /** Bodies of findings that the log does not hold yet. */
  readonly #unrecorded: Uint8Array[] = [];
  #retry: NodeJS.Timeout | undefined;
  #isClosed = false;
  #openAlarms: number;

  constructor(parts: {
    state: ThreadClient<StateMethods>;
    appender: Appender;
    openAlarms: number;
    onAlarm(alarm: Alarm): void;
  }) {
    this.#state = parts.state;
    this.#appender = parts.appender;
    this.#openAlarms = parts.openAlarms;
    this.#onAlarm = parts.onAlarm;
  }

  get openAlarms(): number {
    return this.#openAlarms;
  }

  /** Never rejects: an alarm that cannot be written (a full disk) is kept in memory. */
  async raise(alarm: AlarmToRaise): Promise<{ isFirst: boolean }> {
    const { raised, isFirst } = await this.#state
      .call("raise", alarm)
      .catch(() => this.#keepUnsaved(alarm));
    if (raised) {
      this.#openAlarms++;
      this.#onAlarm(raised);
    }
    return { isFirst };
  }

  /** Alarms for what opening found: it opened all the same, but somebody must look. */
  async reportOpened(opened: OpenedCommit): Promise<void> {
    const { attempts, schemaDifferences, uncertainFrom, head } = opened;
    for (const { action, table, row, id } of attempts) {
      const message = `somebody tried to ${action} row ${row} of ${table} (attempt ${id})`;
      await this.raise({ code: "FACT_MUTATION_ATTEMPTED", message, index: id });
    }
    if (schemaDifferences.length > 0) {
      const message = `the journal's schema was changed: ${schemaDifferences.join(", ")}`;
      await this.raise({ code: "SCHEMA_CHANGED", message });
    }
    for (const { table, key } of opened.foreignRows) {
      const message = `table ${table}: no commit of this log can have made its row ${key}`;
      await this.raise({ code: "ROW_FOREIGN", message, index: key });
    }
    await this.#reportAnchor(opened);
    if (uncertainFrom !== undefined) {
      const message = `unclean close under an anchor lag: entries from ${uncertainFrom} on may have been lost; the log now has ${head.size}`;
      await this.raise({ code: "HEAD_UNCERTAIN", message, index: uncertainFrom });
    }
  }

  async #reportAnchor({
    hasDamagedSlot,
    isAnchorStale,
    anchoredSize,
  }: OpenedCommit): Promise<void> {
    if (hasDamagedSlot) {
      const message =
        "one slot of the head anchor did not check: its last write was cut short, or it was edited";
      await this.raise({ code: "ANCHOR_DAMAGED", message });
    }
    if (isAnchorStale === true) {
      const message = `the head anchor named ${anchoredSize} entries, fewer than the log had when it was last closed: an older anchor was put back`;
      await this.raise({ code: "ANCHOR_WRONG", message });
    }
  }

  /** Raises and records. Never rejects: an entry that cannot be written now is tried again. */
  async report(mismatch: Mismatch): Promise<void> {
    const { verdict: code, message, index } = mismatch;
    const { isFirst } = await this.raise({ code, message, index });
    if (!isFirst) return;
    const body = encodeIntegrityRejection({
      index: BigInt(index),
      cid: mismatch.cid,
      verdict: code,
      offeredDigest: mismatch.offeredDigest,
    });
    if (this.#unrecorded.length < UNRECORDED_MAX) this.#unrecorded.push(body);
    await this.#record();
  }

  /** Ends trying; what is not in the log by now is only an alarm. */
  close(): void {
    clearTimeout(this.#retry);
    this.#retry = undefined;
    this.#isClosed = true;
  }

  async #record(): Promise<void> {
    const kind = ENTRY_KINDS["integrity-rejection"];
    const bodies = this.#unrecorded.splice(0);
    for (const [i, body] of bodies.entries()) {
      try {
        await this.#appender.appendEntry({ kind, body }, CONTEXT);
      } catch {
        this.#unrecorded.unshift(...bodies.slice(i));
        this.#tryAgainLater();
        return;
      }
    }
  }

  #tryAgainLater(): void {
    if (this.#isClosed) return;
    this.#retry ??= setTimeout(() => {
      this.#retry = undefined;
      void this.#record();
    }, RETRY_MS).unref();
  }

  async list(options: {
    below?: number;
    limit: number;
    includeCleared: boolean;
  }): Promise<Alarm[]> {
    const saved = await this.#state.call("list", { below: Number.MAX_SAFE_INTEGER, ...options });
    return options.below === undefined ? [...this.#unsaved, ...saved] : saved;
  }

  async clear(id: number): Promise<Alarm> {
    const before = await this.#state.call("list", {
      below: id + 1,
      limit: 1,
      includeCleared: true,
    });
    const cleared = await this.#state.call("clear", id);
    if (before[0]?.id === id && before[0].clearedAtMs === undefined) this.#openAlarms--;
    return cleared;
  }

  #keepUnsaved(alarm: AlarmToRaise): { raised?: Alarm; isFirst: boolean } {
    const isSame = (kept: Alarm): boolean => kept.code === alarm.code && kept.index === alarm.index;
    if (this.#unsaved.some(isSame)) return { isFirst: false };
    const raised = { id: 0, raisedAtMs: Date.now(), ...alarm };
    this.#unsaved.push(raised);
    return { raised, isFirst: true };
  }
}
