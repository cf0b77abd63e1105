// Attestations as a reader relies on them: read from the journal each time, and verified once per
// content under the keys that the log names. Nothing is taken from memory alone.
import { equalBytes, parseCheckpoint, parseNote, sha256, toHex } from "@strongroom/protocol";
import { ProofCheck } from "../attest/proof-check.ts";
import type { TrustedKey } from "../attest/registered-keys.ts";
import type { AttestationRow, CheckpointRow } from "../engine/port.ts";
import type { HeadArgument, Reader } from "./reader-context.ts";

const TRIED_MAX = 16;
const VERIFIED_MAX = 1024;

export class CheckedProofs {
  readonly check: ProofCheck;
  /** Digests of bundles that were verified, each with the note that it is for. */
  readonly #verified = new Set<string>();

  constructor(keys: readonly TrustedKey[]) {
    this.check = new ProofCheck(keys);
  }

  /** Size and root of the newest checkpoint that covers an entry and whose attestation verifies. */
  attestedHead(reader: Reader, index: number, head: HeadArgument): HeadArgument | undefined {
    const { proofs } = reader.journal;
    const sizes = proofs.attestedSizes({ from: index, below: head.size + 1, limit: TRIED_MAX });
    for (const size of sizes) {
      const checkpoint = checkpointOf(reader, size);
      const holds =
        checkpoint && proofs.attestationsOf(size).some((row) => this.#holds(row, checkpoint));
      if (!holds) continue;
      const { root } = parseCheckpoint(parseNote(checkpoint.note).text);
      if (equalBytes(root, reader.tree.root(size))) return { size, root };
    }
    return undefined;
  }

  #holds(row: AttestationRow, checkpoint: CheckpointRow): boolean {
    if (row.kind !== "rekor") return false;
    const digest = toHex(sha256(row.bundle)) + toHex(sha256(checkpoint.note));
    if (this.#verified.has(digest)) return true;
    try {
      this.check.bundle(row.bundle, checkpoint);
    } catch {
      // Fails closed: a bundle that does not verify attests nothing. `log verify` names it.
      return false;
    }
    if (this.#verified.size >= VERIFIED_MAX) this.#verified.clear();
    this.#verified.add(digest);
    return true;
  }
}

export function checkpointOf(reader: Reader, size: number): CheckpointRow | undefined {
  const [row] = reader.journal.readCheckpoints(size + 1, 1);
  return row?.size === size ? row : undefined;
}
