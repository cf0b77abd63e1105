/**
 * Keyring slots: the data key wrapped by one key source each. The AAD is the canonical JSON of
 * {storeId, slotId, kind, parameters}, so that a slot moved to another store or given cheaper
 * KDF parameters does not open.
 */
import { randomBytes } from "node:crypto";
import argon2 from "argon2";
import { StoreError } from "../errors.ts";
import { openBox, sealBox } from "./box.ts";
import { KEY_BYTES, wipe } from "./derive.ts";
import { canonicalJson } from "./jcs.ts";
import type { KeySource } from "./key-source.ts";

/** `key`: a 32-byte key from any source; `none`: the data key lies open in the file. */
export type SlotKind = "key" | "passphrase" | "none";
export const SLOT_KINDS: readonly SlotKind[] = ["key", "passphrase", "none"];

/** Argon2id: `t` passes, `m` KiB of memory, `p` lanes, a 16-byte salt in base64. */
export type Argon2Parameters = {
  readonly m: number;
  readonly p: number;
  readonly salt: string;
  readonly t: number;
};

/** Members of a slot in keyring.json. `wrapped` is base64: a box, or 32 bytes for kind none. */
export type Slot = {
  readonly id: string;
  readonly wrapped: string;
} & (
  | { readonly kind: "key" | "none"; readonly parameters: Readonly<Record<string, never>> }
  | { readonly kind: "passphrase"; readonly parameters: Argon2Parameters }
);

export interface Argon2Cost {
  readonly t: number;
  readonly m: number;
  readonly p: number;
}

export const ARGON2_DEFAULT: Argon2Cost = { t: 3, m: 64 * 1024, p: 4 };
export const ARGON2_LIMITS = {
  t: { min: 1, max: 10 },
  m: { min: 19 * 1024, max: 1024 * 1024 },
  p: { min: 1, max: 16 },
} as const;
export const ARGON2_SALT_BYTES = 16;

/** Throws KDF_LIMITS; called before the KDF runs, so that a file cannot order 1 TiB of memory. */
export function checkArgon2(cost: Argon2Cost): void {
  for (const name of ["t", "m", "p"] as const) {
    const { min, max } = ARGON2_LIMITS[name];
    const value = cost[name];
    if (Number.isSafeInteger(value) && value >= min && value <= max) continue;
    const message = `refuse a passphrase slot: Argon2id ${name} is outside ${min} to ${max}`;
    throw new StoreError("KDF_LIMITS", message, { metadata: { parameter: name } });
  }
}

export function slotKindOf(source: KeySource): SlotKind {
  if (source.kind === "passphrase" || source.kind === "none") return source.kind;
  return "key";
}

/** Wraps the data key for `source` in a new slot. Leaves the source's secret to its owner. */
export async function wrapSlot(
  storeId: string,
  dataKey: Uint8Array,
  source: KeySource,
  cost: Argon2Cost = ARGON2_DEFAULT,
): Promise<Slot> {
  const id = randomBytes(8).toString("hex");
  const kind = slotKindOf(source);
  if (kind === "none") return { id, kind, parameters: {}, wrapped: toBase64(dataKey) };
  const open: Slot =
    kind === "key"
      ? { id, kind, parameters: {}, wrapped: "" }
      : { id, kind, parameters: newArgon2Parameters(cost), wrapped: "" };
  const wrappingKey = await slotKey(open, source);
  try {
    const box = sealBox(wrappingKey, dataKey, slotAad(storeId, open));
    return { ...open, wrapped: toBase64(box) };
  } finally {
    wipe(wrappingKey);
  }
}

/** The data key, or undefined if this source does not open this slot. */
export async function unwrapSlot(
  storeId: string,
  slot: Slot,
  source: KeySource,
): Promise<Uint8Array | undefined> {
  if (slot.kind !== slotKindOf(source)) return undefined;
  const wrapped = Uint8Array.from(Buffer.from(slot.wrapped, "base64"));
  if (slot.kind === "none") return wrapped.length === KEY_BYTES ? wrapped : undefined;
  const wrappingKey = await slotKey(slot, source);
  const dataKey = openBox(wrappingKey, wrapped, slotAad(storeId, slot));
  wipe(wrappingKey);
  if (dataKey === undefined || dataKey.length === KEY_BYTES) return dataKey;
  wipe(dataKey);
  return undefined;
}

async function slotKey(slot: Slot, source: KeySource): Promise<Uint8Array> {
  if (slot.kind !== "passphrase") return Uint8Array.from(source.secret);
  checkArgon2(slot.parameters);
  const { t, m, p, salt } = slot.parameters;
  const passphrase = Buffer.from(source.secret);
  try {
    // Runs in libuv's pool: the event loop stays free for its ~100 ms.
    return await argon2.hash(passphrase, {
      raw: true,
      type: argon2.argon2id,
      hashLength: KEY_BYTES,
      timeCost: t,
      memoryCost: m,
      parallelism: p,
      salt: Buffer.from(salt, "base64"),
    });
  } finally {
    wipe(passphrase);
  }
}

function newArgon2Parameters(cost: Argon2Cost): Argon2Parameters {
  checkArgon2(cost);
  const salt = toBase64(randomBytes(ARGON2_SALT_BYTES));
  return { t: cost.t, m: cost.m, p: cost.p, salt };
}

function slotAad(storeId: string, slot: Slot): Uint8Array {
  const { id, kind, parameters } = slot;
  return new TextEncoder().encode(canonicalJson({ storeId, slotId: id, kind, parameters }));
}

function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}
