// The thread that owns the journal. Whatever is queued when a commit ends is the next commit: an
// idle store commits a single fact at once, a busy one batches by itself, and nothing waits for a
// timer.
import { ed25519Signer, parseVkey } from "@strongroom/protocol";
import { HeadAnchor } from "../anchor/head-anchor.ts";
import type { JournalWriter, ProofRows } from "../engine/port.ts";
import { journalInode, openJournalWriter, openTermIndexReader } from "../engine/sqlite/open.ts";
import { StoreError, toStoreError } from "../errors.ts";
import { wipe } from "../keys/derive.ts";
import { checkHead } from "../open/check-head.ts";
import { checkIdentity, type Identity, readIdentity } from "../open/read-identity.ts";
import { emitEvent, serveThread, toWire } from "../threads/channel.ts";
import { AnchorSchedule } from "./anchor-schedule.ts";
import { AppendQueue } from "./append-queue.ts";
import { CheckpointPolicy } from "./checkpoint-policy.ts";
import type {
  AppendEntryAnswer,
  AppendEntryRequest,
  AppendFactsAnswer,
  AppendFactsRequest,
  CommitMethods,
  CommitSettings,
  OpenedCommit,
} from "./commit-request.ts";
import { IndexFollower } from "./index-follower.ts";
import { ProofQueue } from "./proof-queue.ts";
import {
  type CommitAnswer,
  type CommitRequest,
  type Committed,
  Writer,
  type WriterParts,
} from "./writer.ts";

const REOPEN_AFTER_MS = 1000;

let settings: CommitSettings;
let parts: WriterParts;
let anchor: HeadAnchor;
let writer: Writer | undefined;
let policy: CheckpointPolicy;
let index: IndexFollower;
let isRunning = false;
let isDraining = false;
let stopped: StoreError | undefined;
let stoppedAtMs = 0;
const queue = new AppendQueue();
const proofs = new ProofQueue();

async function open(given: CommitSettings): Promise<OpenedCommit> {
  settings = given;
  const { folder, cipher, journalKey } = settings;
  const journal = openJournalWriter({ folder, cipher, fileKey: journalKey });
  const identity = readIdentity(journal);
  checkIdentity(identity, settings);
  parts = openParts(journal, identity);
  wipe(settings.logKeySeed);
  const head = checkHead({
    journal,
    anchor,
    verifier: parseVkey(identity.logVkey),
    journalInode: journalInode(folder),
  });
  const schemaDifferences = journal.schemaDifferences();
  const { note, size, root, hasDamagedSlot } = head;
  const found = {
    identity,
    anchoredSize: size,
    hasDamagedSlot,
    attempts: journal.readMutationAttempts(),
    schemaDifferences,
    foreignRows: journal.readForeignRows(),
  };
  const copied = head.isCopy ? "STANDBY" : undefined;
  const changed = schemaDifferences.length > 0 ? "SCHEMA_CHANGED" : undefined;
  const standby = settings.standby ?? changed ?? copied;
  if (standby) {
    return { ...found, head: { note, size, root }, standby };
  }
  await index.nearlyCaughtUp(() => journal.size());
  writer = new Writer(parts, index.indexed);
  const signed = writer.signHead("now");
  policy.start(signed);
  return {
    ...found,
    head: signed,
    ...(head.uncertainFrom === undefined ? {} : { uncertainFrom: head.uncertainFrom }),
  };
}

function openParts(journal: JournalWriter, identity: Identity): WriterParts {
  const { folder, cipher, indexKey } = settings;
  const terms = openTermIndexReader({ folder, cipher, fileKey: indexKey });
  index = new IndexFollower(settings.indexer, terms.cursor().size, (indexed) =>
    writer?.setIndexed(indexed),
  );
  const { origin } = identity;
  anchor = HeadAnchor.open(settings.anchorPath);
  policy = new CheckpointPolicy(journal, {
    entries: settings.checkpointEntries,
    ageMs: settings.checkpointMs,
    onStored: ({ size }) => emitEvent("checkpoint", size),
    onFailed: (reason) => stop(toStoreError(reason)),
  });
  return {
    journal,
    index: terms,
    anchors: new AnchorSchedule(anchor, {
      journalInode: journalInode(folder),
      lagMs: settings.anchorLagMs,
      journal: () => parts.journal,
      onFailed: (reason) => stop(toStoreError(reason)),
    }),
    signers: [ed25519Signer(origin, settings.logKeySeed)],
    origin,
    now: Date.now,
  };
}

function appendFacts(request: AppendFactsRequest): Promise<AppendFactsAnswer> {
  return enqueue({ type: "facts", request }) as Promise<AppendFactsAnswer>;
}

function appendEntry(request: AppendEntryRequest): Promise<AppendEntryAnswer> {
  return enqueue({ type: "entry", request }) as Promise<AppendEntryAnswer>;
}

async function appendProofs(rows: ProofRows): Promise<void> {
  if (isDraining) throw new StoreError("STORE_CLOSED", "keep a proof: store is closing");
  const kept = proofs.add(rows);
  if (!isRunning) void run();
  await kept;
}

