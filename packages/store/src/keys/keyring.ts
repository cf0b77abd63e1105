/**
 * The keyring's life: make, open, change. Opening goes parse → limits → unwrap → MAC before any
 * database is touched; the MAC is also the key-check value, so that later failures of a database
 * are damage and never a wrong key.
 */
import { createHmac, randomBytes, randomUUID, timingSafeEqual } from "node:crypto";
import { StoreError } from "../errors.ts";
import type { Cipher } from "./cipher-name.ts";
import { deriveFileKey, deriveKeyringMacKey, type FileRole, KEY_BYTES, wipe } from "./derive.ts";
import { canonicalJson } from "./jcs.ts";
import type { KeySource } from "./key-source.ts";
import { fileSalt, type Keyring, parseKeyring, readKeyring, SLOTS_MAX } from "./keyring-file.ts";
import {
  newSealedSection,
  openSection,
  type SealedSection,
  sealSection,
  wipeSection,
} from "./sealed.ts";
import { type Argon2Cost, slotKindOf, unwrapSlot, wrapSlot } from "./slots.ts";

/** A keyring whose MAC was checked, and its data key; the owner wipes the key at close. */
export interface OpenedKeyring {
  readonly keyring: Keyring;
  readonly dataKey: Uint8Array;
}

export interface CreateKeyringOptions {
  readonly cipher: Cipher;
  readonly source: KeySource;
  /** Default: a random UUID. */
  readonly storeId?: string;
  /** Default t=3, m=65536 KiB, p=4. */
  readonly argon2?: Argon2Cost;
  /** Default: new seeds and a new root secret; copies carry theirs over. */
  readonly sealed?: SealedSection;
  /** Marks a restored or replicated copy, which must not sign until it is promoted. */
  readonly standby?: boolean;
}

export interface OpenKeyringOptions {
  readonly expectedStoreId?: string;
  /** The configured cipher; another one in the file is CIPHER_MISMATCH. */
  readonly expectedCipher?: Cipher;
}

type Unsigned = Omit<Keyring, "mac">;

/** A new data key and generation 1; nothing is written. Wipes the source's secret. */
export async function createKeyring(options: CreateKeyringOptions): Promise<OpenedKeyring> {
  const { cipher, source, storeId = randomUUID() } = options;
  try {
    checkSourceFitsCipher(source, cipher);
    const dataKey = new Uint8Array(randomBytes(KEY_BYTES));
    const slot = await wrapSlot(storeId, dataKey, source, options.argon2);
    const sealed = sealNewOr(options.sealed, storeId, dataKey);
    const salts = { journal: newSalt(), index: newSalt(), state: newSalt() };
    const unsigned: Unsigned = {
      storeId,
      cipher,
      generation: 1,
      salts,
      slots: [slot],
      sealed: Buffer.from(sealed).toString("base64"),
      ...(options.standby ? { standby: true } : {}),
    };
    return { keyring: signed(unsigned, dataKey), dataKey };
  } finally {
    wipe(source.secret);
  }
}

/** Opens keyring.json. Wipes the source's secret, also when it throws. */
export async function openKeyring(
  path: string,
  source: KeySource,
  options: OpenKeyringOptions = {},
): Promise<OpenedKeyring> {
  try {
    const keyring = readKeyring(path);
    checkExpected(keyring, options);
    const dataKey = await unwrap(keyring, source);
    checkMac(keyring, dataKey);
    return { keyring, dataKey };
  } finally {
    wipe(source.secret);
  }
}

/** The seeds and the root secret; the caller wipes them. */
export function openSealed({ keyring, dataKey }: OpenedKeyring): SealedSection {
  return openSection(dataKey, keyring.storeId, Buffer.from(keyring.sealed, "base64"));
}

