/**
 * keyring.json: its members, strict parsing and atomic replacement. The file is exactly its own
 * RFC 8785 JSON and one newline, so that no two files mean the same keyring and no byte of it can
 * change unnoticed. Parsing proves nothing: the MAC does, in keyring.ts.
 */
import { createHash, randomBytes } from "node:crypto";
import {
  closeSync,
  existsSync,
  fchmodSync,
  fstatSync,
  fsyncSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { StoreError } from "../errors.ts";
import { fileError } from "../file-error.ts";
import { NONCE_BYTES, TAG_BYTES } from "./box.ts";
import { type Cipher, isCipher } from "./cipher-name.ts";
import { FILE_ROLES, type FileRole, KEY_BYTES } from "./derive.ts";
import { canonicalJson } from "./jcs.ts";
import { ARGON2_SALT_BYTES, checkArgon2, SLOT_KINDS, type Slot, type SlotKind } from "./slots.ts";

/** Bytes are padded base64. `standby` is present only on a copy that must not sign. */
export type Keyring = {
  readonly storeId: string;
  readonly cipher: Cipher;
  /** From 1, raised by every change. */
  readonly generation: number;
  readonly salts: { readonly [role in FileRole]?: string };
  readonly slots: readonly Slot[];
  readonly sealed: string;
  readonly mac: string;
  readonly standby?: true;
};

export const KEYRING_BYTES_MAX = 64 * 1024;
export const SLOTS_MAX = 16;
const STORE_ID = /^[0-9a-zA-Z_-]{1,64}$/;
const SLOT_ID = /^[0-9a-f]{16}$/;
const ROLES_REQUIRED: readonly FileRole[] = ["journal", "index", "state"];
const BOX_OVERHEAD = NONCE_BYTES + TAG_BYTES;

/** Reads and parses; KEYRING_MISSING if a journal lies beside the path, else NOT_A_STORE. */
export function readKeyring(path: string): Keyring {
  return parseKeyring(readBytes(path));
}

/** Throws KEYRING_MALFORMED, or KDF_LIMITS for Argon2id parameters out of bounds. */
export function parseKeyring(bytes: Uint8Array): Keyring {
  if (bytes.length > KEYRING_BYTES_MAX) {
    throw malformed(`longer than ${KEYRING_BYTES_MAX} bytes`);
  }
  let keyring: Keyring;
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    const value: unknown = JSON.parse(text);
    checkKeyring(value);
    if (text !== formatKeyring(value)) throw malformed("not its own canonical form");
    keyring = value;
  } catch (cause) {
    if (cause instanceof StoreError) throw cause;
    // The parser's own message quotes the file, which may hold an open data key: drop it.
    throw malformed("not JSON in UTF-8");
  }
  for (const slot of keyring.slots) if (slot.kind === "passphrase") checkArgon2(slot.parameters);
  return keyring;
}

/** What stands in the file. */
export function formatKeyring(keyring: Keyring): string {
  return `${canonicalJson(keyring)}\n`;
}

/** SHA-256 of the canonical JSON; the genesis entry and key events carry it. */
export function keyringDigest(keyring: Keyring): Uint8Array {
  return new Uint8Array(createHash("sha256").update(canonicalJson(keyring)).digest());
}

/** The 32 bytes that a role's file key is derived with, if the keyring has that role. */
export function fileSalt(keyring: Keyring, role: FileRole): Uint8Array | undefined {
  const salt = keyring.salts[role];
  return salt === undefined ? undefined : Uint8Array.from(Buffer.from(salt, "base64"));
}

