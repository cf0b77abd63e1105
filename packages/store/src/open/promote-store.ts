// The operator's override, offline and with a reason: lets a copy write again, or goes on from a
// log that its anchor contradicts. The latter is a new epoch under a new origin and a new log key,
// so that no origin ever signs two histories; clients follow only by their policy file.
import { randomBytes } from "node:crypto";
import { renameSync } from "node:fs";
import {
  ENTRY_KINDS,
  type EntryKind,
  ed25519,
  ed25519Signer,
  ed25519Verifier,
  encodeEpoch,
  encodeEvidencePrivate,
  encodeKeyEvent,
  formatVkey,
  hashLeaf,
  parseLeaf,
  parseVkey,
  REASON_BYTES_MAX,
  sha256,
  signCheckpoint,
} from "@strongroom/protocol";
import { HeadAnchor } from "../anchor/head-anchor.ts";
import { Draft } from "../commit/draft.ts";
import { CONTROL_SCOPE, ScopeHeads } from "../commit/scope-heads.ts";
import { TreeEdge } from "../commit/tree-edge.ts";
import { SideDigests } from "../engine/side-digests.ts";
import type { SqliteJournalWriter } from "../engine/sqlite/journal.ts";
import { StoreLock } from "../engine/sqlite/lock.ts";
import { journalInode, openJournalWriter } from "../engine/sqlite/open.ts";
import { StoreError } from "../errors.ts";
import { KEY_BYTES, wipe } from "../keys/derive.ts";
import { readKeySource } from "../keys/key-source.ts";
import {
  lendFileKeys,
  markStandby,
  type OpenedKeyring,
  openKeyring,
  openSealed,
  replaceSealed,
} from "../keys/keyring.ts";
import { writeKeyring } from "../keys/keyring-file.ts";
import { type SealedSection, wipeSection } from "../keys/sealed.ts";
import { type OpenOptions, readSettings, type Settings } from "../options.ts";
import { checkHead } from "./check-head.ts";
import { keyringPath } from "./create-store.ts";
import { withState } from "./offline-state.ts";
import { checkIdentity, type Identity, readIdentity } from "./read-identity.ts";

export interface PromoteOptions extends OpenOptions {
  /** Why; kept in the log. 1–1,024 bytes. */
  reason: string;
  /** Go on although entries may be lost: starts a new epoch. Default false. */
  acceptLoss?: boolean;
  /** Newest notes of the old origin that the operator knows of. */
  knownNotes?: readonly Uint8Array[];
}

export interface Promoted {
  /** "cleared": the copy goes on under its origin. "epoch": a new origin goes on. */
  outcome: "cleared" | "epoch";
  origin: string;
  treeSize: number;
  /** What contradicted the log, for an epoch. */
  verdict?: string;
  /** Lines for clients' policy files, for an epoch. */
  policy?: string[];
}

interface Opened {
  settings: Settings;
  keyring: OpenedKeyring;
  sealed: SealedSection;
  journal: SqliteJournalWriter;
  identity: Identity;
}

/** Works on a closed store. Throws INVALID_ARGUMENT when there is nothing to promote. */
export async function promoteStore(options: PromoteOptions): Promise<Promoted> {
  requireReason(options.reason);
  const settings = readSettings(options);
  const lock = StoreLock.acquire(settings.path);
  try {
    const source = readKeySource(options.key, options.env ?? process.env);
    const keyring = await openKeyring(keyringPath(settings.path), source);
    const engine = { folder: settings.path, cipher: keyring.keyring.cipher };
    const journal = lendFileKeys(keyring, ["journal"], ({ journal: fileKey }) =>
      openJournalWriter({ ...engine, fileKey }),
    );
    const sealed = openSealed(keyring);
    try {
      const identity = readIdentity(journal);
      return promote({ settings, keyring, sealed, journal, identity }, options);
    } finally {
      journal.close();
      wipeSection(sealed);
      wipe(keyring.dataKey);
    }
  } finally {
    lock.release();
  }
}

