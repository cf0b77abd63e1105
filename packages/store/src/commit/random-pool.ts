// Random bytes for blinds and salts, drawn in blocks: a call per entry would cost more than its
// hashes. No byte is handed out twice, and whoever holds a view may keep it.
import { randomFillSync } from "node:crypto";

const BLOCK_BYTES = 1 << 16;

let block = new Uint8Array(0);
let used = 0;

/** A view of `length` fresh random bytes; a large one has its own memory. */
export function takeRandom(length: number): Uint8Array {
  if (length > BLOCK_BYTES / 16) return randomFillSync(new Uint8Array(length));
  if (used + length > block.length) {
    block = randomFillSync(new Uint8Array(BLOCK_BYTES));
    used = 0;
  }
  used += length;
  return block.subarray(used - length, used);
}
