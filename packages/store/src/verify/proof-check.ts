// Every attestation and cosignature of the journal, verified again under the keys that the log
// names, over the note that is stored for its size.
import { MalformedError, VerificationError } from "@strongroom/protocol";
import type { AttestationRow, CheckpointRow, CosignatureRow } from "../engine/port.ts";
import { checkpointOf } from "../read/checked-proofs.ts";
import type { Reader } from "../read/reader-context.ts";
import type { Finding } from "../types.ts";

export interface ProofPage {
  /** Ids of the rows before, 0 at the beginning. */
  after: { attestation: number; cosignature: number };
  /** Nothing beyond this size is looked at. */
  size: number;
}

export interface ProofReport {
  /** Where to go on; undefined at the end. */
  next: ProofPage["after"] | undefined;
  findings: Finding[];
}

const ROWS = 64;

export function checkProofs(
  reader: Reader,
  { after, size }: ProofPage,
  findings: Finding[],
): Pick<ProofReport, "next"> {
  const { proofs } = reader.journal;
  const attestations = proofs.readAttestations(after.attestation, ROWS);
  const cosignatures = proofs.readCosignatures(after.cosignature, ROWS);
  for (const row of attestations) {
    if (row.size <= size) checkAttestation(reader, row, findings);
  }
  for (const row of cosignatures) {
    if (row.size <= size) checkCosignature(reader, row, findings);
  }
  if (attestations.length === 0 && cosignatures.length === 0) return { next: undefined };
  return {
    next: {
      attestation: attestations.at(-1)?.id ?? after.attestation,
      cosignature: cosignatures.at(-1)?.id ?? after.cosignature,
    },
  };
}

function checkAttestation(reader: Reader, row: AttestationRow, findings: Finding[]): void {
  const what = `attestation ${row.id} by ${row.target} of ${row.size} entries`;
  const wrong = (message: string): void => {
    findings.push({
      verdict: "ATTESTATION_WRONG",
      part: "attestation",
      index: row.size,
      message: `${what}: ${message}`,
    });
  };
  const sameSize = reader.journal.proofs.attestationsOf(row.size);
  if (sameSize.some(({ id, target }) => id < row.id && target === row.target)) {
    wrong("there is one by that target already");
  }
  verifyRow(checkpointOf(reader, row.size), wrong, (checkpoint) => {
    if (row.kind === "file") return;
    const verified = reader.proofs.check.bundle(row.bundle, checkpoint);
    const { keyId, logId, logIndex, timeUnixMs = null } = verified;
    const isSame =
      keyId === row.keyId &&
      logId === row.logId &&
      Number(logIndex) === row.logIndex &&
      timeUnixMs === row.signedAtMs;
    if (!isSame) wrong("its columns are not what its bundle says");
  });
}

function checkCosignature(reader: Reader, row: CosignatureRow, findings: Finding[]): void {
  const what = `cosignature ${row.id} by ${row.target} of ${row.size} entries`;
  const wrong = (message: string): void => {
    findings.push({
      verdict: "COSIGNATURE_WRONG",
      part: "cosignature",
      index: row.size,
      message: `${what}: ${message}`,
    });
  };
  const sameSize = reader.journal.proofs.cosignaturesOf(row.size);
  if (sameSize.some(({ id, witness }) => id < row.id && witness === row.witness)) {
    wrong("there is one of that witness already");
  }
  verifyRow(checkpointOf(reader, row.size), wrong, (checkpoint) => {
    const { witness, timeUnixMs } = reader.proofs.check.cosignature(row.line, checkpoint);
    const isSame = witness === row.witness && timeUnixMs === row.signedAtMs;
    if (!isSame) wrong("its columns are not what its line says");
  });
}

function verifyRow(
  checkpoint: CheckpointRow | undefined,
  wrong: (message: string) => void,
  verify: (checkpoint: CheckpointRow) => void,
): void {
  try {
    if (checkpoint) verify(checkpoint);
    else wrong("no checkpoint of that size is stored");
  } catch (reason) {
    const isVerdict = reason instanceof VerificationError || reason instanceof MalformedError;
    wrong(isVerdict ? `it does not verify (${reason.code})` : "its row cannot be read");
  }
}
