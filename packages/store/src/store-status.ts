// What `status` says of an open store.
import { bytesOnDisk } from "./engine/sqlite/open.ts";
import { StoreError } from "./errors.ts";
import type { OpenedStore } from "./open/open-store.ts";
import type { Head, StoreStatus } from "./types.ts";

export interface Moment {
  head: Head;
  /** Entries that the index has. */
  indexed: number;
  stopped: StoreError | undefined;
  isClosing: boolean;
  /** An outside record was held against this log since it was opened. */
  isHeadConfirmed: boolean;
  openAlarms: number;
  openedAtMs: number;
}

export function describeStatus(opened: OpenedStore, moment: Moment): StoreStatus {
  const { identity, standby } = opened.opened;
  const { head, stopped } = moment;
  return {
    storeId: identity.storeId,
    origin: identity.origin,
    cipher: opened.cipher,
    state: stateOf(opened, moment),
    reason: standby ?? stopped?.metadata.cause ?? stopped?.code ?? "",
    treeSize: head.size,
    checkpoint: head.note,
    indexLag: Math.max(head.size - moment.indexed, 0),
    head: moment.isHeadConfirmed ? "confirmed" : "unconfirmed",
    openAlarms: moment.openAlarms,
    openedAtMs: moment.openedAtMs,
    bytesOnDisk: bytesOnDisk(opened.settings.path),
    textSearch: opened.index.textSearch,
  };
}

/** Why nothing new is taken; undefined while the store writes. */
export function refusalOf(
  opened: OpenedStore,
  { isClosing, stopped }: Pick<Moment, "isClosing" | "stopped">,
): StoreError | undefined {
  if (isClosing) return new StoreError("STORE_CLOSED", "append: the store is closing");
  const { standby } = opened.opened;
  if (standby) {
    return new StoreError(
      "STANDBY",
      "append: this store is a standby and takes nothing new; see `strongroom store promote`",
      { metadata: { reason: standby } },
    );
  }
  if (!stopped) return undefined;
  const metadata = { cause: stopped.code };
  return new StoreError("WRITER_STOPPED", `writing has stopped: ${stopped.message}`, { metadata });
}

function stateOf(opened: OpenedStore, moment: Moment): StoreStatus["state"] {
  if (moment.isClosing) return "closing";
  if (opened.opened.standby) return "standby";
  return moment.stopped ? "stopped" : "ready";
}
