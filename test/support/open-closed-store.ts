// Opens the files of a closed store with nothing but the formats page, SQLite and node:crypto: a
// second implementation, so that the store's own code never vouches for itself.
import { createDecipheriv, createHmac, hkdfSync, timingSafeEqual } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import Sqlite, { type Database } from "better-sqlite3-multiple-ciphers";

interface Slot {
  id: string;
  kind: "key" | "passphrase" | "none";
  parameters: Record<string, unknown>;
  wrapped: string;
}
interface Keyring {
  storeId: string;
  cipher: "aegis256" | "sqlcipher" | "chacha20" | "none";
  salts: Record<string, string>;
  slots: Slot[];
  mac: string;
}
export interface AnchorSlot {
  sequence: bigint;
  clean: boolean;
  note: Uint8Array;
}

/**
 * A connection to journal.db, read-only unless a test means to edit it; `key` is the raw 32-byte
 * key, or undefined for none.
 */
export function openJournal(
  folder: string,
  key?: Uint8Array,
  options: { readonly: boolean } = { readonly: true },
): Database {
  const keyring = readKeyring(folder);
  const dataKey = unwrapDataKey(keyring, key);
  checkMac(keyring, dataKey);
  const salt = Buffer.from(keyring.salts.journal ?? "", "base64");
  const fileKey = hkdf(dataKey, salt, "strongroom/file/v1/journal").toString("hex");
  const db = new Sqlite(join(folder, "journal.db"), { ...options, fileMustExist: true });
  switch (keyring.cipher) {
    case "aegis256":
      db.pragma("cipher='aegis'");
      db.pragma("algorithm='aegis-256'");
      db.pragma(`key="raw:${fileKey}"`);
      break;
    case "sqlcipher":
      db.pragma("cipher='sqlcipher'");
      db.pragma("legacy=4");
      db.pragma(`key="x'${fileKey}'"`);
      break;
    case "chacha20":
      db.pragma("cipher='chacha20'");
      db.pragma(`key="raw:${fileKey}"`);
      break;
    case "none":
      break;
  }
  return db;
}

/** The newest valid slot of head.anchor. */
export function readAnchor(path: string): AnchorSlot | undefined {
  if (!existsSync(path)) return undefined;
  const bytes = readFileSync(path);
  const slots = [bytes.subarray(0, 4096), bytes.subarray(4096, 8192)].flatMap(parseAnchorSlot);
  return slots.sort((a, b) => Number(b.sequence - a.sequence))[0];
}

function parseAnchorSlot(slot: Buffer): AnchorSlot[] {
  if (slot.subarray(0, 8).toString("latin1") !== "SRANCHR2") return [];
  const noteLength = slot.readUInt16BE(29);
  return [
    {
      sequence: slot.readBigUInt64BE(8),
      clean: (slot.readUInt8(16) & 1) === 1,
      note: new Uint8Array(slot.subarray(31, 31 + noteLength)),
    },
  ];
}

function readKeyring(folder: string): Keyring {
  return JSON.parse(readFileSync(join(folder, "keyring.json"), "utf8"));
}

function unwrapDataKey(keyring: Keyring, key: Uint8Array | undefined): Buffer {
  for (const slot of keyring.slots) {
    const wrapped = Buffer.from(slot.wrapped, "base64");
    if (slot.kind === "none") return wrapped;
    if (slot.kind !== "key" || key === undefined) continue;
    const { id: slotId, kind, parameters } = slot;
    const box = createDecipheriv("aes-256-gcm", key, wrapped.subarray(0, 12));
    box.setAAD(Buffer.from(sortedJson({ storeId: keyring.storeId, slotId, kind, parameters })));
    box.setAuthTag(wrapped.subarray(-16));
    return Buffer.concat([box.update(wrapped.subarray(12, -16)), box.final()]);
  }
  throw new Error("no slot of the keyring opens with this key");
}

function checkMac(keyring: Keyring, dataKey: Buffer): void {
  const { mac, ...rest } = keyring;
  const key = hkdf(dataKey, Buffer.alloc(0), "strongroom/keyring-mac/v1");
  const expected = createHmac("sha256", key).update(sortedJson(rest)).digest();
  if (!timingSafeEqual(expected, Buffer.from(mac, "base64"))) throw new Error("keyring MAC");
}

function hkdf(key: Buffer, salt: Buffer, info: string): Buffer {
  return Buffer.from(hkdfSync("sha256", key, salt, info, 32));
}

// RFC 8785 for what a keyring holds: objects, arrays, strings, safe integers, booleans.
function sortedJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(sortedJson).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([name, v]) => `${JSON.stringify(name)}:${sortedJson(v)}`).join(",")}}`;
}
