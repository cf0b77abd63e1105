// What `status` says of an open store.
import { bytesOnDisk } from "./engine/sqlite/open.ts";
import type { StoreError } from "./errors.ts";
import type { OpenedStore } from "./open/open-store.ts";
import type { Head, StoreStatus } from "./types.ts";

interface Moment {
  head: Head;
  /** Entries that the index has. */
  indexed: number;
  stopped: StoreError | undefined;
  isClosing: boolean;
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
    head: "unconfirmed",
    openAlarms: moment.openAlarms,
    openedAtMs: moment.openedAtMs,
    bytesOnDisk: bytesOnDisk(opened.settings.path),
    textSearch: opened.index.textSearch,
  };
}

function stateOf(opened: OpenedStore, moment: Moment): StoreStatus["state"] {
  if (moment.isClosing) return "closing";
  if (opened.opened.standby) return "standby";
  return moment.stopped ? "stopped" : "ready";
}
