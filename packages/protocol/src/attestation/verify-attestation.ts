// The whole offline verification of an attestation, formats.md §5: a list of steps. The Sigstore
// library checks signatures and proofs, against the one log and key that were chosen here; what it
// does not look at is checked before it is asked.
import { VerificationError as SigstoreError, toSignedEntity, Verifier } from "@sigstore/verify";
import { sha256 } from "#crypto";
import { equalBytes, toBase64, toHex } from "../bytes.ts";
import { MalformedError, type VerificationCode, VerificationError } from "../errors.ts";
import type { AttestationStep, VerifyBundle } from "../receipt-anchors.ts";
import { verifyInclusion } from "../tree.ts";
import type { AttestationKey } from "./attestation-key.ts";
import { type AttestationBundle, parseBundle } from "./bundle.ts";
import { type LogCheckpoint, parseLogCheckpoint } from "./log-checkpoint.ts";
import type { RekorEntry } from "./rekor-entry.ts";
import { entryBodyOf, hashEntry } from "./rekor-request.ts";
import {
  type AttestationTrust,
  findLogById,
  type LoadedTrust,
  loadTrust,
  type TrustedLog,
} from "./trusted-root.ts";

export interface VerifiedAttestation {
  /** Of the attestation key: lower-case hex of SHA-256 over its SPKI. */
  readonly keyId: string;
  /** Base64. With `logIndex` it counts once, in however many bundles it stands. */
  readonly logId: string;
  readonly logIndex: bigint;
  /** Signed by the log (SET) or a time stamping authority; absent if nobody signed one. */
  readonly timeUnixMs?: number;
  /** In order. */
  readonly proven: readonly AttestationStep[];
}

/**
 * Verifies one bundle over a note as first stored, offline. Throws MalformedError for parts that
 * are not what they claim, VerificationError with a code for the failed step and `proven`.
 */
export function verifyAttestation(
  bundleJson: Uint8Array,
  note: Uint8Array,
  trust: AttestationTrust,
): VerifiedAttestation {
  const proven: AttestationStep[] = [];
  try {
    return verifySteps({ bundleJson, note, trust: loadTrust(trust), proven });
  } catch (cause) {
    if (!(cause instanceof VerificationError)) throw cause;
    throw new VerificationError(cause.code, cause.message, { cause, proven });
  }
}

/**
 * For verifyReceipt: the keys are those that its policy names, the trusted roots what its files
 * hold. Throws MALFORMED_TRUSTED_ROOT, MALFORMED_ATTESTATION_KEY, LIMIT_EXCEEDED at once.
 */
export function attestationVerifier(trust: AttestationTrust): VerifyBundle {
  loadTrust(trust);
  return (bundleJson, note) => verifyAttestation(bundleJson, note, trust);
}

interface Work {
  readonly bundleJson: Uint8Array;
  readonly note: Uint8Array;
  readonly trust: LoadedTrust;
  readonly proven: AttestationStep[];
}

function verifySteps({ bundleJson, note, trust, proven }: Work): VerifiedAttestation {
  const bundle = parseBundle(bundleJson);
  const { entry } = bundle;
  const key = findKey(bundle, trust);
  proven.push("attestation-key");
  checkNote(bundle, note);
  proven.push("attestation-note");
  checkEntry(bundle, key);
  proven.push("attestation-entry");
  const checkpoint = parseLogCheckpoint(entry.proof.checkpoint);
  const log = findLogById(trust, entry.logId, checkpoint.name);
  checkCheckpointSigner(checkpoint, log);
  proven.push("attestation-log");
  checkIndex(entry);
  proven.push("attestation-index");
  checkInclusion(entry, checkpoint);
  proven.push("attestation-inclusion");
  verifySignatures(bundle, { key, log, note, trust });
  proven.push("attestation-checkpoint", "attestation-signature");
  const timeUnixMs = signedTime(bundle, log);
  if (timeUnixMs !== undefined) proven.push("attestation-time");
  return {
    keyId: key.id,
    logId: toBase64(entry.logId),
    logIndex: entry.logIndex,
    ...(timeUnixMs !== undefined && { timeUnixMs }),
    proven,
  };
}

function findKey(bundle: AttestationBundle, trust: LoadedTrust): AttestationKey {
  const key = trust.keys.find(({ hint }) => hint === bundle.hint);
  if (!key) throw failed("ATTESTATION_KEY_UNTRUSTED", "bundle is of no trusted attestation key");
  return key;
}

function checkNote(bundle: AttestationBundle, note: Uint8Array): void {
  if (!equalBytes(bundle.digest, sha256(note))) {
    throw failed("ATTESTATION_NOTE_MISMATCH", "bundle attests another note");
  }
}

// The library compares digest and signature only: the key in the entry could be somebody else's.
function checkEntry({ digest, signature, entry }: AttestationBundle, key: AttestationKey): void {
  const { version } = entry;
  const expected = entryBodyOf({ version, digest, signature, publicKeySpki: key.spki });
  if (!equalBytes(entry.canonicalizedBody, expected)) {
    throw failed("ATTESTATION_ENTRY_MISMATCH", "the log's entry is not that of our request");
  }
}

