// Where an import stands: how far the file is acknowledged, and the salt that makes the nonces of
// this import repeatable. Lines that were sent but not yet recorded here are sent again after a
// crash with the same nonce, so they have the same content id and the store keeps one of them.
import { createHash, randomBytes } from "node:crypto";
import { open, stat } from "node:fs/promises";
import { replaceFile } from "@strongroom/client";
import { fromHex, toHex } from "@strongroom/protocol";
import { CliError } from "../errors.ts";
import { readTextFile } from "../settings.ts";

export interface ImportProgress {
  readonly version: 1;
  /** 32 random bytes in hex; secret while content ids shall not be guessed. */
  readonly salt: string;
  /** Bytes of the file whose facts are acknowledged. */
  readonly offset: number;
  readonly line: number;
  /** SHA-256 of the first 64 KiB before `offset`, to notice another file. */
  readonly head: string;
  readonly appended: number;
  readonly existing: number;
  readonly failed: number;
}

const HEAD_BYTES = 64 * 1024;

export async function openProgress(file: string, progressFile: string): Promise<ImportProgress> {
  const saved = await readProgress(progressFile);
  if (saved === undefined) {
    const salt = toHex(new Uint8Array(randomBytes(32)));
    const counts = { appended: 0, existing: 0, failed: 0 };
    return { version: 1, salt, offset: 0, line: 0, head: await headOf(file, 0), ...counts };
  }
  const { size } = await stat(file);
  if (size < saved.offset || (await headOf(file, saved.offset)) !== saved.head) {
    throw new CliError(
      "PROGRESS_MISMATCH",
      `${progressFile} belongs to another version of ${file}: remove it to import from the start`,
    );
  }
  return saved;
}

export async function saveProgress(
  file: string,
  progressFile: string,
  progress: Omit<ImportProgress, "head">,
): Promise<void> {
  const saved = { ...progress, head: await headOf(file, progress.offset) };
  await replaceFile(progressFile, `${JSON.stringify(saved)}\n`);
}

/** 16 bytes that this line of this import always gets, and that nobody else can guess. */
export function nonceOf(salt: Uint8Array, line: number, bytes: Uint8Array): Uint8Array {
  const number = Buffer.alloc(8);
  number.writeBigUInt64BE(BigInt(line));
  const digest = createHash("sha256").update(salt).update(number).update(bytes).digest();
  return new Uint8Array(digest.subarray(0, 16));
}

export function saltOf(progress: ImportProgress): Uint8Array {
  return fromHex(progress.salt);
}

async function readProgress(path: string): Promise<ImportProgress | undefined> {
  let text: string;
  try {
    text = await readTextFile(path);
  } catch (cause) {
    if (cause instanceof CliError && cause.code === "FILE_NOT_FOUND") return undefined;
    throw cause;
  }
  try {
    const progress = JSON.parse(text) as ImportProgress;
    if (progress.version !== 1 || !/^[0-9a-f]{64}$/.test(progress.salt)) throw new Error("shape");
    if (!Number.isSafeInteger(progress.offset) || progress.offset < 0) throw new Error("offset");
    return progress;
  } catch (cause) {
    throw new CliError("PROGRESS_MISMATCH", `parse ${path}: not a progress file`, { cause });
  }
}

async function headOf(file: string, offset: number): Promise<string> {
  const handle = await open(file, "r");
  try {
    const { buffer, bytesRead } = await handle.read({
      buffer: Buffer.alloc(Math.min(offset, HEAD_BYTES)),
      position: 0,
    });
    return createHash("sha256").update(buffer.subarray(0, bytesRead)).digest("hex");
  } finally {
    await handle.close();
  }
}
