// Opens a store, step by step: key source, folder, lock, keyring, threads, identity. Whatever
// fails, what was started before it is ended again.
import { existsSync } from "node:fs";
import { MessageChannel } from "node:worker_threads";
import { equalBytes } from "@strongroom/protocol";
import { RegisteredKeys } from "../attest/registered-keys.ts";
import type { CommitMethods, OpenedCommit } from "../commit/commit-request.ts";
import { StoreLock } from "../engine/sqlite/lock.ts";
import { journalExists } from "../engine/sqlite/open.ts";
import { StoreError } from "../errors.ts";
import type { IndexerMethods } from "../index/indexer-thread.ts";
import { deriveRootKeys, type RootKeys, wipe } from "../keys/derive.ts";
import { readKeySource } from "../keys/key-source.ts";
import { lendFileKeys, type OpenedKeyring, openKeyring, openSealed } from "../keys/keyring.ts";
import { wipeSection } from "../keys/sealed.ts";
import { type OpenOptions, readSettings, type Settings } from "../options.ts";
import { ReaderPool } from "../read/reader-pool.ts";
import type { OpenedState, StateMethods } from "../state/state-thread.ts";
import type { ThreadClient } from "../threads/channel.ts";
import { startThread } from "../threads/start-thread.ts";
import type { Cipher } from "../types.ts";
import { createStore, finishCreation, isVacant, keyringPath, makeFolder } from "./create-store.ts";

/** Everything a Store is made of. */
export interface OpenedStore {
  settings: Settings;
  cipher: Cipher;
  isNew: boolean;
  lock: StoreLock;
  opened: OpenedCommit;
  index: OpenedIndex;
  openAlarms: number;
  rootKeys: RootKeys;
  threads: StoreThreads;
  readers: ReaderPool;
}

export interface OpenedIndex {
  /** Entries indexed when it was opened. */
  size: number;
  textSearch: boolean;
}

/** The threads with one writer's role each; readers come in a pool. */
export interface StoreThreads {
  committer: ThreadClient<CommitMethods>;
  indexer: ThreadClient<IndexerMethods>;
  state: ThreadClient<StateMethods>;
}

export async function open(options: OpenOptions): Promise<OpenedStore> {
  const settings = readSettings(options);
  const source = () => readKeySource(options.key, options.env ?? process.env);
  const isNew = isVacant(settings);
  if (isNew) requireCreate(options, settings);
  else requireFolder(settings);
  const lock = StoreLock.acquire(settings.path);
  try {
    // Asked again under the lock: another process may have made it in between.
    if (isVacant(settings)) await createStore(options, settings, source());
    else finishCreation(settings);
    const keyring = await openKeyring(keyringPath(settings.path), source(), {
      ...(options.cipher ? { expectedCipher: options.cipher } : {}),
    });
    requireJournal(settings);
    return { settings, isNew, lock, ...(await openThreads(settings, keyring)) };
  } catch (reason) {
    lock.release();
    throw reason;
  }
}

function requireCreate(options: OpenOptions, settings: Settings): void {
  if (options.create !== false) {
    makeFolder(settings.path);
    return;
  }
  throw new StoreError(
    "NOT_A_STORE",
    `open ${settings.path}: there is no store; make one with \`strongroom init\``,
  );
}

function requireFolder({ path, anchorPath }: Settings): void {
  if (existsSync(path)) return;
  throw new StoreError(
    "NOT_A_STORE",
    `open ${path}: it is missing, but ${anchorPath} anchors a store; is its volume mounted?`,
  );
}

function requireJournal(settings: Settings): void {
  if (journalExists(settings.path)) return;
  const path = settings.path;
  throw new StoreError("NOT_A_STORE", `open ${path}: it has a keyring but no journal`);
}

async function openThreads(
  settings: Settings,
  keyring: OpenedKeyring,
): Promise<
  Pick<
    OpenedStore,
    "cipher" | "opened" | "index" | "openAlarms" | "rootKeys" | "threads" | "readers"
  >
> {
  const sealed = openSealed(keyring);
  const rootKeys = deriveRootKeys(sealed.rootSecret);
  const threads: StoreThreads = {
    committer: startThread<CommitMethods>("commit/commit-thread"),
    indexer: startThread<IndexerMethods>("index/indexer-thread"),
    state: startThread<StateMethods>("state/state-thread"),
  };
  try {
    const { logKeySeed } = sealed;
    const { openAlarms, cursor, verdict } = await openState(settings, keyring, threads);
    const { opened, index } = await openLog(settings, keyring, { threads, logKeySeed, verdict });
    const readers = await openReaders(settings, keyring, { opened, rootKeys });
    await checkStateCursor(readers, opened.head, cursor);
    opened.isAnchorStale =
      opened.uncertainFrom === undefined && opened.anchoredSize < (cursor?.size ?? 0);
    const { cipher } = keyring.keyring;
    return { cipher, opened, index, openAlarms, rootKeys, threads, readers };
  } catch (reason) {
    await endThreads(threads);
    wipe(rootKeys.tokenHash, rootKeys.pageToken, rootKeys.secretBox);
    throw reason;
  } finally {
    wipeSection(sealed);
    wipe(keyring.dataKey);
  }
}

