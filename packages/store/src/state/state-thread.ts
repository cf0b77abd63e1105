// The thread that owns state.db.

import type { WorkSettings } from "../attest/offered-work.ts";
import { type WorkMethods, workMethods } from "../attest/work-methods.ts";
import { WorkQueue } from "../attest/work-queue.ts";
import { type EngineOptions, openState } from "../engine/sqlite/open.ts";
import type { DetectedCode, SqliteState } from "../engine/sqlite/state-db.ts";
import { StoreError } from "../errors.ts";
import { wipe } from "../keys/derive.ts";
import { emitEvent, serveThread, type ThreadMethods } from "../threads/channel.ts";
import type { Alarm } from "../types.ts";

export interface AlarmToRaise {
  code: string;
  message: string;
  index?: number;
}

export interface OpenedState {
  openAlarms: number;
  /** How far the log was when it was last closed in order. */
  cursor?: { size: number; leafHash: Uint8Array };
  /** What a client's note proved; only a new epoch lifts it. */
  verdict?: DetectedCode;
}

export interface StateMethods extends ThreadMethods, WorkMethods {
  open(options: EngineOptions & { work: WorkSettings }): OpenedState;
  recordVerdict(code: DetectedCode): void;
  /** `raised` is undefined if the same alarm is open; `isFirst` says that it never was before. */
  raise(alarm: AlarmToRaise): { raised?: Alarm; isFirst: boolean };
  list(options: { below: number; limit: number; includeCleared: boolean }): Alarm[];
  clear(id: number): Alarm;
  close(cursor: { size: number; leafHash: Uint8Array } | undefined): void;
}

const CURSOR = "log";
let state: SqliteState;
let work: WorkQueue;

serveThread({
  open(options) {
    state = openState(options);
    wipe(options.fileKey);
    work = new WorkQueue({
      rows: state.attestationWork,
      settings: options.work,
      now: Date.now,
      random: Math.random,
      onDue: (due) => emitEvent("attestations-due", due),
    });
    const cursor = state.cursor(CURSOR);
    const verdict = state.verdict();
    return {
      openAlarms: state.countOpenAlarms(),
      ...(cursor ? { cursor } : {}),
      ...(verdict ? { verdict } : {}),
    };
  },
  ...workMethods({ queue: () => work, state: () => state }),
  recordVerdict(code) {
    state.recordVerdict(code, Date.now());
  },
  raise(alarm) {
    const isFirst = alarm.index === undefined || !state.wasRaised(alarm.code, alarm.index);
    const raised = state.raiseAlarm({ ...alarm, atMs: Date.now() });
    return { isFirst, ...(raised ? { raised } : {}) };
  },
  list(options) {
    return state.listAlarms(options);
  },
  clear(id) {
    const cleared = state.clearAlarm(id, Date.now());
    if (!cleared) throw new StoreError("NOT_FOUND", `clear alarm ${id}: there is none of that id`);
    return cleared;
  },
  close(cursor) {
    if (cursor) state.setCursor(CURSOR, cursor);
    state.close();
  },
} satisfies StateMethods);
