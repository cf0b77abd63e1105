// Checks what outside records say of stored checkpoints: each bundle and each cosignature, under the
// keys that the log's own key events name.
import assert from "node:assert/strict";
import { parseNote, parseVkey, sha256, text, toHex, verifyCosignature } from "@strongroom/protocol";
import { verifyAttestation } from "@strongroom/protocol/attestation";
import type { Database } from "better-sqlite3-multiple-ciphers";

/** A key event of the log. */
export interface KeyChange {
  index: number;
  event: string;
  subject: string;
  publicKey: Uint8Array;
}

interface ProvenKey {
  /** What its events begin with. */
  purpose: string;
  key: Uint8Array;
  /** Stands for checkpoints up to here. */
  retiredIndex: number;
}

interface AttestationRow {
  id: number;
  size: number;
  kind: string;
  key_id: string;
  log_id: string;
  log_index: number;
  signed_at_ms: number | null;
  bundle: Uint8Array;
}

interface CosignatureRow {
  id: number;
  size: number;
  witness: string;
  signed_at_ms: number;
  line: Uint8Array;
}

const PURPOSES = ["attestation-key", "trusted-root", "witness"];

/** Returns how many rows of each table it has verified. */
export function checkProofs(
  db: Database,
  changes: readonly KeyChange[],
): { attestations: number; cosignatures: number } {
  const keys = replay(changes);
  const attestations = db.prepare("SELECT * FROM attestation ORDER BY id").all();
  for (const row of attestations as AttestationRow[]) checkAttestation(db, keys, row);
  const cosignatures = db.prepare("SELECT * FROM cosignature ORDER BY id").all();
  for (const row of cosignatures as CosignatureRow[]) checkCosignature(db, keys, row);
  return { attestations: attestations.length, cosignatures: cosignatures.length };
}

function replay(changes: readonly KeyChange[]): ProvenKey[] {
  const keys = new Map<string, ProvenKey>();
  for (const { index, event, subject, publicKey } of changes) {
    const [, purpose = "", change] = /^(.*)-(registered|retired)$/.exec(event) ?? [];
    if (!PURPOSES.includes(purpose)) continue;
    if (change === "registered") {
      assert.equal(subject, toHex(sha256(publicKey)), `${event} of entry ${index} names its key`);
      keys.set(subject, { purpose, key: publicKey, retiredIndex: Number.POSITIVE_INFINITY });
    } else {
      const known = keys.get(subject);
      assert.ok(known, `${event} of entry ${index} is of a registered key`);
      known.retiredIndex = Math.min(known.retiredIndex, index);
    }
  }
  return [...keys.values()];
}

function checkAttestation(db: Database, keys: readonly ProvenKey[], row: AttestationRow): void {
  const what = `attestation ${row.id}`;
  const note = noteOf(db, row.size, what);
  if (row.kind === "file") {
    assert.equal(row.bundle.length, 0, `${what} proves nothing`);
    return;
  }
  assert.equal(row.kind, "rekor", what);
  const verified = verifyAttestation(new Uint8Array(row.bundle), note, {
    attestationKeys: keysAt(keys, "attestation-key", row.size),
    trustedRoots: keysAt(keys, "trusted-root", row.size),
  });
  const { keyId, logId, logIndex, timeUnixMs = null } = verified;
  const columns = [row.key_id, row.log_id, row.log_index, row.signed_at_ms];
  assert.deepEqual(columns, [keyId, logId, Number(logIndex), timeUnixMs], what);
}

function checkCosignature(db: Database, keys: readonly ProvenKey[], row: CosignatureRow): void {
  const what = `cosignature ${row.id}`;
  const noteText = parseNote(noteOf(db, row.size, what)).text;
  const verifiers = keysAt(keys, "witness", row.size).map((key) => parseVkey(text(key)));
  const verifier = verifiers.find(
    ({ name, keyId }) => row.witness === `${name}+${keyId.toString(16).padStart(8, "0")}`,
  );
  assert.ok(verifier, `${what} is of a registered witness`);
  const { timeUnixS } = verifyCosignature(noteText, new Uint8Array(row.line), verifier);
  assert.equal(row.signed_at_ms, Number(timeUnixS) * 1000, what);
}

function noteOf(db: Database, size: number, what: string): Uint8Array {
  const note = db.prepare("SELECT note FROM checkpoint WHERE size = ?").pluck().get(size);
  assert.ok(note instanceof Uint8Array, `${what} is of a stored checkpoint`);
  return new Uint8Array(note);
}

function keysAt(keys: readonly ProvenKey[], purpose: string, size: number): Uint8Array[] {
  return keys
    .filter((key) => key.purpose === purpose && size <= key.retiredIndex)
    .map(({ key }) => key);
}
