// A copy of a store's files in memory, taken at one instant and put back into the same files: the
// journal keeps its inode, by which a store knows that it is not a copy.
import {
  closeSync,
  existsSync,
  ftruncateSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import type { Loss, Wreck } from "./program.ts";

export type FolderImage = Map<string, Buffer>;

/** The lock is the living process's; the shared memory of a WAL is rebuilt when all are gone. */
const NOT_IN_IMAGE = /^store\.(lock|pid)|-shm$/;

export function takeImage(folder: string): FolderImage {
  const image: FolderImage = new Map();
  if (!existsSync(folder)) return image;
  for (const name of readdirSync(folder)) {
    if (!NOT_IN_IMAGE.test(name)) image.set(name, readFileSync(join(folder, name)));
  }
  return image;
}

/** `only` limits it to these files. */
export function putBack(folder: string, image: FolderImage, only?: readonly string[]): void {
  if (!existsSync(folder)) return;
  const isMeant = (name: string): boolean => only === undefined || only.includes(name);
  for (const name of readdirSync(folder)) {
    const isLeft = !image.has(name) && isMeant(name) && !/^store\.lock/.test(name);
    if (isLeft) rmSync(join(folder, name), { force: true });
  }
  for (const [name, bytes] of image) if (isMeant(name)) overwrite(join(folder, name), bytes);
}

function overwrite(path: string, bytes: Buffer): void {
  const file = openSync(path, existsSync(path) ? "r+" : "wx", 0o600);
  ftruncateSync(file, bytes.length);
  for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at, bytes.length - at, at);
  closeSync(file);
}

/** Ends the journal's WAL within the commit that was being written, beyond `floor` bytes. */
export function cutJournalWal(image: FolderImage, floor: number, wreck: Wreck): void {
  cut(image, "journal.db-wal", { floor, share: wreck.walCut });
}

/** The index is not synced on commit: a loss of power may take any tail of its WAL. */
export function cutIndexWal(image: FolderImage, wreck: Wreck): void {
  cut(image, "index.db-wal", { floor: 0, share: wreck.indexCut });
}

function cut(
  image: FolderImage,
  name: string,
  { floor, share }: { floor: number; share: number },
): void {
  const wal = image.get(name);
  if (!wal || wal.length <= floor) return;
  const end = floor + Math.floor(((wal.length - floor) * share) / 100);
  image.set(name, wal.subarray(0, end));
}

const LOST: Record<Loss, readonly string[]> = {
  nothing: [],
  shm: ["journal.db-shm", "index.db-shm", "state.db-shm"],
  index: ["index.db", "index.db-wal", "index.db-shm"],
  state: ["state.db", "state.db-wal", "state.db-shm"],
  both: ["index.db", "index.db-wal", "index.db-shm", "state.db", "state.db-wal", "state.db-shm"],
  anchor: ["head.anchor"],
};

export function loseFiles(folder: string, what: Loss): void {
  for (const name of LOST[what]) rmSync(join(folder, name), { force: true });
}