async function enqueue(request: CommitRequest): Promise<CommitAnswer> {
  if (isDraining) throw new StoreError("STORE_CLOSED", "append: store is closing");
  const answer = queue.add(request);
  if (!isRunning) void run();
  return await answer;
}

async function run(): Promise<void> {
  isRunning = true;
  // Requests that arrived together are still being delivered: let them join the first commit.
  await nextTurn();
  while (!queue.isEmpty || !proofs.isEmpty) {
    reopenAfterDiskFull();
    if (writer) await index.nearlyCaughtUp(() => writer?.size ?? 0);
    const committed = queue.isEmpty ? keepProofs() : commitQueued();
    // The answers leave first: whoever waits for one does not wait for the index to be told.
    await nextTurn();
    if (committed) handOver(committed);
  }
  if (writer) policy.storeDue();
  isRunning = false;
}

function commitQueued(): Committed | undefined {
  const batch = queue.takeBatch();
  if (!writer || stopped) {
    const reason = stopped ?? new StoreError("STANDBY", "append: this store is a standby copy");
    for (const one of batch) one.reject(reason);
    return undefined;
  }
  const notReady = index.problem(writer.size);
  if (notReady) {
    for (const one of batch) one.reject(notReady);
    return undefined;
  }
  try {
    const requests = batch.map((one) => one.request);
    const along = () => ({ checkpoint: policy.takeDue(), proofs: proofs.take() });
    const committed = writer.commit(requests, along);
    proofs.settle();
    emitEvent("head", committed.head);
    for (const [i, one] of batch.entries()) one.resolve(committed.answers[i] as CommitAnswer);
    return committed;
  } catch (reason) {
    stop(toStoreError(reason));
    for (const one of batch) one.reject(stopped);
    proofs.fail(stopped);
    return undefined;
  }
}

/** Those of an idle store; a busy one writes them along with its commits. */
function keepProofs(): undefined {
  if (writer && !stopped) proofs.writeAlone(parts.journal, (reason) => stop(toStoreError(reason)));
  else proofs.fail(stopped ?? new StoreError("STANDBY", "keep a proof: this store is a standby"));
}

/** What follows a commit that was answered. */
function handOver({ parts: indexParts, head, leafHash, notable }: Committed): void {
  if (indexParts.length > 0) index.post({ parts: indexParts, size: head.size, leafHash });
  if (writer) policy.note(head, notable);
}

/** Ends writing. Nothing that memory holds beyond the last durable commit is used again. */
function stop(cause: StoreError): void {
  writer = undefined;
  policy.stop();
  // The first reason that lasts stands: a full disk later must not lift a fork or a failed sync.
  if (stopped && stopped.metadata.cause !== "DISK_FULL") return;
  stoppedAtMs = Date.now();
  stopped = new StoreError("WRITER_STOPPED", `append: writing has stopped: ${cause.message}`, {
    cause,
    metadata: { cause: cause.code },
  });
  emitEvent("stopped", toWire(cause));
}

/**
 * No space is the one failure that passes: the write was refused before anything was synced. The
 * journal is opened anew, so that what counts is what the disk holds. A failed sync never is.
 */
function reopenAfterDiskFull(): void {
  if (stopped?.metadata.cause !== "DISK_FULL") return;
  if (Date.now() - stoppedAtMs < REOPEN_AFTER_MS) return;
  stoppedAtMs = Date.now();
  try {
    const { folder, cipher, journalKey } = settings;
    parts.journal.close();
    parts = { ...parts, journal: openJournalWriter({ folder, cipher, fileKey: journalKey }) };
    policy.useJournal(parts.journal);
    writer = new Writer(parts, parts.index.cursor().size);
    const signed = writer.signHead("now");
    policy.start(signed);
    emitEvent("head", signed);
    stopped = undefined;
    emitEvent("resumed", undefined);
  } catch (reason) {
    stop(toStoreError(reason));
  }
}

function pauseForRebuild(): void {
  index.pause();
}

function resumeAfterRebuild(): void {
  const { size } = parts.index.cursor();
  if (size < parts.journal.size()) throw new Error("the rebuilt index is not whole");
  index.resume(size);
}

function stopSigning(reason: { code: StoreError["code"]; message: string }): void {
  stop(new StoreError(reason.code, reason.message));
}

async function drain(): Promise<{ newest?: { size: number; leafHash: Uint8Array } }> {
  isDraining = true;
  index.giveUp();
  while (isRunning) await nextTurn();
  policy.stop();
  parts.anchors.stop();
  // Only a writer that never failed may say that the store was closed in order.
  if (!writer || stopped) return {};
  writer.signHead("clean");
  return { newest: { size: writer.size, leafHash: writer.leafHash } };
}

function close(): void {
  anchor.close();
  parts.index.close();
  parts.journal.close();
  wipe(settings.journalKey, settings.indexKey);
  index.close();
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

serveThread({
  open,
  appendFacts,
  appendEntry,
  appendProofs,
  pauseForRebuild,
  resumeAfterRebuild,
  stopSigning,
  drain,
  close,
} satisfies CommitMethods);
