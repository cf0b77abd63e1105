// One request, in the order of C2SP tlog-witness: 400 malformed, 404 unknown log, 403 no valid
// signature, 400 old size above the checkpoint's, 409 old size is not what was signed last, 422
// not consistent with it. What passes is remembered durably before the cosignature leaves.
import {
  concatBytes,
  EMPTY_ROOT,
  equalBytes,
  MalformedError,
  type NoteVerifier,
  parseNote,
  signCosignature,
  utf8,
  VerificationError,
  verifyConsistency,
  verifyNote,
} from "@strongroom/protocol";
import type { WitnessIdentity } from "./identity.ts";
import type { KnownLogs } from "./logs-file.ts";
import type { Memory, Remembered } from "./memory.ts";
import { type AddCheckpoint, MalformedRequest, parseAddCheckpoint } from "./request.ts";

export interface WitnessParts {
  readonly identity: WitnessIdentity;
  readonly logs: KnownLogs;
  readonly memory: Memory;
  /** Unix seconds. */
  now(): bigint;
  /** Called with two signed notes of one log that cannot both be true. */
  onFork(origin: string, remembered: Uint8Array, offered: Uint8Array): Promise<void>;
}

export type AddCheckpointAnswer =
  | { readonly status: 200; readonly cosignature: string; readonly size: bigint }
  | { readonly status: 409; readonly size: bigint }
  | { readonly status: 400 | 403 | 404 | 422; readonly why: string };

/** Throws WitnessError if its memory is damaged or cannot be written. */
export async function addCheckpoint(
  body: Uint8Array,
  parts: WitnessParts,
): Promise<AddCheckpointAnswer> {
  let request: AddCheckpoint;
  try {
    request = parseAddCheckpoint(body);
  } catch (cause) {
    if (cause instanceof MalformedRequest) return { status: 400, why: cause.message };
    throw cause;
  }
  const { origin, size } = request.checkpoint;
  const keys = parts.logs.get(origin);
  if (keys === undefined) return { status: 404, why: "unknown log" };
  const signed = keepKnownLines(request.note, keys);
  if (signed === undefined) return { status: 403, why: "no valid signature of this log" };
  if (request.oldSize > size) return { status: 400, why: "old size is above the checkpoint's" };

  const before = await parts.memory.read(origin);
  const oldSize = before?.checkpoint.size ?? 0n;
  if (request.oldSize !== oldSize) return { status: 409, size: oldSize };
  const why = inconsistency(request, before);
  if (why !== undefined) {
    if (before !== undefined && size === oldSize) await parts.onFork(origin, before.note, signed);
    return { status: 422, why };
  }
  return await cosign(request, signed, before, parts);
}

async function cosign(
  request: AddCheckpoint,
  signed: Uint8Array,
  before: Remembered | undefined,
  parts: WitnessParts,
): Promise<AddCheckpointAnswer> {
  const { origin, size } = request.checkpoint;
  const cosignature = signCosignature(parseNote(signed).text, parts.identity.key, parts.now());
  if (before === undefined || size > before.checkpoint.size) {
    const next = concatBytes(signed, utf8(cosignature));
    if (!(await parts.memory.advance(origin, before, next))) {
      // Another request was faster: this one is answered like any that comes too late.
      const winner = await parts.memory.read(origin);
      return { status: 409, size: winner?.checkpoint.size ?? 0n };
    }
  } else {
    await parts.memory.settle(origin);
  }
  return { status: 200, cosignature, size };
}

/** Why the checkpoint does not go on from what was signed last; undefined if it does. */
function inconsistency(request: AddCheckpoint, before: Remembered | undefined): string | undefined {
  const { size, root } = request.checkpoint;
  if (size === 0n && !equalBytes(root, EMPTY_ROOT)) return "root of an empty tree is wrong";
  try {
    verifyConsistency({
      fromSize: before?.checkpoint.size ?? 0n,
      fromRoot: before?.checkpoint.root ?? EMPTY_ROOT,
      toSize: size,
      toRoot: root,
      proof: request.proof,
    });
    return undefined;
  } catch (cause) {
    if (!(cause instanceof VerificationError)) throw cause;
    return "checkpoint does not extend the one signed last";
  }
}

/** The note with the lines of the log's own keys alone; undefined unless one holds and none fails. */
function keepKnownLines(note: Uint8Array, keys: readonly NoteVerifier[]): Uint8Array | undefined {
  try {
    const { text, verified } = verifyNote(note, keys);
    const lines = parseNote(note)
      .signatures.filter(({ name, keyId }) =>
        verified.some((key) => key.name === name && key.keyId === keyId),
      )
      .map(({ line }) => line);
    return utf8(`${text}\n${lines.join("")}`);
  } catch (cause) {
    if (cause instanceof VerificationError || cause instanceof MalformedError) return undefined;
    throw cause;
  }
}