async function openLog(
  settings: Settings,
  keyring: OpenedKeyring,
  from: { threads: StoreThreads; logKeySeed: Uint8Array; verdict: OpenedState["verdict"] },
): Promise<{ opened: OpenedCommit; index: OpenedIndex }> {
  const { cipher, storeId, generation, standby } = keyring.keyring;
  const folder = settings.path;
  // The index is made before the commit thread reads it; the two then talk directly.
  const { port1, port2 } = new MessageChannel();
  const index = await lendFileKeys(keyring, ["journal", "index"], (keys) =>
    from.threads.indexer.call(
      "open",
      {
        ...{ folder, cipher, journalKey: keys.journal, indexKey: keys.index },
        ...{ textSearch: settings.textSearch, committer: port1 },
      },
      [port1],
    ),
  );
  const { anchorPath, anchorLagMs, checkpointEntries, checkpointMs } = settings;
  const opened = await lendFileKeys(keyring, ["journal", "index"], (keys) =>
    from.threads.committer.call(
      "open",
      {
        ...{ folder, cipher, journalKey: keys.journal, indexKey: keys.index },
        ...{ anchorPath, anchorLagMs, checkpointEntries, checkpointMs },
        storeId,
        keyringGeneration: generation,
        standby: from.verdict ?? (standby ? "STANDBY" : undefined),
        logKeySeed: from.logKeySeed,
        indexer: port2,
      },
      [port2],
    ),
  );
  return { opened, index };
}

function openState(
  settings: Settings,
  keyring: OpenedKeyring,
  threads: StoreThreads,
): Promise<OpenedState> {
  const { cipher } = keyring.keyring;
  return lendFileKeys(keyring, ["state"], ({ state: fileKey }) =>
    threads.state.call("open", { folder: settings.path, cipher, fileKey, work: settings.work }),
  );
}

/** Last, because a writer must be the first to open a file in its process. */
function openReaders(
  settings: Settings,
  keyring: OpenedKeyring,
  from: { opened: OpenedCommit; rootKeys: RootKeys },
): Promise<ReaderPool> {
  const { origin, origins } = from.opened.identity;
  const { cipher, storeId } = keyring.keyring;
  return lendFileKeys(keyring, ["journal", "index"], (keys) =>
    ReaderPool.open(
      {
        ...{ path: settings.path, cipher, journalKey: keys.journal, indexKey: keys.index },
        pageTokenKey: from.rootKeys.pageToken,
        storeId,
        origin,
        logVkeys: origins.map((one) => one.logVkey),
        keys: new RegisteredKeys(from.opened.identity.events).all(),
      },
      { threads: settings.readers },
    ),
  );
}

/** A state that has seen another history than the journal's must not drive anything. */
async function checkStateCursor(
  readers: ReaderPool,
  newest: { size: number; root: Uint8Array },
  cursor: OpenedState["cursor"],
): Promise<void> {
  if (!cursor || cursor.size === 0) return;
  const { size, root } = newest;
  const index = cursor.size - 1;
  try {
    if (cursor.size > size) {
      throw new StoreError(
        "STATE_FOREIGN",
        `open store: its state has seen ${cursor.size} entries, its log has ${size}`,
      );
    }
    const head = { size, root };
    const { leafHash } = await readers.call("inclusionProof", { head, index, size });
    if (equalBytes(leafHash, cursor.leafHash)) return;
    throw new StoreError(
      "STATE_FOREIGN",
      `open store: its state has seen another entry ${index} than its log has`,
      { metadata: { index: String(index) } },
    );
  } catch (reason) {
    await readers.close();
    throw reason;
  }
}

/**
 * Ends a store: readers, then what is queued, then each thread. The commit thread comes last, so
 * that the last connection to the journal is one that folds its WAL in.
 */
export async function closeStore(store: OpenedStore): Promise<void> {
  const { threads, readers, lock, opened, rootKeys } = store;
  const { committer, indexer, state } = threads;
  try {
    await readers.close();
    const { newest } = await committer.call("drain", undefined);
    await indexer.call("close", undefined);
    await committer.call("close", undefined);
    await state.call("close", opened.standby ? undefined : newest);
  } finally {
    await endThreads(threads);
    wipe(rootKeys.tokenHash, rootKeys.pageToken, rootKeys.secretBox);
    lock.release();
  }
}

async function endThreads(threads: StoreThreads): Promise<void> {
  const { committer, indexer, state } = threads;
  await Promise.all([committer, indexer, state].map((thread) => thread.terminate()));
}