// The library takes the name for a pattern and any signature for enough.
function checkCheckpointSigner(checkpoint: LogCheckpoint, log: TrustedLog): void {
  const keyId = toHex(log.checkpointKeyId.subarray(0, 4));
  const isSigned = checkpoint.note.signatures.some(
    (line) => line.name === checkpoint.name && line.keyId.toString(16).padStart(8, "0") === keyId,
  );
  if (!isSigned) {
    throw failed("ATTESTATION_CHECKPOINT_INVALID", "checkpoint is not signed by the trusted log");
  }
}

// A version 1 log of several trees counts over all of them, and its promise signs that number.
// Without a promise nothing signs the entry's index but the proof.
function checkIndex({ logIndex, signedEntryTimestamp, proof }: RekorEntry): void {
  if (signedEntryTimestamp === undefined && logIndex !== proof.index) {
    throw failed("ATTESTATION_INDEX_MISMATCH", "entry and proof name different indexes");
  }
}

function checkInclusion({ proof, canonicalizedBody }: RekorEntry, checkpoint: LogCheckpoint): void {
  const { size, root } = checkpoint;
  if (proof.treeSize !== size || !equalBytes(proof.rootHash, root)) {
    throw failed("ATTESTATION_INCLUSION_MISMATCH", "proof is for another tree than the checkpoint");
  }
  const leafHash = hashEntry(canonicalizedBody);
  try {
    verifyInclusion({ leafHash, index: proof.index, size, proof: proof.hashes, root });
  } catch (cause) {
    const message = "entry is not in the log under its checkpoint";
    throw new VerificationError("ATTESTATION_INCLUSION_MISMATCH", message, { cause });
  }
}

interface Chosen {
  readonly key: AttestationKey;
  readonly log: TrustedLog;
  readonly note: Uint8Array;
  readonly trust: LoadedTrust;
}

// What is trusted here is one key and one log only, so that no other can satisfy the library.
function verifySignatures(bundle: AttestationBundle, chosen: Chosen): void {
  const { key, log, note, trust } = chosen;
  const verifier = new Verifier(
    {
      certificateAuthorities: [],
      timestampAuthorities: trust.timestampAuthorities,
      tlogs: [log.authority],
      ctlogs: [],
      publicKey: () => ({ publicKey: key.publicKey, validFor: () => true }),
    },
    { tlogThreshold: 1, timestampThreshold: 0 },
  );
  try {
    verifier.verify(toSignedEntity(bundle.sigstore, note as Buffer));
  } catch (cause) {
    throw explain(cause, bundle);
  }
}

const codes: Partial<Record<string, VerificationCode>> = {
  TIMESTAMP_ERROR: "ATTESTATION_TIME_INVALID",
  TLOG_INCLUSION_PROMISE_ERROR: "ATTESTATION_PROMISE_INVALID",
  // The proof itself was checked before: what is left of it is the checkpoint's signature.
  TLOG_INCLUSION_PROOF_ERROR: "ATTESTATION_CHECKPOINT_INVALID",
  TLOG_BODY_ERROR: "ATTESTATION_ENTRY_MISMATCH",
  SIGNATURE_ERROR: "ATTESTATION_SIGNATURE_INVALID",
};

function explain(cause: unknown, bundle: AttestationBundle): VerificationError | MalformedError {
  const code = cause instanceof SigstoreError ? codes[cause.code] : undefined;
  if (code) return new VerificationError(code, `bundle: ${(cause as Error).message}`, { cause });
  if (bundle.timestampCount > 0) {
    const message = "time stamp cannot be read";
    return new VerificationError("ATTESTATION_TIME_INVALID", message, { cause });
  }
  return new MalformedError("MALFORMED_BUNDLE", "bundle cannot be verified", { cause });
}

// Only what was verified just now: a promise signs its time, a version 2 entry has none.
function signedTime(bundle: AttestationBundle, { authority }: TrustedLog): number | undefined {
  const { integratedTimeS, signedEntryTimestamp } = bundle.entry;
  const { timestamps } = toSignedEntity(bundle.sigstore);
  const times = timestamps.flatMap((time) =>
    time.$case === "timestamp-authority" ? [time.timestamp.signingTime.getTime()] : [],
  );
  if (signedEntryTimestamp && integratedTimeS) times.push(Number(integratedTimeS) * 1000);
  if (times.length === 0) return undefined;
  const { start, end } = authority.validFor;
  const isValid = times.every((time) => start.getTime() <= time && time <= end.getTime());
  if (!isValid)
    throw failed("ATTESTATION_TIME_INVALID", "the log's key was not valid at that time");
  return Math.max(...times);
}

function failed(code: VerificationCode, message: string): VerificationError {
  return new VerificationError(code, message);
}
