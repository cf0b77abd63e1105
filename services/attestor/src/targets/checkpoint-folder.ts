// A folder of checkpoint files, numbered from 1, each linked to the one before. It only grows: a
// new file is whole and synced before it gets its number, and a number is given once, also between
// processes. Everything is checked when the folder is first read; then, with each new file, the
// newest one and the next few hundred in turn.
import { randomBytes } from "node:crypto";
import { link, mkdir, open, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { equalBytes } from "@strongroom/protocol";
import {
  CHECKPOINT_FILE_BYTES_MAX,
  type CheckpointFile,
  FIRST_PREVIOUS,
  hashCheckpointFile,
  parseCheckpointFile,
  verifyCheckpointFile,
} from "./checkpoint-file.ts";

export interface Tail {
  readonly file: CheckpointFile;
  readonly hash: Uint8Array;
}

/** Somebody else was here: the evidence is the file that is not what it has to be, if it is there. */
export class FolderDamaged extends Error {
  override readonly name = "FolderDamaged";
  readonly evidence: Uint8Array;

  constructor(message: string, evidence: Uint8Array = new Uint8Array(0)) {
    super(message);
    this.evidence = evidence;
  }
}

const FILE_NAME = /^[0-9]{12}\.json$/;
const TEMPORARY_NAME = /^\.[0-9a-f]{16}\.tmp$/;
const LEFTOVER_MS = 600_000;
const CHECKED_EACH_TIME = 256;

export class CheckpointFolder {
  readonly #path: string;
  readonly #keys: readonly Uint8Array[];
  #tail: Tail | undefined;
  #isRead = false;
  /** Where the checking in turn goes on. */
  #next = 1;

  /** `keys`: SPKI in DER, of all that may have signed here. */
  constructor(path: string, keys: readonly Uint8Array[]) {
    this.#path = path;
    this.#keys = keys;
  }

  /** The newest file, after checking. Throws FolderDamaged, or what the file system throws. */
  async tail(): Promise<Tail | undefined> {
    if (!this.#isRead) {
      this.#tail = await this.#readAll();
      this.#isRead = true;
      return this.#tail;
    }
    await this.#followOthers();
    await this.#checkInTurn();
    return this.#tail;
  }

  /** Writes the next file; false if its number was taken meanwhile. */
  async append(bytes: Uint8Array): Promise<boolean> {
    const sequence = (this.#tail?.file.sequence ?? 0) + 1;
    const temporary = join(this.#path, `.${randomBytes(8).toString("hex")}.tmp`);
    try {
      await writeFile(temporary, bytes, { mode: 0o444, flag: "wx", flush: true });
      await link(temporary, this.#pathOf(sequence));
    } catch (cause) {
      if (errnoOf(cause) === "EEXIST") return false;
      throw cause;
    } finally {
      await rm(temporary, { force: true });
    }
    await syncFolder(this.#path);
    this.#tail = { file: parseCheckpointFile(bytes), hash: hashCheckpointFile(bytes) };
    return true;
  }

  async #readAll(): Promise<Tail | undefined> {
    await mkdir(this.#path, { recursive: true });
    const names = (await readdir(this.#path)).toSorted();
    const known = names.filter((name) => FILE_NAME.test(name));
    await this.#removeLeftovers(names.filter((name) => TEMPORARY_NAME.test(name)));
    let tail: Tail | undefined;
    for (const [at, name] of known.entries()) {
      if (name !== fileName(at + 1)) throw new FolderDamaged(`${fileName(at + 1)} is missing`);
      tail = await this.#read(at + 1, tail?.hash ?? FIRST_PREVIOUS);
    }
    if (tail !== undefined) this.#verify(tail);
    return tail;
  }

  /** Another process may have appended. What was newest for us must still be as it was. */
  async #followOthers(): Promise<void> {
    let tail = this.#tail;
    if (tail !== undefined) {
      const again = await this.#read(tail.file.sequence, tail.file.previous);
      if (!equalBytes(again.hash, tail.hash)) throw this.#changed(tail.file.sequence);
    }
    for (;;) {
      const next: number = (tail?.file.sequence ?? 0) + 1;
      const isThere = await stat(this.#pathOf(next)).then(
        () => true,
        (cause: unknown) => {
          if (errnoOf(cause) === "ENOENT") return false;
          throw cause;
        },
      );
      if (!isThere) break;
      tail = await this.#read(next, tail?.hash ?? FIRST_PREVIOUS);
      this.#verify(tail);
    }
    this.#tail = tail;
  }

  async #checkInTurn(): Promise<void> {
    const last = this.#tail?.file.sequence ?? 0;
    if (last === 0) return;
    if (this.#next > last) this.#next = 1;
    const from = this.#next;
    const to = Math.min(last, from + CHECKED_EACH_TIME - 1);
    let before = from === 1 ? FIRST_PREVIOUS : await this.#hashOf(from - 1);
    for (let sequence = from; sequence <= to; sequence++) {
      before = (await this.#read(sequence, before)).hash;
    }
    // The one after holds the hash of the last that was looked at.
    if (to < last) await this.#read(to + 1, before);
    else if (!equalBytes(before, this.#tail?.hash ?? before)) throw this.#changed(to);
    this.#next = to + 1;
  }

  async #read(sequence: number, previous: Uint8Array): Promise<Tail> {
    const bytes = await this.#readBytes(sequence);
    let file: CheckpointFile;
    try {
      file = parseCheckpointFile(bytes);
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : "malformed";
      throw new FolderDamaged(`${fileName(sequence)} is damaged: ${why}`, bytes);
    }
    if (file.sequence !== sequence || !equalBytes(file.previous, previous)) {
      throw new FolderDamaged(`${fileName(sequence)} does not follow the one before`, bytes);
    }
    return { file, hash: hashCheckpointFile(bytes) };
  }

  #verify(tail: Tail): void {
    try {
      verifyCheckpointFile(tail.file, this.#keys);
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : "unsigned";
      throw new FolderDamaged(`${fileName(tail.file.sequence)}: ${why}`);
    }
  }

  async #hashOf(sequence: number): Promise<Uint8Array> {
    return hashCheckpointFile(await this.#readBytes(sequence));
  }

  async #readBytes(sequence: number): Promise<Uint8Array> {
    const path = this.#pathOf(sequence);
    try {
      const { size } = await stat(path);
      if (size > CHECKPOINT_FILE_BYTES_MAX) {
        throw new FolderDamaged(`${fileName(sequence)} is too large`);
      }
      return new Uint8Array(await readFile(path));
    } catch (cause) {
      if (errnoOf(cause) !== "ENOENT") throw cause;
      throw new FolderDamaged(`${fileName(sequence)} is missing`);
    }
  }

  #changed(sequence: number): FolderDamaged {
    return new FolderDamaged(`${fileName(sequence)} was replaced`);
  }

  #pathOf(sequence: number): string {
    return join(this.#path, fileName(sequence));
  }

  /** Of writes that were cut short; another process may be writing right now. */
  async #removeLeftovers(names: readonly string[]): Promise<void> {
    for (const name of names) {
      const path = join(this.#path, name);
      const { mtimeMs } = await stat(path);
      if (Date.now() - mtimeMs > LEFTOVER_MS) await rm(path, { force: true });
    }
  }
}

/** `ENOSPC` and the like; empty if there is none. */
export function errnoOf(cause: unknown): string {
  return cause instanceof Error && "code" in cause ? String(cause.code) : "";
}

function fileName(sequence: number): string {
  return `${String(sequence).padStart(12, "0")}.json`;
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  await folder.sync().finally(() => folder.close());
}
