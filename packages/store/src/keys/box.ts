/**
 * Authenticated boxes: AES-256-GCM, nonce(12) ‖ ciphertext ‖ tag(16), random nonce. What a box is
 * for stands in its AAD, so that a box moved to another row or store does not open.
 */
import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";

export const NONCE_BYTES = 12;
export const TAG_BYTES = 16;
const ALGORITHM = "aes-256-gcm";
const AAD_PART_BYTES_MAX = 0xffff;

/** Where a secret box of `state.db` belongs. */
export interface BoxPlace {
  readonly storeId: string;
  readonly table: string;
  readonly rowId: string;
  readonly purpose: string;
}

/** Seals `plaintext` under a 32-byte key. */
export function sealBox(key: Uint8Array, plaintext: Uint8Array, aad: Uint8Array): Uint8Array {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(ALGORITHM, key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(aad);
  const body = cipher.update(plaintext);
  cipher.final();
  return new Uint8Array(Buffer.concat([nonce, body, cipher.getAuthTag()]));
}

/** The plaintext, or undefined if box, key or AAD is not the one it was sealed with. */
export function openBox(key: Uint8Array, box: Uint8Array, aad: Uint8Array): Uint8Array | undefined {
  if (box.length < NONCE_BYTES + TAG_BYTES) return undefined;
  const nonce = box.subarray(0, NONCE_BYTES);
  const decipher = createDecipheriv(ALGORITHM, key, nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(aad);
  decipher.setAuthTag(box.subarray(box.length - TAG_BYTES));
  const body = decipher.update(box.subarray(NONCE_BYTES, box.length - TAG_BYTES));
  try {
    decipher.final();
    return new Uint8Array(body);
  } catch {
    return undefined;
  } finally {
    body.fill(0);
  }
}

/** A secret of one row (webhook secrets and the like) under the store's secret-box key. */
export function sealSecret(key: Uint8Array, place: BoxPlace, secret: Uint8Array): Uint8Array {
  return sealBox(key, secret, placeAad(place));
}

/** The secret, or undefined if the box is damaged, foreign or moved. */
export function openSecret(
  key: Uint8Array,
  place: BoxPlace,
  box: Uint8Array,
): Uint8Array | undefined {
  return openBox(key, box, placeAad(place));
}

/** Parts, each preceded by its UTF-8 length in 2 bytes: ("ab","c") and ("a","bc") differ. */
export function encodeAad(parts: readonly string[]): Uint8Array {
  const chunks: Buffer[] = [];
  for (const part of parts) {
    const bytes = Buffer.from(part, "utf8");
    if (bytes.length > AAD_PART_BYTES_MAX) throw new RangeError("AAD part over 65535 bytes");
    const length = Buffer.alloc(2);
    length.writeUInt16BE(bytes.length);
    chunks.push(length, bytes);
  }
  return new Uint8Array(Buffer.concat(chunks));
}

function placeAad(place: BoxPlace): Uint8Array {
  return encodeAad([place.storeId, place.table, place.rowId, place.purpose]);
}