function promote(opened: Opened, options: PromoteOptions): Promoted {
  const { anchor, verdict, isCopy } = judge(opened);
  const isChanged = opened.journal.schemaDifferences().length > 0;
  if (verdict === undefined && anchor) {
    if (isChanged) opened.journal.restoreTriggers();
    if (isCopy || isChanged || opened.keyring.keyring.standby)
      return clear(opened, anchor, options);
    throw new StoreError(
      "INVALID_ARGUMENT",
      "promote: the store is no standby and nothing is wrong",
    );
  }
  if (!verdict) throw new Error("a damaged anchor has a verdict");
  if (options.acceptLoss !== true) {
    throw new StoreError(
      verdict.code,
      `${verdict.message}; to go on from what is there, accept the loss: a new origin begins`,
      { metadata: verdict.metadata },
    );
  }
  if (isChanged) opened.journal.restoreTriggers();
  return startEpoch(opened, {
    anchor,
    verdict: verdict.code,
    options,
  });
}

/** Clears the marks of a copy whose head is the newest one known. */
function clear(opened: Opened, anchor: HeadAnchor, options: PromoteOptions): Promoted {
  const { settings, keyring, sealed, identity } = opened;
  const { origin } = identity;
  const next = markStandby(keyring, false);
  writeKeyring(keyringPath(settings.path), next);
  const event = keyEvent("store-promoted", options.reason, next.generation);
  // No longer closed in order: cut short below, the entry is a tail like any other.
  if (anchor.newest) anchor.write({ ...anchor.newest, clean: false });
  const { size, root } = append(opened, [event]);
  const note = signCheckpoint({ origin, size, root }, [ed25519Signer(origin, sealed.logKeySeed)]);
  writeAnchor(opened, anchor, { note, size, sides: anchor.newest?.sides });
  return { outcome: "cleared", origin, treeSize: Number(size) };
}

function startEpoch(
  opened: Opened,
  from: { anchor: HeadAnchor | undefined; verdict: string; options: PromoteOptions },
): Promoted {
  const { settings, keyring, identity, journal } = opened;
  // First and harmless: cut short after the anchor, the state would contradict the log for good.
  withState(opened, (state) => state.forgetHistory());
  const resumedSize = journal.size();
  const resumedRoot = TreeEdge.load(journal, resumedSize).root();
  const sealed = { ...opened.sealed, logKeySeed: new Uint8Array(randomBytes(KEY_BYTES)) };
  const origin = `${identity.genesisOrigin}/e${identity.origins.length + 1}`;
  const newVkey = formatVkey(ed25519Verifier(origin, ed25519.publicKey(sealed.logKeySeed)));
  const next = replaceSealed({ ...keyring, keyring: markStandby(keyring, false) }, sealed);
  const known = from.anchor?.newest ? [from.anchor.newest.note] : [];
  const body = encodeEpoch({
    lastNotes: [...known, ...(from.options.knownNotes ?? [])],
    resumedSize: BigInt(resumedSize),
    resumedRoot,
    reason: from.options.reason,
    newVkey,
    newOrigin: origin,
  });
  const event = keyEvent("log-key-replaced", from.options.reason, next.generation);
  // Nothing below is refused any more. The keyring goes first: cut short here, the log names the
  // old key and promote runs again.
  writeKeyring(keyringPath(settings.path), next);
  const anchor = from.anchor ?? replaceAnchor(opened);
  const { size, root } = append(opened, [{ kind: ENTRY_KINDS.epoch, body }, event]);
  const note = signCheckpoint({ origin, size, root }, [ed25519Signer(origin, sealed.logKeySeed)]);
  // Another history begins: what the side tables hold now is what counts from here on.
  writeAnchor(opened, anchor, { note, size, sides: undefined });
  wipe(sealed.logKeySeed);
  return {
    outcome: "epoch",
    origin,
    treeSize: Number(size),
    verdict: from.verdict,
    policy: [
      `log ${newVkey}`,
      `retired ${identity.logVkey} max-size ${resumedSize}`,
      "quorum none",
    ],
  };
}

interface Judged {
  /** Undefined where the file is there but damaged. */
  anchor: HeadAnchor | undefined;
  verdict?: StoreError;
  isCopy: boolean;
}

