// Who a store is, told by its own log: the genesis entry, then every key event and epoch, which
// form a chain of their own. What security rests on is replayed from here and from nowhere else.
import {
  ENTRY_KINDS,
  ed25519,
  ed25519Verifier,
  equalBytes,
  formatVkey,
  hashEvidence,
  hashSubject,
  parseBody,
  parseEvidencePublic,
  parseLeaf,
  sha256,
} from "@strongroom/protocol";
import { unpackEvidence } from "../engine/pack-evidence.ts";
import type { EntryRow, JournalReader } from "../engine/port.ts";
import { StoreError } from "../errors.ts";

/** A key event in plain form. */
export interface ControlEvent {
  index: number;
  atMs: number;
  event: string;
  subject: string;
  details: { name: string; value: string }[];
  /** The key that the event is about; empty where there is none. */
  publicKey?: Uint8Array;
}

/** One origin the log has had, with the keys that signed under it. */
export interface OriginKey {
  origin: string;
  logVkey: string;
  /** Size of the log where it began. */
  fromSize: number;
}

export interface Identity {
  storeId: string;
  genesisOrigin: string;
  /** The origin in force: the genesis one, or that of the newest epoch. */
  origin: string;
  logVkey: string;
  snapshotVkey: string;
  /** Oldest first. */
  origins: OriginKey[];
  /** Newest keyring generation that the log knows. */
  keyringGeneration: number;
  /** Every key event, the genesis first. */
  events: ControlEvent[];
}

/** Throws NOT_A_STORE, or STORE_FORKED when the chain of key events does not hold. */
export function readIdentity(journal: JournalReader): Identity {
  const rows = readControlRows(journal);
  const genesis = rows[0];
  if (genesis?.index !== 0) {
    throw new StoreError("NOT_A_STORE", "open store: its log has no genesis entry");
  }
  const identity = startIdentity(toEvent(genesis));
  for (const row of rows) applyRow(identity, row);
  return identity;
}

/** Throws KEYRING_FOREIGN or KEYRING_ROLLED_BACK unless keyring and log belong together. */
export function checkIdentity(
  identity: Identity,
  keyring: { storeId: string; keyringGeneration: number; logKeySeed: Uint8Array },
): void {
  const { origin, logVkey, storeId } = identity;
  const vkey = formatVkey(ed25519Verifier(origin, ed25519.publicKey(keyring.logKeySeed)));
  if (keyring.storeId !== storeId) {
    throw new StoreError(
      "KEYRING_FOREIGN",
      `open store: its log is of store ${storeId}, its keyring of store ${keyring.storeId}`,
    );
  }
  if (keyring.keyringGeneration < identity.keyringGeneration) {
    const known = identity.keyringGeneration;
    throw new StoreError(
      "KEYRING_ROLLED_BACK",
      `open store: its keyring is generation ${keyring.keyringGeneration}, its log knows ${known}`,
    );
  }
  if (vkey !== logVkey) {
    throw new StoreError(
      "KEYRING_FOREIGN",
      "open store: the log key in its keyring is not the one its log names; see `strongroom store promote`",
    );
  }
}

function readControlRows(journal: JournalReader): EntryRow[] {
  let previous: Uint8Array = new Uint8Array(32);
  return journal.readControl().map((index, position) => {
    const row = journal.readEntry(index);
    const evidence = row && checkedEvidence(row);
    const links =
      evidence &&
      equalBytes(evidence.scopePrevious, previous) &&
      evidence.scopeIndex === BigInt(position);
    if (!row || !links) {
      throw new StoreError(
        "STORE_FORKED",
        `open store: key event at entry ${index} does not follow the one before`,
        { metadata: { index: String(index) } },
      );
    }
    previous = parseLeaf(row.leaf).evidence;
    return row;
  });
}

/** The row's public evidence, if body and evidence are what the leaf commits to. */
function checkedEvidence(row: EntryRow) {
  const leaf = parseLeaf(row.leaf);
  const evidence = unpackEvidence(row.evidence);
  const holds =
    equalBytes(leaf.subject, hashSubject(row.blind, sha256(row.body))) &&
    equalBytes(leaf.evidence, hashEvidence(sha256(evidence.public), evidence.privateHash));
  return holds ? parseEvidencePublic(evidence.public) : undefined;
}

function startIdentity(genesis: ControlEvent): Identity {
  const origin = detail(genesis, "origin");
  const logVkey = detail(genesis, "log-vkey");
  return {
    storeId: detail(genesis, "store-id"),
    genesisOrigin: origin,
    origin,
    logVkey,
    snapshotVkey: detail(genesis, "snapshot-vkey"),
    origins: [{ origin, logVkey, fromSize: 0 }],
    keyringGeneration: 0,
    events: [],
  };
}

function applyRow(identity: Identity, row: EntryRow): void {
  if (parseLeaf(row.leaf).kind === ENTRY_KINDS.epoch) {
    const body = parseBody("epoch", row.body);
    identity.origin = body.newOrigin;
    identity.logVkey = body.newVkey;
    const { newOrigin: origin, newVkey: logVkey } = body;
    identity.origins.push({ origin, logVkey, fromSize: row.index });
    return;
  }
  const { keyringGeneration } = parseBody("key-event", row.body);
  identity.keyringGeneration = Math.max(identity.keyringGeneration, Number(keyringGeneration));
  identity.events.push(toEvent(row));
}

function toEvent(row: EntryRow): ControlEvent {
  const { event, subject, details, publicKey } = parseBody("key-event", row.body);
  return {
    index: row.index,
    atMs: Number(parseLeaf(row.leaf).timeUnixMs),
    event,
    subject,
    details: details.map(({ name, value }) => ({ name, value })),
    ...(publicKey.length > 0 ? { publicKey } : {}),
  };
}

function detail(event: ControlEvent, name: string): string {
  const found = event.details.find((one) => one.name === name);
  if (found) return found.value;
  throw new StoreError("NOT_A_STORE", `open store: its genesis entry has no ${name}`);
}
