// The thread that owns the index. It follows committed entries only: each commit hands over its
// terms, and the journal is read again only to catch up after a crash or a rebuild. Nothing here
// is synced per commit: what is lost is read again from the journal.
import type { MessagePort } from "node:worker_threads";
import { equalBytes, hashLeaf } from "@strongroom/protocol";
import type { JournalReader } from "../engine/port.ts";
import {
  type EngineOptions,
  openJournalReader,
  openTermIndexWriter,
  removeIndex,
} from "../engine/sqlite/open.ts";
import type { SqliteTermIndexWriter } from "../engine/sqlite/term-index.ts";
import { type StoreError, toStoreError } from "../errors.ts";
import { wipe } from "../keys/derive.ts";
import { emitEvent, serveThread, type ThreadMethods, toWire } from "../threads/channel.ts";
import type { IndexProgress, IndexWork } from "./index-work.ts";
import { RowBuilder } from "./row-builder.ts";

const CATCH_UP_ROWS = 2048;
const RETRY_MS = 1000;
/** Single appends are indexed together: a segment and a transaction for each would cost more than the append. */
const GATHER_ROWS = 512;
const GATHER_MS = 20;

export interface IndexerSettings {
  folder: string;
  cipher: EngineOptions["cipher"];
  journalKey: Uint8Array;
  indexKey: Uint8Array;
  /** Default: what the index has. */
  textSearch: boolean | undefined;
  committer: MessagePort;
}

export interface IndexerMethods extends ThreadMethods {
  /** Opens, or makes, the index; catching up goes on beside the answer. */
  open(settings: IndexerSettings): { size: number; textSearch: boolean };
  /** Rebuilds the index from the journal; resolves when it is caught up. */
  rebuild(argument: undefined): Promise<void>;
  close(argument: undefined): Promise<void>;
}

let settings: IndexerSettings;
let journal: JournalReader;
let index: SqliteTermIndexWriter;
let rows: RowBuilder;
let target = 0;
let isRunning = false;
let isClosing = false;
let gathering: NodeJS.Timeout | undefined;
let gathered = 0;
const queue: IndexWork[] = [];
const waiting: { resolve(): void; reject(reason: unknown): void }[] = [];

function open(given: IndexerSettings): { size: number; textSearch: boolean } {
  settings = given;
  journal = openJournalReader(engine("journal"));
  openIndex();
  target = journal.size();
  settings.committer.on("message", gather);
  start();
  return { size: index.cursor().size, textSearch: index.textSearch };
}

function openIndex(): void {
  index = openTermIndexWriter({ ...engine("index"), textSearch: settings.textSearch });
  if (!cursorFits()) {
    index.close();
    removeIndex(settings.folder);
    index = openTermIndexWriter({ ...engine("index"), textSearch: settings.textSearch });
  }
  rows = new RowBuilder(index.termKey, index.textSearch);
}

/** A cursor that is beyond or beside the journal belongs to another history. */
function cursorFits(): boolean {
  const { size, leafHash } = index.cursor();
  if (size === 0) return true;
  const newest = journal.readEntry(size - 1);
  return newest !== undefined && equalBytes(hashLeaf(newest.leaf), leafHash);
}

function engine(role: "journal" | "index"): EngineOptions {
  const fileKey = role === "journal" ? settings.journalKey : settings.indexKey;
  return { folder: settings.folder, cipher: settings.cipher, fileKey };
}

function gather(work: IndexWork): void {
  queue.push(work);
  gathered += newEntries(work);
  if (gathered >= GATHER_ROWS) start();
  else gathering ??= setTimeout(start, GATHER_MS);
}

function start(): void {
  clearTimeout(gathering);
  gathering = undefined;
  if (isRunning) return;
  isRunning = true;
  void run();
}

async function run(): Promise<void> {
  let failure: StoreError | undefined;
  try {
    while (!isClosing && step()) {
      // Between steps new work and calls are delivered.
      await new Promise((resolve) => setImmediate(resolve));
    }
  } catch (reason) {
    failure = toStoreError(reason);
    tryAgainLater(failure);
  }
  isRunning = false;
  for (const one of waiting.splice(0)) {
    if (failure) one.reject(failure);
    else one.resolve();
  }
}

/** Nothing is lost: what was handed over is read again from the journal. */
function tryAgainLater(failure: StoreError): void {
  for (const work of queue.splice(0)) target = Math.max(target, work.size);
  gathered = 0;
  const progress: IndexProgress = { failed: toWire(failure) };
  settings.committer.postMessage(progress);
  if (!isClosing) setTimeout(start, RETRY_MS).unref();
}

function step(): boolean {
  const cursor = index.cursor();
  const works = takeConsecutive(cursor.size);
  const newest = works.at(-1);
  if (newest) {
    const { size, leafHash } = newest;
    index.insert(
      works.flatMap((work) => rows.ofWork(work)),
      { size, leafHash },
    );
    report(size);
  } else if (cursor.size < target) {
    catchUp(cursor.size);
  } else {
    return queue.length > 0;
  }
  return true;
}

/** Work that follows on the index without a gap; what the index holds already is dropped. */
function takeConsecutive(from: number): IndexWork[] {
  const works: IndexWork[] = [];
  let size = from;
  for (let work = queue[0]; work && size - from < CATCH_UP_ROWS; work = queue[0]) {
    target = Math.max(target, work.size);
    const count = newEntries(work);
    if (work.size > size) {
      if (work.size - count !== size) break;
      works.push(work);
      size = work.size;
    }
    queue.shift();
    gathered -= count;
  }
  return works;
}

function catchUp(from: number): void {
  const limit = Math.min(CATCH_UP_ROWS, target - from);
  const entries = journal.readEntries(from, limit);
  const newest = entries.at(-1);
  if (!newest) {
    target = from;
    return;
  }
  const size = newest.index + 1;
  index.insert(rows.ofEntries(entries, journal), { size, leafHash: hashLeaf(newest.leaf) });
  report(size);
}

function newEntries(work: IndexWork): number {
  let count = 0;
  for (const part of work.parts) {
    if (part.type === "entry") count++;
    else for (const at of part.indexes) if (at >= 0) count++;
  }
  return count;
}

function report(size: number): void {
  const progress: IndexProgress = { size };
  settings.committer.postMessage(progress);
  emitEvent("indexed", size);
}

function caughtUp(): Promise<void> {
  if (queue.length > 0) start();
  if (!isRunning) return Promise.resolve();
  return new Promise((resolve, reject) => waiting.push({ resolve, reject }));
}

async function rebuild(): Promise<void> {
  await caughtUp();
  index.clear();
  target = journal.size();
  report(0);
  start();
  await caughtUp();
}

async function close(): Promise<void> {
  // An index that is behind is caught up at the next open.
  await caughtUp().catch(() => undefined);
  isClosing = true;
  index.close();
  journal.close();
  wipe(settings.journalKey, settings.indexKey);
  settings.committer.close();
}

serveThread({ open, rebuild, close } satisfies IndexerMethods);
