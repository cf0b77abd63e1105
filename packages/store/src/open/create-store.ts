// Makes a store: keyring, journal with its genesis entry, anchor. A file marks the folder until
// all is there, so that a creation that was cut short is begun again; the anchor comes last, so
// that a store that ever acknowledged anything is never taken for an unfinished one.
import { randomBytes } from "node:crypto";
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import {
  ENTRY_KINDS,
  ed25519,
  ed25519Signer,
  ed25519Verifier,
  encodeEvidencePrivate,
  encodeKeyEvent,
  formatVkey,
  isKeyName,
  sha256,
  signCheckpoint,
  toHex,
} from "@strongroom/protocol";
import { HeadAnchor } from "../anchor/head-anchor.ts";
import { Draft } from "../commit/draft.ts";
import { CONTROL_SCOPE, ScopeHeads } from "../commit/scope-heads.ts";
import { TreeEdge } from "../commit/tree-edge.ts";
import { SideDigests } from "../engine/side-digests.ts";
import { createJournal, journalInode, openJournalWriter } from "../engine/sqlite/open.ts";
import { StoreError } from "../errors.ts";
import { fileError } from "../file-error.ts";
import { wipe } from "../keys/derive.ts";
import type { KeySource } from "../keys/key-source.ts";
import { createKeyring, fileKey, type OpenedKeyring, openSealed } from "../keys/keyring.ts";
import { keyringDigest, writeKeyring } from "../keys/keyring-file.ts";
import { wipeSection } from "../keys/sealed.ts";
import type { OpenOptions, Settings } from "../options.ts";
import { requirePrincipalName } from "../state/principals.ts";
import type { Cipher } from "../types.ts";

const MARK = "creating";
const KEYRING = "keyring.json";
/** What an unfinished creation may have left. */
const LEFTOVERS = /^(creating|keyring\.json.*|(journal|index|state)\.db(-wal|-shm)?)$/;
/** Not part of a store: the lock is taken before the store is made. */
const IGNORED = /^(lost\+found|store\.(lock|pid).*|unfinished-.*)$/;

export function keyringPath(folder: string): string {
  return join(folder, KEYRING);
}

/** Whether the folder is missing, empty or left by a creation that never finished. */
export function isVacant(settings: Settings): boolean {
  // An anchor exists only once a creation has reached its end: then an empty folder is a store
  // whose volume is missing, and making another one would overwrite what protects it.
  if (existsSync(settings.anchorPath)) return false;
  const names = listFolder(settings.path);
  return names.length === 0 || names.includes(MARK);
}

/** Removes the mark of a creation that ended but was cut short before it could do so itself. */
export function finishCreation(settings: Settings): void {
  const mark = join(settings.path, MARK);
  if (!existsSync(mark)) return;
  rmSync(mark);
  syncFolder(settings.path);
}

export async function createStore(
  options: OpenOptions,
  settings: Settings,
  source: KeySource,
): Promise<void> {
  const cipher = options.cipher ?? (source.kind === "none" ? "none" : "aegis256");
  requireOrigin(options.origin);
  requirePrincipalName(options.operatorName ?? "operator");
  markFolder(settings.path);
  const opened = await createKeyring({ cipher, source });
  writeKeyring(keyringPath(settings.path), opened.keyring);
  writeGenesis(options, settings, opened);
  rmSync(join(settings.path, MARK));
  syncFolder(settings.path);
}

function writeGenesis(options: OpenOptions, settings: Settings, opened: OpenedKeyring): void {
  const { keyring } = opened;
  const sealed = openSealed(opened);
  const origin = options.origin ?? `strongroom.invalid/${keyring.storeId}`;
  const key = fileKey(opened, "journal");
  const engine = { folder: settings.path, cipher: keyring.cipher as Cipher, fileKey: key };
  createJournal(engine, Date.now());
  const journal = openJournalWriter(engine);
  try {
    const tree = new TreeEdge();
    const scopes = new ScopeHeads({ journal, newestOfScope: () => [] });
    const start = { previous: new Uint8Array(32), timeMs: Date.now() };
    const draft = new Draft(tree, scopes, start);
    const operator = options.operatorName ?? "operator";
    const body = encodeGenesis({ opened, sealed, origin, operator });
    const evidencePrivate = encodeEvidencePrivate({ principal: operator, salt: randomBytes(16) });
    draft.add({
      kind: ENTRY_KINDS["key-event"],
      body,
      bodyHash: sha256(body),
      scope: CONTROL_SCOPE,
      evidencePrivate,
      evidencePrivateHash: sha256(evidencePrivate),
    });
    journal.commit({ ...draft.toBatch(), filterSegments: [] });
    const checkpoint = { origin, size: 1n, root: tree.root() };
    const note = signCheckpoint(checkpoint, [ed25519Signer(origin, sealed.logKeySeed)]);
    const anchor = HeadAnchor.open(settings.anchorPath, { create: true });
    const sides = SideDigests.resume();
    sides.advance(journal, 1);
    const inode = journalInode(settings.path);
    anchor.write({ note, inode, clean: true, lagMs: 0, sides: sides.encode() });
    anchor.close();
  } finally {
    journal.close();
    wipe(key, opened.dataKey);
    wipeSection(sealed);
  }
}

function encodeGenesis(from: {
  opened: OpenedKeyring;
  sealed: { logKeySeed: Uint8Array; snapshotKeySeed: Uint8Array };
  origin: string;
  operator: string;
}): Uint8Array {
  const { keyring } = from.opened;
  const vkey = (name: string, seed: Uint8Array): string =>
    formatVkey(ed25519Verifier(name, ed25519.publicKey(seed)));
  const details = {
    "store-id": keyring.storeId,
    origin: from.origin,
    "log-vkey": vkey(from.origin, from.sealed.logKeySeed),
    "snapshot-vkey": vkey(`${from.origin}/snapshot`, from.sealed.snapshotKeySeed),
    "keyring-digest": toHex(keyringDigest(keyring)),
    operator: from.operator,
  };
  return encodeKeyEvent({
    event: "genesis",
    subject: keyring.storeId,
    details: Object.entries(details).map(([name, value]) => ({ name, value })),
    keyringGeneration: BigInt(keyring.generation),
  });
}

function requireOrigin(origin: string | undefined): void {
  if (origin === undefined) return;
  // Origins that end in /e and digits are those of later epochs.
  if (isKeyName(origin) && !/\/e[0-9]+$/.test(origin) && origin.length <= 256) return;
  throw new StoreError(
    "INVALID_ARGUMENT",
    "origin: no spaces, no `+`, no control characters, not ending in /e and digits",
  );
}

/** Makes the folder, so that its lock can be taken. */
export function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw fileError(cause, "create", path);
  }
}

function markFolder(path: string): void {
  try {
    for (const name of readdirSync(path)) {
      // Put aside, not deleted: whatever it is, it is not ours to destroy.
      if (LEFTOVERS.test(name)) renameSync(join(path, name), join(path, `unfinished-${name}`));
    }
    writeFileSync(join(path, MARK), "", { mode: 0o600, flush: true });
    syncFolder(path);
  } catch (cause) {
    throw fileError(cause, "create", path);
  }
}

function listFolder(path: string): string[] {
  try {
    return readdirSync(path).filter((name) => !IGNORED.test(name));
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw fileError(cause, "open", path);
  }
}

function syncFolder(path: string): void {
  const folder = openSync(path, "r");
  fsyncSync(folder);
  closeSync(folder);
}
