// Mutations of a keyring that keep its canonical form, so that they get as far as the MAC; and of a
// head anchor that keep its checksum.
import { createHash } from "node:crypto";
import type { Random } from "../random.ts";
import type { Mutator } from "./bytes.ts";
import type { Draft } from "./draft.ts";

type Json = string | number | boolean | null | Json[] | { [name: string]: Json };

const SLOT_BYTES = 4096;
const LENGTH_AT = 29;
const NOTE_AT = 31;
const SIDE_BYTES = 40;

/** Sorted members and no white space: RFC 8785 for what a keyring holds. */
function canonical(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const names = Object.keys(value).sort();
  return `{${names.map((name) => `${JSON.stringify(name)}:${canonical(value[name] ?? null)}`).join(",")}}`;
}

export const editMember: Mutator = (draft, random, pool) => {
  const value = parse(draft.bytes);
  const other = parse(random.pick(pool));
  if (value === undefined || other === undefined) return;
  edit(value, other, random);
  draft.load(Buffer.from(`${canonical(value)}\n`));
};

function parse(bytes: Uint8Array): { [name: string]: Json } | undefined {
  try {
    const value: Json = JSON.parse(Buffer.from(bytes).toString("utf8"));
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Goes down to a random member, and changes it, drops it, or takes the other keyring's. */
function edit(
  value: { [name: string]: Json },
  other: { [name: string]: Json },
  random: Random,
): void {
  const name = random.pick(Object.keys(value));
  const member = value[name];
  const theirs = other[name];
  if (random.once(8)) {
    delete value[name];
  } else if (theirs !== undefined && random.once(3)) {
    value[name] = theirs;
  } else if (Array.isArray(member)) {
    editList(member, Array.isArray(theirs) ? theirs : [], random);
  } else if (typeof member === "object" && member !== null) {
    if (Object.keys(member).length > 0) edit(member, isRecord(theirs) ? theirs : {}, random);
  } else {
    value[name] = edited(member, random);
  }
  if (random.once(30)) value.standby = true;
}

function editList(list: Json[], theirs: Json[], random: Random): void {
  const at = random.below(list.length);
  const item = list[at];
  const what = random.below(8);
  if (what === 0) list.splice(at, 1);
  else if (what === 1) list.push(...(random.once(2) ? theirs : list).slice(0, 17));
  else if (what === 2) list.reverse();
  else if (isRecord(item)) edit(item, isRecord(theirs[0]) ? theirs[0] : {}, random);
}

function edited(value: Json | undefined, random: Random): Json {
  if (typeof value === "number") {
    return random.pick([value + 1, value - 1, 0, -1, 1024 ** 2 + 1, 2 ** 53 - 1, value * 2]);
  }
  if (typeof value !== "string") return random.pick([false, null, 1]);
  const bytes = Buffer.from(value, "base64");
  if (bytes.length > 0 && bytes.toString("base64") === value) {
    const at = random.below(bytes.length);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
    return (random.once(6) ? bytes.subarray(1) : bytes).toString("base64");
  }
  return random.once(2) ? random.pick(["none", "aegis256", "key", "passphrase", ""]) : `${value}0`;
}

function isRecord(value: Json | undefined): value is { [name: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Writes the digest of a slot anew, over what stands there now. */
export const reseal: Mutator = (draft, random) => {
  const slot = SLOT_BYTES * random.below(2);
  if (draft.length < slot + SLOT_BYTES) return;
  change(draft, slot, random);
  const noteEnd = NOTE_AT + draft.at(slot + LENGTH_AT) * 256 + draft.at(slot + LENGTH_AT + 1);
  if (noteEnd >= SLOT_BYTES) return;
  if (random.once(6)) draft.set(slot + noteEnd, random.below(4));
  const end = noteEnd + 1 + draft.at(slot + noteEnd) * SIDE_BYTES;
  if (end + 32 > SLOT_BYTES) return;
  const digest = createHash("sha256")
    .update(draft.bytes.subarray(slot, slot + end))
    .digest();
  digest.forEach((byte, i) => {
    draft.set(slot + end + i, byte);
  });
  if (random.once(4)) return;
  for (let at = end + 32; at < SLOT_BYTES; at++) draft.set(slot + at, 0);
};

function change(draft: Draft, slot: number, random: Random): void {
  const at = slot + random.pick([0, 7, 8, 12, 15, 16, 17, 20, 21, 28, 29, 30, 31, 60]);
  draft.set(at, random.once(2) ? random.below(4) : random.below(256));
}
