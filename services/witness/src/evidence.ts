// Two signed notes of one log, of equal size and with different roots: proof, for anybody, that its
// key signed two histories. Kept under a digest of both, so that repeating it adds nothing.
import { createHash } from "node:crypto";
import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { concatBytes } from "@strongroom/protocol";
import { replaceFile } from "./durable-file.ts";
import { hashOrigin } from "./memory.ts";

const FORKS_MAX = 100;

/** The folder that now holds both notes, or undefined if there are too many of this log. */
export async function keepFork(
  path: string,
  origin: string,
  notes: { remembered: Uint8Array; offered: Uint8Array },
): Promise<string | undefined> {
  const folder = join(path, hashOrigin(origin));
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const both = concatBytes(notes.remembered, notes.offered);
  const name = createHash("sha256").update(both).digest("hex");
  const kept = await readdir(folder);
  if (!kept.includes(name) && kept.length >= FORKS_MAX) return undefined;
  await mkdir(join(folder, name), { recursive: true, mode: 0o700 });
  await replaceFile(join(folder, name, "remembered.note"), notes.remembered);
  await replaceFile(join(folder, name, "offered.note"), notes.offered);
  return join(folder, name);
}