/** Replaces the file atomically with mode 0600: a crash leaves the old or the new one. */
export function writeKeyring(path: string, keyring: Keyring): void {
  const temporary = `${path}.${randomBytes(6).toString("hex")}.tmp`;
  try {
    const file = openSync(temporary, "wx", 0o600);
    try {
      fchmodSync(file, 0o600);
      writeFileSync(file, formatKeyring(keyring));
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
    syncFolder(dirname(path));
  } catch (cause) {
    rmSync(temporary, { force: true });
    throw fileError(cause, "write", path);
  }
}

function syncFolder(path: string): void {
  const folder = openSync(path, "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

function readBytes(path: string): Uint8Array {
  let file: number;
  try {
    file = openSync(path, "r");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") throw missing(path);
    throw fileError(cause, "open", path);
  }
  try {
    if (!fstatSync(file).isFile()) throw malformed("not a regular file");
    const buffer = new Uint8Array(KEYRING_BYTES_MAX + 1);
    let length = 0;
    for (let n = -1; n !== 0 && length < buffer.length; length += n) {
      n = readSync(file, buffer, length, buffer.length - length, length);
    }
    return buffer.subarray(0, length);
  } finally {
    closeSync(file);
  }
}

function missing(path: string): StoreError {
  const folder = dirname(path);
  if (existsSync(join(folder, "journal.db"))) {
    const message = `open ${folder}: keyring.json is missing, and without it nothing can be read`;
    return new StoreError("KEYRING_MISSING", message, { metadata: { path } });
  }
  return new StoreError("NOT_A_STORE", `open ${folder}: there is no store`, {
    metadata: { path: folder },
  });
}

function checkKeyring(value: unknown): asserts value is Keyring {
  const members = ["storeId", "cipher", "generation", "salts", "slots", "sealed", "mac"];
  const file = record(value, "the file", members, ["standby"]);
  if (typeof file.storeId !== "string" || !STORE_ID.test(file.storeId)) throw malformed("storeId");
  if (!isCipher(file.cipher)) throw malformed("cipher");
  if (!Number.isSafeInteger(file.generation) || Number(file.generation) < 1) {
    throw malformed("generation");
  }
  if ("standby" in file && file.standby !== true) throw malformed("standby");
  const optional = FILE_ROLES.filter((role) => !ROLES_REQUIRED.includes(role));
  const salts = record(file.salts, "salts", ROLES_REQUIRED, optional);
  for (const role of Object.keys(salts)) checkBytes(salts[role], `salts.${role}`, KEY_BYTES);
  checkBytes(file.sealed, "sealed");
  checkBytes(file.mac, "mac", 32);
  checkSlots(file.slots, file.cipher);
}

function checkSlots(value: unknown, cipher: Cipher): void {
  if (!Array.isArray(value) || value.length < 1 || value.length > SLOTS_MAX) {
    throw malformed(`slots: want 1 to ${SLOTS_MAX}`);
  }
  const ids = new Set<string>();
  for (const item of value as unknown[]) {
    const slot = record(item, "slot", ["id", "kind", "parameters", "wrapped"]);
    if (typeof slot.id !== "string" || !SLOT_ID.test(slot.id)) throw malformed("slot id");
    if (ids.has(slot.id)) throw malformed("slot id twice");
    ids.add(slot.id);
    const kind = slot.kind as SlotKind;
    if (!SLOT_KINDS.includes(kind)) throw malformed("slot kind");
    if (kind === "none" && cipher !== "none") throw malformed("open data key beside a cipher");
    checkBytes(slot.wrapped, "wrapped", kind === "none" ? KEY_BYTES : KEY_BYTES + BOX_OVERHEAD);
    const names = kind === "passphrase" ? ["m", "p", "salt", "t"] : [];
    const parameters = record(slot.parameters, "parameters", names);
    if (kind !== "passphrase") continue;
    checkBytes(parameters.salt, "parameters.salt", ARGON2_SALT_BYTES);
    const isCost = ["t", "m", "p"].every((name) => Number.isSafeInteger(parameters[name]));
    if (!isCost) throw malformed("parameters");
  }
}

function record(
  value: unknown,
  what: string,
  required: readonly string[],
  optional: readonly string[] = [],
): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw malformed(what);
  const names = Object.keys(value);
  const unknown = names.some((name) => !required.includes(name) && !optional.includes(name));
  if (unknown || required.some((name) => !names.includes(name))) {
    throw malformed(`${what}: missing or unknown members`);
  }
  return value as Record<string, unknown>;
}

function checkBytes(value: unknown, what: string, length?: number): void {
  if (typeof value !== "string") throw malformed(what);
  const bytes = Buffer.from(value, "base64");
  const isCanonical = bytes.toString("base64") === value;
  if (!isCanonical || (length !== undefined && bytes.length !== length)) throw malformed(what);
}

function malformed(what: string): StoreError {
  return new StoreError("KEYRING_MALFORMED", `refuse keyring.json: ${what}`);
}
