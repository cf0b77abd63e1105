// What this witness signed last, for each log: one file for each generation, holding the note with
// the log's signatures and our own cosignature, which is what proves the file whole. The next
// generation is claimed by giving a whole, synced file the next number: of all who started from the
// same generation, in this process or another, one gets it. Nothing is cached.
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import {
  type Checkpoint,
  type NoteVerifier,
  parseNote,
  utf8,
  verifyCosignature,
} from "@strongroom/protocol";
import { claimFile, errnoOf, syncFolder } from "./durable-file.ts";
import { WitnessError } from "./errors.ts";
import { parseAnyCheckpoint } from "./request.ts";

export interface Remembered {
  readonly generation: number;
  readonly checkpoint: Checkpoint;
  /** As it was written. */
  readonly note: Uint8Array;
  readonly timeUnixS: bigint;
}

const GENERATION_FILE = /^([0-9]{12})\.note$/;
const LEFTOVER_MS = 600_000;

export class Memory {
  readonly #path: string;
  readonly #own: NoteVerifier;
  #broken: WitnessError | undefined;

  constructor(path: string, own: NoteVerifier) {
    this.#path = path;
    this.#own = own;
  }

  /** The newest generation. Throws WITNESS_STATE_DAMAGED: an older one is never taken instead. */
  async read(origin: string): Promise<Remembered | undefined> {
    if (this.#broken) throw this.#broken;
    const folder = this.#folderOf(origin);
    const generation = (await generationsIn(folder))[0];
    if (generation === undefined) return undefined;
    const path = join(folder, fileName(generation));
    try {
      const note = new Uint8Array(await readFile(path));
      return { generation, note, ...this.#verify(note, origin) };
    } catch (cause) {
      // Another process may have gone two generations on since the folder was read.
      if (errnoOf(cause) === "ENOENT" && (await generationsIn(folder))[0] !== generation) {
        return await this.read(origin);
      }
      const why = cause instanceof Error ? cause.message : "damaged";
      throw new WitnessError("WITNESS_STATE_DAMAGED", `read ${path}: ${why}`, { cause });
    }
  }

  /**
   * Makes the note the next generation, durably; false if another came first. Throws
   * WITNESS_STATE_UNWRITABLE; if it is unknown what is on the disk then, nothing is signed again.
   */
  async advance(origin: string, from: Remembered | undefined, note: Uint8Array): Promise<boolean> {
    if (this.#broken) throw this.#broken;
    const folder = this.#folderOf(origin);
    const next = (from?.generation ?? 0) + 1;
    try {
      if (from === undefined) await makeFolder(folder);
      const isFirst = await claimFile(join(folder, fileName(next)), note);
      if (!isFirst) return false;
    } catch (cause) {
      throw unwritable(folder, cause);
    }
    return await this.#confirm(folder, next);
  }

  /** What was read stays: another process may have claimed it and not synced it yet. */
  async settle(origin: string): Promise<void> {
    const folder = this.#folderOf(origin);
    try {
      await syncFolder(folder);
    } catch (cause) {
      this.#broken = unwritable(folder, cause);
      throw this.#broken;
    }
  }

  #folderOf(origin: string): string {
    return join(this.#path, hashOrigin(origin));
  }

  /** A number below the newest may be free again: only the newest generation counts. */
  async #confirm(folder: string, claimed: number): Promise<boolean> {
    try {
      await syncFolder(folder);
      const generations = await generationsIn(folder);
      if (generations[0] !== claimed) {
        await rm(join(folder, fileName(claimed)), { force: true });
        return false;
      }
      // The one before stays, for people who want to see where they came from.
      for (const old of generations.slice(2)) {
        await rm(join(folder, fileName(old)), { force: true });
      }
      return true;
    } catch (cause) {
      this.#broken = unwritable(folder, cause);
      throw this.#broken;
    }
  }

  #verify(note: Uint8Array, origin: string): Pick<Remembered, "checkpoint" | "timeUnixS"> {
    const { text, signatures } = parseNote(note);
    const { name, keyId } = this.#own;
    const own = signatures.find((line) => line.name === name && line.keyId === keyId);
    if (own === undefined) throw new Error("not signed by this witness");
    const { timeUnixS } = verifyCosignature(text, own.line, this.#own);
    const checkpoint = parseAnyCheckpoint(text);
    if (checkpoint.origin !== origin) throw new Error("of another log");
    return { checkpoint, timeUnixS };
  }
}

/** Lower-case hex SHA-256 of the origin line, as the monitoring path names it. */
export function hashOrigin(origin: string): string {
  return createHash("sha256").update(utf8(origin)).digest("hex");
}

/** Removes what writes that were cut short left; another process may be writing right now. */
export async function removeLeftovers(path: string): Promise<void> {
  for (const name of await readdir(path, { recursive: true })) {
    if (!name.endsWith(".tmp")) continue;
    const file = join(path, name);
    const { mtimeMs } = await stat(file);
    if (Date.now() - mtimeMs > LEFTOVER_MS) await rm(file, { force: true });
  }
}

/** Newest first. */
async function generationsIn(folder: string): Promise<number[]> {
  const names = await readdir(folder).catch((cause: unknown) => {
    if (errnoOf(cause) === "ENOENT") return [];
    throw new WitnessError("WITNESS_STATE_DAMAGED", `read ${folder}: ${errnoOf(cause)}`, { cause });
  });
  const numbers = names.flatMap((name) => GENERATION_FILE.exec(name)?.[1] ?? []).map(Number);
  return numbers.sort((a, b) => b - a);
}

async function makeFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await syncFolder(dirname(folder));
}

function fileName(generation: number): string {
  return `${String(generation).padStart(12, "0")}.note`;
}

function unwritable(folder: string, cause: unknown): WitnessError {
  const message = `write ${folder}: ${errnoOf(cause) || "failed"}`;
  return new WitnessError("WITNESS_STATE_UNWRITABLE", message, { cause });
}
