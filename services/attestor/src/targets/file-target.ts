// A folder of checkpoints for sites without a network, or on a volume that somebody else keeps. It
// says what the log said before: a checkpoint goes in only with the proof that it extends the
// newest one there, and a folder that was tampered with takes nothing more.
import { resolve } from "node:path";
import {
  concatBytes,
  equalBytes,
  parseCheckpoint,
  parseNote,
  verifyConsistency,
} from "@strongroom/protocol";
import { loadAttestationKey } from "@strongroom/protocol/attestation";
import { AttestorError } from "../errors.ts";
import { FIRST_PREVIOUS, makeCheckpointFile } from "./checkpoint-file.ts";
import { CheckpointFolder, errnoOf, FolderDamaged, type Tail } from "./checkpoint-folder.ts";
import type {
  AttestationTarget,
  TargetFailure,
  TargetParts,
  TargetResult,
  TargetWork,
} from "./target.ts";
import type { FileSettings } from "./target-settings.ts";

type Parts = Pick<TargetParts, "origin" | "signingKey">;

/** Throws TARGET_INVALID if a former key is none. */
export function createFileTarget(settings: FileSettings, parts: Parts): AttestationTarget {
  const keys = [parts.signingKey.publicKeySpki, ...formerKeys(settings)];
  const folder = new CheckpointFolder(resolve(settings.path), keys);
  // One at a time: each file names the one before it.
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(run: () => Promise<T>): Promise<T> => {
    const turn = last.then(run, run);
    last = turn.catch(() => {});
    return turn;
  };
  return {
    name: settings.name,
    kind: "file",
    attest: (work) => inTurn(() => attest(work, folder, parts)),
    newestNote: () => inTurn(() => newestNote(folder, parts)),
    close: async () => void (await last),
  };
}

async function attest(
  work: TargetWork,
  folder: CheckpointFolder,
  parts: Parts,
): Promise<TargetResult> {
  try {
    const tail = await folder.tail();
    checkTail(tail, work.attestedSize, parts.origin);
    if (tail !== undefined && equalBytes(tail.file.note, work.note)) return { kind: "attested" };
    const refused = tail === undefined ? undefined : await refuseUnlessExtended(work, tail);
    if (refused !== undefined) return refused;
    const place = {
      sequence: (tail?.file.sequence ?? 0) + 1,
      previous: tail?.hash ?? FIRST_PREVIOUS,
    };
    const isFirst = await folder.append(makeCheckpointFile(place, work.note, parts.signingKey));
    if (isFirst) return { kind: "attested" };
    return failed("conflict", "another worker wrote the next file");
  } catch (cause) {
    if (cause instanceof FolderDamaged) {
      return { ...failed("invalid-answer", cause.message), evidence: cause.evidence };
    }
    if (errnoOf(cause) === "") throw cause;
    // Full, read-only or not mounted: it goes on by itself when that is over.
    return failed("retry", `write the folder: ${errnoOf(cause)}`);
  }
}

async function newestNote(folder: CheckpointFolder, parts: Parts): Promise<Uint8Array | undefined> {
  const tail = await folder.tail();
  checkTail(tail, 0n, parts.origin);
  return tail?.file.note;
}

/** The store remembers how far the folder went: a shorter one was cut, or is another folder. */
function checkTail(tail: Tail | undefined, attestedSize: bigint, origin: string): void {
  const size = tail?.file.checkpoint.size ?? 0n;
  if (tail !== undefined && tail.file.checkpoint.origin !== origin) {
    throw new FolderDamaged("folder holds checkpoints of another log", tail.file.note);
  }
  if (size < attestedSize) {
    throw new FolderDamaged(`folder ends at size ${size}, though ${attestedSize} was written`);
  }
}

/** Undefined if the checkpoint extends the newest one. */
async function refuseUnlessExtended(
  work: TargetWork,
  tail: Tail,
): Promise<TargetFailure | undefined> {
  const { size, root } = tail.file.checkpoint;
  if (size > work.treeSize) {
    const message = `folder holds size ${size}, beyond ${work.treeSize}: if no newer checkpoint is here, this store is behind`;
    return failed("conflict", message);
  }
  const isGrowth = size > 0n && size < work.treeSize;
  const proof = isGrowth ? await work.consistencyProof(size) : [];
  try {
    const next = parseCheckpoint(parseNote(work.note).text);
    verifyConsistency({
      fromSize: size,
      fromRoot: root,
      toSize: next.size,
      toRoot: next.root,
      proof,
    });
    return undefined;
  } catch {
    const message = `checkpoint does not extend the one of size ${size} in the folder`;
    const evidence = concatBytes(tail.file.note, work.note);
    return { ...failed("invalid-answer", message), evidence };
  }
}

function failed(failure: TargetFailure["failure"], message: string): TargetFailure {
  return { kind: "failed", failure, message };
}

function formerKeys(settings: FileSettings): Uint8Array[] {
  return settings.formerKeys.map((key) => {
    try {
      return loadAttestationKey(new Uint8Array(Buffer.from(key, "base64"))).spki;
    } catch (cause) {
      const message = `make target ${settings.name}: a former key is not SPKI of P-256 in base64`;
      throw new AttestorError("TARGET_INVALID", message, { cause });
    }
  });
}
