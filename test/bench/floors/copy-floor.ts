// Copying bytes to a new file and syncing it: what a snapshot or a rekey can at best cost.
import { closeSync, fsyncSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";

const CHUNK = Buffer.alloc(1 << 20, 7);

export function copyFloor(folder: string, bytes: number): void {
  const path = join(folder, "copy-floor");
  const file = openSync(path, "w");
  try {
    for (let left = bytes; left > 0; left -= CHUNK.length) {
      writeSync(file, CHUNK, 0, Math.min(left, CHUNK.length));
    }
    fsyncSync(file);
  } finally {
    closeSync(file);
    rmSync(path);
  }
}

/** Median time of one small write and fdatasync, in milliseconds. */
export function syncFloor(folder: string, count: number): void {
  const file = openSync(join(folder, "sync-floor"), "w");
  try {
    for (let i = 0; i < count; i++) {
      writeSync(file, CHUNK, 0, 4096);
      fsyncSync(file);
    }
  } finally {
    closeSync(file);
    rmSync(join(folder, "sync-floor"));
  }
}
