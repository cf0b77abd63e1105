// What the journal keeps of outside records, for those who list it or go through it all.
import type { TargetKind } from "../attest/attestation-types.ts";
import type { AttestationRow, CosignatureRow } from "../engine/port.ts";
import { StoreError } from "../errors.ts";
import type { EntryKey } from "../types.ts";
import type { HeadArgument, Reader } from "./reader-context.ts";
import { requireRow } from "./receipts.ts";

const NO_BYTES = new Uint8Array(0);

/** In the order in which it was kept; without bundles and lines, of which there may be many. */
export function proofsAfter(
  reader: Reader,
  request: { after: { attestation: number; cosignature: number }; limit: number },
): { attestations: AttestationRow[]; cosignatures: CosignatureRow[] } {
  const { after, limit } = request;
  const { proofs } = reader.journal;
  return {
    attestations: proofs
      .readAttestations(after.attestation, limit)
      .map((row) => ({ ...row, bundle: NO_BYTES })),
    cosignatures: proofs.readCosignatures(after.cosignature, limit),
  };
}

export function proofsOf(
  reader: Reader,
  size: number,
): { attestations: AttestationRow[]; cosignatures: CosignatureRow[] } {
  const { proofs } = reader.journal;
  return { attestations: proofs.attestationsOf(size), cosignatures: proofs.cosignaturesOf(size) };
}

/** The newest checkpoint that a transparency log, else a witness, keeps and that covers an entry. */
export function coveringProof(
  reader: Reader,
  request: { head: HeadArgument; key: EntryKey; scopes: readonly string[] | undefined },
): { size: number; target: string; kind: TargetKind } {
  const { index } = requireRow(reader, request.key, request);
  const { proofs } = reader.journal;
  const range = { from: index, below: request.head.size + 1, limit: 1 };
  const [attested] = proofs.attestedSizes(range);
  if (attested !== undefined) {
    const row = proofs.attestationsOf(attested).find(({ kind }) => kind === "rekor");
    if (row) return { size: attested, target: row.target, kind: "rekor" };
  }
  const [cosigned] = proofs.cosignedSizes(range);
  const row = cosigned === undefined ? undefined : proofs.cosignaturesOf(cosigned)[0];
  if (row) return { size: row.size, target: row.target, kind: "witness" };
  throw new StoreError("NOT_FOUND", `entry ${index} is covered by no attestation yet`, {
    metadata: { index: String(index) },
  });
}