/** What a client's note proved while the store ran; it stands until a new epoch. */
function readVerdict(opened: Opened): StoreError | undefined {
  const code = withState(opened, (state) => state.verdict());
  if (code === undefined) return undefined;
  return new StoreError(code, "promote: a client holds a note that contradicts this log");
}

/** Puts a damaged anchor aside and begins another; it may hold the newest head all the same. */
function replaceAnchor({ settings }: Opened): HeadAnchor {
  renameSync(settings.anchorPath, `${settings.anchorPath}.damaged-${Date.now()}`);
  return HeadAnchor.open(settings.anchorPath, { create: true });
}

/** What anchor, journal and clients say of one another. */
function judge(opened: Opened): Judged {
  const { settings, journal, identity, keyring, sealed } = opened;
  let anchor: HeadAnchor;
  try {
    anchor = HeadAnchor.open(settings.anchorPath, { create: true });
  } catch (reason) {
    if (!(reason instanceof StoreError) || reason.code !== "ANCHOR_DAMAGED") throw reason;
    return { anchor: undefined, verdict: reason, isCopy: false };
  }
  try {
    const detected = readVerdict(opened);
    if (detected) throw detected;
    const { storeId, generation: keyringGeneration } = keyring.keyring;
    checkIdentity(identity, { storeId, keyringGeneration, logKeySeed: sealed.logKeySeed });
    const head = checkHead({
      journal,
      anchor,
      verifier: parseVkey(identity.logVkey),
      journalInode: journalInode(settings.path),
    });
    return { anchor, isCopy: head.isCopy };
  } catch (reason) {
    if (reason instanceof StoreError) return { anchor, verdict: reason, isCopy: false };
    throw reason;
  }
}

function append(
  opened: Opened,
  bodies: readonly { kind: EntryKind; body: Uint8Array }[],
): { size: bigint; root: Uint8Array } {
  const { journal } = opened;
  const tree = TreeEdge.load(journal, journal.size());
  const scopes = new ScopeHeads({ journal, newestOfScope: () => [] });
  scopes.loadControl();
  const newest = journal.readEntry(journal.size() - 1);
  if (!newest) throw new StoreError("NOT_A_STORE", "promote: the log is empty");
  const timeMs = Math.max(Number(parseLeaf(newest.leaf).timeUnixMs), Date.now());
  const draft = new Draft(tree, scopes, { previous: hashLeaf(newest.leaf), timeMs });
  const salt = randomBytes(16);
  const evidencePrivate = encodeEvidencePrivate({ principal: "operator-offline", salt });
  for (const { kind, body } of bodies) {
    draft.add({
      kind,
      body,
      bodyHash: sha256(body),
      scope: CONTROL_SCOPE,
      evidencePrivate,
      evidencePrivateHash: sha256(evidencePrivate),
    });
  }
  journal.commit({ ...draft.toBatch(), filterSegments: [] });
  return { size: BigInt(tree.size), root: tree.root() };
}

function keyEvent(
  event: string,
  reason: string,
  generation: number,
): { kind: EntryKind; body: Uint8Array } {
  const details = [{ name: "reason", value: reason }];
  const keyringGeneration = BigInt(generation);
  const body = encodeKeyEvent({ event, subject: "store", details, keyringGeneration });
  return { kind: ENTRY_KINDS["key-event"], body };
}

function writeAnchor(
  { settings, journal }: Opened,
  anchor: HeadAnchor,
  head: { note: Uint8Array; size: bigint; sides: Uint8Array | undefined },
): void {
  const inode = journalInode(settings.path);
  const sides = SideDigests.resume(head.sides);
  sides.advance(journal, Number(head.size));
  anchor.write({ note: head.note, inode, clean: true, lagMs: 0, sides: sides.encode() });
  anchor.close();
}

function requireReason(reason: string): void {
  const bytes = Buffer.byteLength(reason);
  if (bytes > 0 && bytes <= REASON_BYTES_MAX) return;
  throw new StoreError("INVALID_ARGUMENT", "promote: give a reason of 1–1,024 bytes");
}
