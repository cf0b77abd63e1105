// An attestation with its note and what proves it, as the journal has them.
import type { Reads } from "../read/reads.ts";
import type { Attestation, ProvenAttestation } from "./attestation-types.ts";

export async function proveAttestation(
  { reads }: { reads: Reads },
  work: Attestation,
): Promise<ProvenAttestation> {
  const { note } = await reads.checkpoint(work.treeSize);
  const { attestations, cosignatures } = await reads.proofsOf(work.treeSize);
  const kept = attestations.find(({ target }) => target === work.target);
  const lines = cosignatures.filter(({ target }) => target === work.target);
  const rekor = kept?.kind === "rekor" ? kept : undefined;
  const signedAtMs = rekor?.signedAtMs ?? lines[0]?.signedAtMs;
  const attestedAtMs = kept?.attestedAtMs ?? lines[0]?.attestedAtMs;
  return {
    ...work,
    note,
    ...(rekor ? { bundle: rekor.bundle, logId: rekor.logId, logIndex: rekor.logIndex } : {}),
    ...(signedAtMs === undefined ? {} : { signedAtMs }),
    ...(attestedAtMs === undefined ? {} : { attestedAtMs }),
    cosignatures: lines.map(({ line }) => line),
  };
}
