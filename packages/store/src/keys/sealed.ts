/**
 * The sealed section of the keyring: the seeds that sign and the root secret, as
 * version(1)=1 ‖ logKeySeed(32) ‖ snapshotKeySeed(32) ‖ rootSecret(32) in a box under a key from
 * the data key. Binary, not JSON, so that no immutable string ever holds a seed.
 */
import { randomBytes } from "node:crypto";
import { StoreError } from "../errors.ts";
import { encodeAad, openBox, sealBox } from "./box.ts";
import { deriveSealedKey, KEY_BYTES, wipe } from "./derive.ts";

export interface SealedSection {
  readonly logKeySeed: Uint8Array;
  readonly snapshotKeySeed: Uint8Array;
  readonly rootSecret: Uint8Array;
}

const VERSION = 1;
const SEALED_BYTES = 1 + 3 * KEY_BYTES;

export function newSealedSection(): SealedSection {
  return {
    logKeySeed: new Uint8Array(randomBytes(KEY_BYTES)),
    snapshotKeySeed: new Uint8Array(randomBytes(KEY_BYTES)),
    rootSecret: new Uint8Array(randomBytes(KEY_BYTES)),
  };
}

export function sealSection(
  dataKey: Uint8Array,
  storeId: string,
  section: SealedSection,
): Uint8Array {
  const plain = new Uint8Array(SEALED_BYTES);
  plain[0] = VERSION;
  plain.set(section.logKeySeed, 1);
  plain.set(section.snapshotKeySeed, 1 + KEY_BYTES);
  plain.set(section.rootSecret, 1 + 2 * KEY_BYTES);
  const key = deriveSealedKey(dataKey);
  try {
    return sealBox(key, plain, sectionAad(storeId));
  } finally {
    wipe(key, plain);
  }
}

/** Throws KEYRING_EDITED when the box does not open: the MAC should have caught that before. */
export function openSection(dataKey: Uint8Array, storeId: string, box: Uint8Array): SealedSection {
  const key = deriveSealedKey(dataKey);
  const plain = openBox(key, box, sectionAad(storeId));
  wipe(key);
  if (plain?.length !== SEALED_BYTES || plain[0] !== VERSION) {
    wipe(plain);
    throw new StoreError("KEYRING_EDITED", "refuse the keyring: its sealed section does not open");
  }
  const part = (n: number) => plain.slice(1 + n * KEY_BYTES, 1 + (n + 1) * KEY_BYTES);
  const section = { logKeySeed: part(0), snapshotKeySeed: part(1), rootSecret: part(2) };
  wipe(plain);
  return section;
}

export function wipeSection(section: SealedSection): void {
  wipe(section.logKeySeed, section.snapshotKeySeed, section.rootSecret);
}

function sectionAad(storeId: string): Uint8Array {
  return encodeAad([storeId, "keyring", "sealed"]);
}
