// A store in this isolate (see inline/), on real files. It is killed by taking the image of its
// folder at a crash point: what a SIGKILL there would leave. The store then runs on for nothing
// until it is buried, and the image is put back.
import { rmSync, statSync } from "node:fs";
import { register } from "node:module";
import { basename } from "node:path";
import type { Store, WatchEvent, WatchOptions } from "@strongroom/store";
import { type CrashPoint, closeLeftDatabases, onCrashPoint } from "./crash-points.ts";
import {
  cutIndexWal,
  cutJournalWal,
  type FolderImage,
  loseFiles,
  putBack,
  takeImage,
} from "./folder-image.ts";
import type { Loss, Wreck } from "./program.ts";
import type { StoreHost, StoreLink, StorePlan } from "./store-host.ts";

let openStore: typeof import("@strongroom/store").openStore | undefined;
/** Real threads would run on while an image is taken. */
let isInline = (): boolean => false;

/** Must come before anything imports the store. */
export async function loadInlineStore(): Promise<void> {
  register("./inline/thread-hooks.js", import.meta.url);
  ({ openStore } = await import("@strongroom/store"));
  const { startedThreads } = await import("./inline/worker-threads.ts");
  isInline = () => startedThreads() > 0;
}

export class InlineHost implements StoreHost {
  readonly plan: StorePlan;
  readonly isExact = true;
  isDead = false;
  hasTornAnchor = false;
  /** What an attacker may have kept. */
  older: { image: FolderImage; size: number } | undefined;
  #store: Store | undefined;
  #opening: Promise<Store> | undefined;
  #image: FolderImage | undefined;
  /** Length of the journal's WAL before the commit that nobody has been told of yet. */
  #walFloor = Number.POSITIVE_INFINITY;
  #lastCall = "";

  constructor(plan: StorePlan) {
    this.plan = plan;
    onCrashPoint((point) => this.#noteFloor(point));
  }

  async open(): Promise<StoreLink> {
    if (!openStore) throw new Error("call loadInlineStore() first");
    const { folder: path, cipher, key, config } = this.plan;
    this.#opening = openStore({ path, cipher, key, ...config });
    this.#store = await this.#opening
      .catch((reason) => {
        closeLeftDatabases();
        throw reason;
      })
      .finally(() => {
        this.#opening = undefined;
      });
    if (!isInline()) throw new Error("the store was loaded before loadInlineStore()");
    return new InlineLink(this.#store);
  }

  async close(): Promise<void> {
    await this.#store?.close();
    if (this.isDead) return;
    this.#store = undefined;
    closeLeftDatabases();
  }

  /** Copies the closed store, once. */
  keepOlder(size: number): void {
    this.older ??= { image: takeImage(this.plan.folder), size };
  }

  kill(after: number, wreck: Wreck): void {
    let left = after;
    onCrashPoint((point) => {
      this.#noteFloor(point);
      if (--left < 0) this.#die(wreck, point);
    });
  }

  async bury(): Promise<void> {
    if (!this.isDead) this.#die({ torn: 0, walCut: 100, indexCut: 100 });
    await this.#opening?.catch(() => undefined);
    await this.#store?.close();
    this.#store = undefined;
    closeLeftDatabases();
    if (this.#image) putBack(this.plan.folder, this.#image);
    this.#image = undefined;
    this.isDead = false;
    this.#walFloor = Number.POSITIVE_INFINITY;
    onCrashPoint((point) => this.#noteFloor(point));
  }

  lose(what: Loss): void {
    loseFiles(this.plan.folder, what);
  }

  async end(): Promise<void> {
    onCrashPoint(undefined);
    await this.#store?.close().catch(() => undefined);
    rmSync(this.plan.folder, { recursive: true, force: true });
  }

  /** The process dies here. A write in progress may be torn. */
  #die(wreck: Wreck, point?: CrashPoint): void {
    if (this.isDead) throw new Error("a store dies once");
    // The WAL is whole before the anchor is touched: a torn slot beside a cut WAL cannot be.
    const isTorn = point?.call !== "writeSync" || wreck.torn > 0;
    if (isTorn) point?.partly?.(wreck.torn);
    this.hasTornAnchor ||= point?.partly !== undefined && wreck.torn > 0 && wreck.torn < 100;
    const image = takeImage(this.plan.folder);
    if (!isTorn && this.plan.config.anchorLagMs === 0) {
      cutJournalWal(image, this.#walFloor, wreck);
    }
    cutIndexWal(image, wreck);
    this.#image = image;
    this.isDead = true;
    onCrashPoint(undefined);
  }

  /** A commit begins at BEGIN, and may be told of once its anchor is synced. */
  #noteFloor({ call, database }: CrashPoint): void {
    if (this.#lastCall === "fdatasyncSync") this.#walFloor = Number.POSITIVE_INFINITY;
    this.#lastCall = call;
    if (!call.startsWith("BEGIN") || basename(database ?? "") !== "journal.db") return;
    const wal = statSync(`${database}-wal`, { throwIfNoEntry: false });
    this.#walFloor = wal?.size ?? 0;
  }
}

class InlineLink implements StoreLink {
  readonly logVkey: string;
  readonly origin: string;
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
    this.logVkey = store.logVkey;
    this.origin = store.origin;
  }

  readonly call: StoreLink["call"] = async (method, ...rest) => {
    const store = this.#store as unknown as Record<string, (...all: unknown[]) => unknown>;
    return (await store[method]?.(...rest)) as never;
  };

  watch(options: WatchOptions): AsyncIterable<WatchEvent> {
    return this.#store.watch(options);
  }
}
