// One file of a folder of checkpoints: the note as first stored, our signature over it that stock
// tools verify, and a signed link to the file before, so that nobody without the key can drop,
// reorder or replace a file that another one follows.
import { createHash, createPublicKey, type KeyObject, sign, verify } from "node:crypto";
import {
  type Checkpoint,
  concatBytes,
  fromBase64,
  fromHex,
  parseCheckpoint,
  parseNote,
  text,
  toBase64,
  toHex,
  utf8,
} from "@strongroom/protocol";
import { signNoteForRekor } from "@strongroom/protocol/attestation";

export interface CheckpointFile {
  /** From 1. */
  readonly sequence: number;
  /** SHA-256 of the file before; 32 zero bytes in the first. */
  readonly previous: Uint8Array;
  readonly note: Uint8Array;
  readonly checkpoint: Checkpoint;
  /** SPKI, DER. */
  readonly publicKey: Uint8Array;
  /** ECDSA over the note, DER. */
  readonly signature: Uint8Array;
  /** ECDSA over the link, DER. */
  readonly linkSignature: Uint8Array;
}

export interface CheckpointFileKey {
  readonly privateKey: KeyObject;
  readonly publicKeySpki: Uint8Array;
}

export const FIRST_PREVIOUS = new Uint8Array(32);
export const CHECKPOINT_FILE_BYTES_MAX = 256 * 1024;
const FORMAT = "strongroom/checkpoint-file/v1";
// No note has a NUL, so that no signature over a link is one over a note.
const LINK_PREFIX = utf8("strongroom/checkpoint-file-link/v1\0");

/** The bytes of a file: JSON that a person can read, in exactly one form. */
export function makeCheckpointFile(
  place: { sequence: number; previous: Uint8Array },
  note: Uint8Array,
  key: CheckpointFileKey,
): Uint8Array {
  const message = linkMessage(place.sequence, place.previous, note);
  return format({
    ...place,
    note,
    publicKey: key.publicKeySpki,
    signature: signNoteForRekor(note, key.privateKey),
    linkSignature: new Uint8Array(sign("sha256", message, key.privateKey)),
  });
}

/** Proves nothing. Throws an Error that says what is wrong. */
export function parseCheckpointFile(bytes: Uint8Array): CheckpointFile {
  const fields = JSON.parse(text(bytes)) as Record<string, unknown>;
  const field = (name: string): string => {
    const value = fields[name];
    if (typeof value !== "string") throw new Error(`no ${name}`);
    return value;
  };
  if (field("format") !== FORMAT) throw new Error("unknown format");
  const { sequence } = fields;
  if (typeof sequence !== "number") throw new Error("no sequence");
  const note = utf8(field("note"));
  const file = {
    sequence,
    previous: fromHex(field("previous")),
    note,
    checkpoint: parseCheckpoint(parseNote(note).text),
    publicKey: fromBase64(field("publicKey")),
    signature: fromBase64(field("signature")),
    linkSignature: fromBase64(field("linkSignature")),
  };
  if (text(format(file)) !== text(bytes)) throw new Error("not in its only form");
  return file;
}

/** Throws unless both signatures are by one of the keys. */
export function verifyCheckpointFile(file: CheckpointFile, keys: readonly Uint8Array[]): void {
  const isOurs = keys.some((key) => toHex(key) === toHex(file.publicKey));
  if (!isOurs)
    throw new Error("signed by a key that is not ours: name former keys in the settings");
  const key = createPublicKey({ key: file.publicKey as Buffer, format: "der", type: "spki" });
  const message = linkMessage(file.sequence, file.previous, file.note);
  const holds =
    verify("sha256", file.note, key, file.signature) &&
    verify("sha256", message, key, file.linkSignature);
  if (!holds) throw new Error("signature does not hold");
}

export function hashCheckpointFile(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash("sha256").update(bytes).digest());
}

function format(file: Omit<CheckpointFile, "checkpoint">): Uint8Array {
  const fields = {
    format: FORMAT,
    sequence: file.sequence,
    previous: toHex(file.previous),
    note: text(file.note),
    publicKey: toBase64(file.publicKey),
    signature: toBase64(file.signature),
    linkSignature: toBase64(file.linkSignature),
  };
  return utf8(`${JSON.stringify(fields, null, 2)}\n`);
}

function linkMessage(sequence: number, previous: Uint8Array, note: Uint8Array): Uint8Array {
  const place = new Uint8Array(8);
  new DataView(place.buffer).setBigUint64(0, BigInt(sequence));
  return concatBytes(LINK_PREFIX, place, previous, hashCheckpointFile(note));
}
