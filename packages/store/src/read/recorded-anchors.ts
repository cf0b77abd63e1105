// Anchors under checkpoints that outside records name: the newest that both a transparency log and
// a witness keep, else the newest of each. A policy is met by one anchor alone.
import type { Anchor } from "@strongroom/protocol";
import { NOTE_SIGNATURES_MAX } from "@strongroom/protocol";
import type { EntryRow } from "../engine/port.ts";
import { checkInclusion } from "./checked-entry.ts";
import { checkpointOf } from "./checked-proofs.ts";
import type { HeadArgument, Reader } from "./reader-context.ts";

type AnchorParts = Pick<Anchor, "checkpoint" | "inclusion" | "bundles" | "cosignatures">;

const LOOKED_AT_MAX = 64;
const BUNDLES_MAX = 4;

export function recordedAnchors(reader: Reader, row: EntryRow, head: HeadArgument): AnchorParts[] {
  return newestSizes(reader, row.index, head).flatMap((size) => {
    const checkpoint = checkpointOf(reader, size);
    if (!checkpoint) return [];
    const { proofs } = reader.journal;
    const root = reader.tree.root(size);
    const bundles = proofs
      .attestationsOf(size)
      .filter(({ kind }) => kind === "rekor")
      .slice(0, BUNDLES_MAX)
      .map(({ bundle }) => bundle);
    const cosignatures = proofs
      .cosignaturesOf(size)
      .slice(0, NOTE_SIGNATURES_MAX - 1)
      .map(({ line }) => line);
    const inclusion = checkInclusion(reader, row, { size, root });
    return { checkpoint: checkpoint.note, inclusion, bundles, cosignatures };
  });
}

function newestSizes(reader: Reader, index: number, head: HeadArgument): number[] {
  const { proofs } = reader.journal;
  const range = { from: index, below: head.size + 1, limit: LOOKED_AT_MAX };
  const attested = proofs.attestedSizes(range);
  const cosigned = proofs.cosignedSizes(range);
  const both = attested.find((size) => cosigned.includes(size));
  if (both !== undefined) return [both];
  return [attested[0], cosigned[0]].flatMap((size) => size ?? []);
}