/** The key of one database file; KEYRING_MALFORMED if the keyring has no salt for that role. */
export function fileKey({ keyring, dataKey }: OpenedKeyring, role: FileRole): Uint8Array {
  const salt = fileSalt(keyring, role);
  if (salt === undefined) {
    throw new StoreError("KEYRING_MALFORMED", `derive the key of ${role}: it has no salt`);
  }
  return deriveFileKey(dataKey, salt, role);
}

/**
 * Lends file keys to a call that copies them before it returns, as a message to a thread does, or
 * is done with them; they are wiped whatever becomes of it.
 */
export function lendFileKeys<R extends FileRole, T>(
  opened: OpenedKeyring,
  roles: readonly R[],
  call: (keys: Record<R, Uint8Array>) => T,
): T {
  const keys = Object.fromEntries(roles.map((role) => [role, fileKey(opened, role)]));
  try {
    return call(keys as Record<R, Uint8Array>);
  } finally {
    wipe(...Object.values(keys));
  }
}

/** 64 hex digits: real SQLCipher opens the file with `PRAGMA key = "x'…'"`. */
export function exportFileKey(opened: OpenedKeyring, role: FileRole): string {
  const key = fileKey(opened, role);
  const hex = Buffer.from(key).toString("hex");
  wipe(key);
  return hex;
}

/** The next generation with one more slot. Wipes the source's secret. */
export async function addSlot(
  { keyring, dataKey }: OpenedKeyring,
  source: KeySource,
  argon2?: Argon2Cost,
): Promise<Keyring> {
  try {
    checkSourceFitsCipher(source, keyring.cipher);
    if (keyring.slots.length >= SLOTS_MAX) {
      throw new StoreError("INVALID_ARGUMENT", `add a slot: there are ${SLOTS_MAX} already`);
    }
    const slot = await wrapSlot(keyring.storeId, dataKey, source, argon2);
    return next(keyring, dataKey, { slots: [...keyring.slots, slot] });
  } finally {
    wipe(source.secret);
  }
}

/** The next generation without one slot; the last slot stays. */
export function removeSlot({ keyring, dataKey }: OpenedKeyring, slotId: string): Keyring {
  const slots = keyring.slots.filter((slot) => slot.id !== slotId);
  if (slots.length === keyring.slots.length) {
    throw new StoreError("NOT_FOUND", `remove slot ${slotId}: there is no such slot`);
  }
  if (slots.length === 0) {
    throw new StoreError("INVALID_ARGUMENT", "remove the last slot: nothing could open the store");
  }
  return next(keyring, dataKey, { slots });
}

/** The next generation with a new salt for one file: a new file never has an old file's key. */
export function renewSalt({ keyring, dataKey }: OpenedKeyring, role: FileRole): Keyring {
  return next(keyring, dataKey, { salts: { ...keyring.salts, [role]: newSalt() } });
}

/** The next generation with another sealed section: a new log key, say. */
export function replaceSealed(
  { keyring, dataKey }: OpenedKeyring,
  section: SealedSection,
): Keyring {
  const sealed = Buffer.from(sealSection(dataKey, keyring.storeId, section)).toString("base64");
  return next(keyring, dataKey, { sealed });
}

/** The next generation with or without the standby mark. */
export function markStandby({ keyring, dataKey }: OpenedKeyring, standby: boolean): Keyring {
  const { standby: _, ...rest } = keyring;
  return next(rest, dataKey, standby ? { standby: true } : {});
}

/** The log knows a newer generation than the file: KEYRING_ROLLED_BACK. */
export function checkGeneration(keyring: Keyring, loggedGeneration: number): void {
  if (keyring.generation >= loggedGeneration) return;
  const { generation } = keyring;
  throw new StoreError(
    "KEYRING_ROLLED_BACK",
    `refuse the keyring: it is generation ${generation}, the log knows ${loggedGeneration}`,
    { metadata: { generation: String(generation), logged: String(loggedGeneration) } },
  );
}

