/**
 * `head.anchor`: the newest signed head, in two checksummed slots of 4096 bytes. Each write goes
 * into the older slot and is synced before the note may leave the process, so that after a crash
 * the other slot still holds the head before it. A slot:
 *   "SRANCHR2" ‖ sequence(8) ‖ flags(1) ‖ lag ms(4) ‖ journal inode(8) ‖ note length(2) ‖ note ‖
 *   side tables(1) ‖ (next key(8) ‖ digest(32)) per side table ‖ SHA-256 of all before it
 */
import { createHash } from "node:crypto";
import {
  closeSync,
  fchmodSync,
  fdatasyncSync,
  fsyncSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { StoreError } from "../errors.ts";
import { errorCode, fileError } from "../file-error.ts";

export interface AnchorWrite {
  /** The signed note of the head, at most 3392 bytes. */
  readonly note: Uint8Array;
  /** Inode number of `journal.db`: a copied store has another one. */
  readonly inode: bigint;
  /** The store was closed in order after this head. */
  readonly clean: boolean;
  /** `anchor.lag` in force: how much newer the true head may be after an unclean close. */
  readonly lagMs: number;
  /** Running hashes of the journal's side tables, 40 bytes each; see engine/side-digests.ts. */
  readonly sides: Uint8Array;
}

export interface AnchorRecord extends AnchorWrite {
  readonly sequence: number;
}

const SLOT_BYTES = 4096;
const MAGIC = Buffer.from("SRANCHR2", "latin1");
const SEQUENCE_AT = 8;
const FLAGS_AT = 16;
const LAG_AT = 17;
const INODE_AT = 21;
const LENGTH_AT = 29;
const NOTE_AT = 31;
const DIGEST_BYTES = 32;
const FLAG_CLEAN = 1;
const SIDE_BYTES = 40;
const SIDES_MAX = 16;
export const ANCHOR_NOTE_BYTES_MAX =
  SLOT_BYTES - NOTE_AT - DIGEST_BYTES - 1 - SIDES_MAX * SIDE_BYTES;

/** One writer, the commit thread; every call is synchronous and `write` returns after its sync. */
export class HeadAnchor {
  /** There was no file: at a store with a history this is a verdict, not a default. */
  readonly missing: boolean;
  /** One slot did not check and the other one was used: a torn write, or an edit. */
  readonly damagedSlot: boolean;
  readonly #path: string;
  readonly #buffer = Buffer.alloc(SLOT_BYTES);
  #file: number | undefined;
  #newest: AnchorRecord | undefined;
  #other: AnchorRecord | undefined;
  #nextSlot = 0;
  #open = true;

  private constructor(path: string, file: number | undefined, slots: readonly SlotState[]) {
    this.#path = path;
    this.#file = file;
    this.missing = file === undefined;
    this.damagedSlot = slots.includes("damaged");
    for (const [number, slot] of slots.entries()) {
      if (typeof slot === "string") continue;
      if (this.#newest !== undefined && this.#newest.sequence >= slot.sequence) {
        this.#other = slot;
        continue;
      }
      this.#other = this.#newest;
      this.#newest = slot;
      this.#nextSlot = 1 - number;
    }
  }

  /**
   * Reads both slots; ANCHOR_DAMAGED if neither is valid. A file that is not there is reported as
   * `missing`, and with `create` the first write makes it. `readonly` refuses writes.
   */
  static open(path: string, options: { create?: boolean; readonly?: boolean } = {}): HeadAnchor {
    const file = openIfThere(path, options.readonly === true ? "r" : "r+");
    if (file === undefined) {
      const anchor = new HeadAnchor(path, undefined, []);
      anchor.#open = options.create === true && options.readonly !== true;
      return anchor;
    }
    try {
      const anchor = new HeadAnchor(path, file, readSlots(file, path));
      if (anchor.newest !== undefined) return anchor;
    } catch (cause) {
      closeSync(file);
      throw fileError(cause, "read", path);
    }
    closeSync(file);
    const message = `read ${path}: neither slot of the head anchor is valid`;
    throw new StoreError("ANCHOR_DAMAGED", message, { metadata: { path } });
  }

  /** The newest valid slot, or what was written last. */
  get newest(): AnchorRecord | undefined {
    return this.#newest;
  }

  /** What the other slot held when it was opened, if it is valid. */
  get older(): AnchorRecord | undefined {
    return this.#other;
  }

  /** Writes into the older slot and syncs. After a failure the anchor takes no further writes. */
  write(record: AnchorWrite): void {
    if (!this.#open) throw new StoreError("IO_ERROR", `write ${this.#path}: it is not open`);
    const sequence = (this.#newest?.sequence ?? 0) + 1;
    encodeSlot(this.#buffer, record, sequence);
    try {
      if (this.#file === undefined) this.#file = createFile(this.#path, this.#buffer);
      else {
        writeAll(this.#file, this.#buffer, this.#nextSlot * SLOT_BYTES);
        fdatasyncSync(this.#file);
      }
    } catch (cause) {
      // After a failed sync the kernel may have dropped the page: trying again proves nothing.
      this.#open = false;
      throw fileError(cause, "write", this.#path);
    }
    const [note, sides] = [Uint8Array.from(record.note), Uint8Array.from(record.sides)];
    this.#newest = { ...record, note, sides, sequence };
    this.#nextSlot = 1 - this.#nextSlot;
  }

  close(): void {
    this.#open = false;
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }
}

/** The newest anchored record; undefined where there is none that checks. */
export function readAnchorRecord(path: string): AnchorRecord | undefined {
  try {
    const anchor = HeadAnchor.open(path, { readonly: true });
    anchor.close();
    return anchor.newest;
  } catch (cause) {
    if (cause instanceof StoreError && cause.code === "ANCHOR_DAMAGED") return undefined;
    throw cause;
  }
}

type SlotState = AnchorRecord | "empty" | "damaged";

function readSlots(file: number, path: string): SlotState[] {
  const bytes = Buffer.alloc(2 * SLOT_BYTES + 1);
  let length = 0;
  for (let n = -1; n !== 0 && length < bytes.length; length += n) {
    n = readSync(file, bytes, length, bytes.length - length, length);
  }
  if (length > 2 * SLOT_BYTES) {
    const message = `read ${path}: it is longer than two slots`;
    throw new StoreError("ANCHOR_DAMAGED", message, { metadata: { path } });
  }
  return [0, 1].map((n) => parseSlot(bytes.subarray(n * SLOT_BYTES, (n + 1) * SLOT_BYTES)));
}

function parseSlot(slot: Buffer): SlotState {
  if (slot.every((byte) => byte === 0)) return "empty";
  const noteEnd = NOTE_AT + slot.readUInt16BE(LENGTH_AT);
  if (noteEnd > NOTE_AT + ANCHOR_NOTE_BYTES_MAX) return "damaged";
  const end = noteEnd + 1 + slot.readUInt8(noteEnd) * SIDE_BYTES;
  if (end + DIGEST_BYTES > SLOT_BYTES || !slot.subarray(0, MAGIC.length).equals(MAGIC)) {
    return "damaged";
  }
  const digest = createHash("sha256").update(slot.subarray(0, end)).digest();
  if (!digest.equals(slot.subarray(end, end + DIGEST_BYTES))) return "damaged";
  const isPadded = slot.subarray(end + DIGEST_BYTES).every((byte) => byte === 0);
  const flags = slot.readUInt8(FLAGS_AT);
  const sequence = Number(slot.readBigUInt64BE(SEQUENCE_AT));
  if (!isPadded || flags > FLAG_CLEAN || !Number.isSafeInteger(sequence)) return "damaged";
  return {
    sequence,
    clean: flags === FLAG_CLEAN,
    lagMs: slot.readUInt32BE(LAG_AT),
    inode: slot.readBigUInt64BE(INODE_AT),
    note: Uint8Array.from(slot.subarray(NOTE_AT, noteEnd)),
    sides: Uint8Array.from(slot.subarray(noteEnd + 1, end)),
  };
}

function encodeSlot(buffer: Buffer, record: AnchorWrite, sequence: number): void {
  const { note, sides } = record;
  if (note.length > ANCHOR_NOTE_BYTES_MAX) {
    throw new RangeError(`a note in the head anchor has at most ${ANCHOR_NOTE_BYTES_MAX} bytes`);
  }
  buffer.fill(0);
  MAGIC.copy(buffer);
  buffer.writeBigUInt64BE(BigInt(sequence), SEQUENCE_AT);
  buffer.writeUInt8(record.clean ? FLAG_CLEAN : 0, FLAGS_AT);
  buffer.writeUInt32BE(record.lagMs, LAG_AT);
  buffer.writeBigUInt64BE(record.inode, INODE_AT);
  buffer.writeUInt16BE(note.length, LENGTH_AT);
  buffer.set(note, NOTE_AT);
  const noteEnd = NOTE_AT + note.length;
  buffer.writeUInt8(sides.length / SIDE_BYTES, noteEnd);
  buffer.set(sides, noteEnd + 1);
  const end = noteEnd + 1 + sides.length;
  createHash("sha256").update(buffer.subarray(0, end)).digest().copy(buffer, end);
}

function openIfThere(path: string, flags: "r" | "r+"): number | undefined {
  try {
    return openSync(path, flags);
  } catch (cause) {
    if (errorCode(cause) === "ENOENT") return undefined;
    throw fileError(cause, "open", path);
  }
}

/** The first write appears whole or not at all: a file with no valid slot is always damage. */
function createFile(path: string, slot: Buffer): number {
  const temporary = `${path}.tmp`;
  rmSync(temporary, { force: true });
  const file = openSync(temporary, "wx+", 0o600);
  try {
    fchmodSync(file, 0o600);
    writeAll(file, Buffer.concat([slot, Buffer.alloc(SLOT_BYTES)]), 0);
    fsyncSync(file);
    renameSync(temporary, path);
    const folder = openSync(dirname(path), "r");
    fsyncSync(folder);
    closeSync(folder);
    return file;
  } catch (cause) {
    closeSync(file);
    rmSync(temporary, { force: true });
    throw cause;
  }
}

function writeAll(file: number, bytes: Buffer, position: number): void {
  for (let done = 0; done < bytes.length; ) {
    done += writeSync(file, bytes, done, bytes.length - done, position + done);
  }
}