function sealNewOr(
  given: SealedSection | undefined,
  storeId: string,
  dataKey: Uint8Array,
): Uint8Array {
  if (given !== undefined) return sealSection(dataKey, storeId, given);
  const fresh = newSealedSection();
  const sealed = sealSection(dataKey, storeId, fresh);
  wipeSection(fresh);
  return sealed;
}

function next(keyring: Unsigned, dataKey: Uint8Array, change: Partial<Unsigned>): Keyring {
  return signed({ ...keyring, ...change, generation: keyring.generation + 1 }, dataKey);
}

function signed(unsigned: Unsigned, dataKey: Uint8Array): Keyring {
  const keyring = { ...unsigned, mac: macOf(unsigned, dataKey).toString("base64") };
  // Nothing is handed out that would not be read back.
  return parseKeyring(new TextEncoder().encode(`${canonicalJson(keyring)}\n`));
}

function macOf(keyring: Unsigned, dataKey: Uint8Array): Buffer {
  const { mac: _, ...unsigned } = keyring as Keyring;
  const key = deriveKeyringMacKey(dataKey);
  const mac = createHmac("sha256", key).update(canonicalJson(unsigned)).digest();
  wipe(key);
  return mac;
}

function checkMac(keyring: Keyring, dataKey: Uint8Array): void {
  if (timingSafeEqual(macOf(keyring, dataKey), Buffer.from(keyring.mac, "base64"))) return;
  wipe(dataKey);
  const message = "refuse keyring.json: the key opens it, but it was changed by something else";
  throw new StoreError("KEYRING_EDITED", message, { metadata: { storeId: keyring.storeId } });
}

function checkExpected(keyring: Keyring, options: OpenKeyringOptions): void {
  const { expectedStoreId, expectedCipher } = options;
  if (expectedStoreId !== undefined && expectedStoreId !== keyring.storeId) {
    const message = `refuse keyring.json: it is of store ${keyring.storeId}`;
    throw new StoreError("KEYRING_FOREIGN", message, {
      metadata: { storeId: keyring.storeId, expected: expectedStoreId },
    });
  }
  if (expectedCipher !== undefined && expectedCipher !== keyring.cipher) {
    const message = `open with cipher ${expectedCipher}: the store has cipher ${keyring.cipher}`;
    throw new StoreError("CIPHER_MISMATCH", message, { metadata: { cipher: keyring.cipher } });
  }
}

async function unwrap(keyring: Keyring, source: KeySource): Promise<Uint8Array> {
  const kind = slotKindOf(source);
  const slots = keyring.slots.filter((slot) => slot.kind === kind);
  for (const slot of slots) {
    const dataKey = await unwrapSlot(keyring.storeId, slot, source);
    if (dataKey !== undefined) return dataKey;
  }
  throw noSlotOpens(keyring, source);
}

function noSlotOpens(keyring: Keyring, source: KeySource): StoreError {
  const metadata = { storeId: keyring.storeId, setting: source.label };
  const hasOpenSlot = keyring.slots.some((slot) => slot.kind === "none");
  if (source.kind === "none") {
    const message = "open without a key: the store has one; set its key source";
    return new StoreError("KEY_REQUIRED", message, { metadata });
  }
  if (hasOpenSlot && keyring.slots.length === 1) {
    // Else an attacker could swap in a plaintext store and nobody who set a key would notice.
    const message = `open with ${source.label}: the store is not encrypted; say none:// to open it`;
    return new StoreError("NOT_ENCRYPTED", message, { metadata });
  }
  const message = `open with ${source.label}: no slot of the keyring opens with this key`;
  return new StoreError("WRONG_KEY", message, { metadata });
}

function checkSourceFitsCipher(source: KeySource, cipher: Cipher): void {
  if (source.kind !== "none" || cipher === "none") return;
  const message = `use cipher ${cipher} with none://: a cipher needs a key`;
  throw new StoreError("CIPHER_MISMATCH", message, { metadata: { cipher } });
}

function newSalt(): string {
  return randomBytes(KEY_BYTES).toString("base64");
}
