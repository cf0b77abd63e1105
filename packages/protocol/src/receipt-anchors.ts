// Which anchor of a receipt meets the policy. Each anchor stands alone: one that fails is passed
// over. Only a fork, two trusted notes that contradict each other, condemns them all.
import { equalBytes } from "./bytes.ts";
import { type Checkpoint, verifyCheckpoint } from "./checkpoint.ts";
import { cosignedTime, parseCosignatureLine } from "./cosignature.ts";
import { MalformedError, VerificationError } from "./errors.ts";
import { NOTE_SIGNATURES_MAX, parseNote, verifyKnown } from "./note.ts";
import { isQuorumMet, type Policy } from "./policy.ts";
import type { Anchor } from "./receipt.ts";
import { verifyInclusion } from "./tree.ts";
import { isSameKey, type NoteVerifier } from "./vkey.ts";

/** What a bundle that holds attests. */
export interface ProvenAttestation {
  /** That somebody signed (SET, RFC 3161); absent if nobody did. */
  readonly timeUnixMs?: number;
  /** Base64 id of the transparency log. With the index it counts once. */
  readonly logId?: string;
  readonly logIndex?: bigint;
  /** Lower-case hex of SHA-256 over the attestation key's SPKI. */
  readonly keyId?: string;
  /** Named steps, in order. */
  readonly proven?: readonly AttestationStep[];
}

/** The steps of verifying one attestation, in order; the last only if somebody signed a time. */
export type AttestationStep =
  | "attestation-key"
  | "attestation-note"
  | "attestation-entry"
  | "attestation-log"
  | "attestation-index"
  | "attestation-inclusion"
  | "attestation-checkpoint"
  | "attestation-signature"
  | "attestation-time";

/** Verifies one Sigstore bundle over the note as first stored; throws if it does not hold. */
export type VerifyBundle = (
  bundleJson: Uint8Array,
  note: Uint8Array,
  policy: Policy,
) => ProvenAttestation;

/** What every anchor is measured against. */
export interface AnchorClaim {
  readonly leafHash: Uint8Array;
  readonly index: bigint;
  readonly policy: Policy;
  readonly nowUnixMs: number;
  readonly verifyBundle?: VerifyBundle | undefined;
}

export interface ProvenAnchor {
  readonly checkpoint: Checkpoint;
  /** Policy names of the witnesses whose cosignatures hold. */
  readonly witnesses: readonly string[];
  readonly isWitnessed: boolean;
  readonly isAttested: boolean;
  /** Each (log id, index) once. */
  readonly attestations: readonly ProvenAttestation[];
  /** Why other bundles of this anchor attest nothing. */
  readonly refusedBundles: readonly Error[];
  /** The newest time that a witness or an attestation signed. */
  readonly signedTimeUnixMs?: number;
}

interface Attempt {
  readonly anchor: Anchor;
  /** Steps passed: the anchor that came furthest has the most telling failure. */
  steps: number;
  /** The checkpoint, once its signer is trusted. */
  trusted?: Checkpoint;
  proven?: ProvenAnchor;
  failure?: MalformedError | VerificationError;
}

/** Returns the first anchor that meets the policy, or throws FORK_DETECTED or why none does. */
export function verifyAnchors(
  anchors: readonly Anchor[],
  claim: AnchorClaim,
): ProvenAnchor & { anchorIndex: number } {
  const attempts = anchors.map((anchor) => attemptAnchor(anchor, claim));
  checkForks(attempts);
  for (const [anchorIndex, attempt] of attempts.entries()) {
    if (attempt.proven) return { ...attempt.proven, anchorIndex };
  }
  const furthest = attempts.reduce((a, b) => (b.steps > a.steps ? b : a));
  throw furthest.failure;
}

function attemptAnchor(anchor: Anchor, claim: AnchorClaim): Attempt {
  const attempt: Attempt = { anchor, steps: 0 };
  try {
    attempt.proven = verifyAnchor(attempt, claim);
  } catch (error) {
    if (!(error instanceof MalformedError || error instanceof VerificationError)) throw error;
    attempt.failure = error;
  }
  return attempt;
}

function verifyAnchor(attempt: Attempt, claim: AnchorClaim): ProvenAnchor {
  const { anchor } = attempt;
  const { policy } = claim;
  const checkpoint = verifyCheckpoint(anchor.checkpoint, logKeys(policy));
  const isCurrent = checkpoint.verified.some((key) => isCurrentKey(key, policy));
  if (isCurrent) attempt.trusted = checkpoint;
  attempt.steps++;
  const cosigned = verifyCosignatures(anchor, policy);
  attempt.steps++;
  const attested = verifyBundles(anchor, claim);
  const attestedTimes = attested.attestations.flatMap(({ timeUnixMs = [] }) => timeUnixMs);
  const times = [...cosigned.timesUnixMs, ...attestedTimes];
  const proven: ProvenAnchor = {
    checkpoint: { origin: checkpoint.origin, size: checkpoint.size, root: checkpoint.root },
    witnesses: cosigned.witnesses,
    isWitnessed: isQuorumMet(policy, new Set(cosigned.witnesses)),
    isAttested: attested.attestations.length > 0,
    ...attested,
    ...(times.length > 0 && { signedTimeUnixMs: Math.max(...times) }),
  };
  if (!isCurrent) checkRetired(checkpoint, proven, policy);
  attempt.trusted = checkpoint;
  attempt.steps++;
  verifyInclusion({
    leafHash: claim.leafHash,
    index: claim.index,
    size: checkpoint.size,
    proof: anchor.inclusion,
    root: checkpoint.root,
  });
  attempt.steps++;
  checkWitnessed(proven, policy);
  attempt.steps++;
  checkAttested(proven, policy);
  attempt.steps++;
  checkAge(proven, claim);
  return proven;
}

function logKeys(policy: Policy): NoteVerifier[] {
  const keys = policy.logs.map((log) => log.verifier);
  const retired = policy.retired.map((line) => line.verifier);
  // A key that is both trusted and retired is retired, and is looked up once.
  return [...keys.filter((key) => !retired.some((other) => isSameKey(key, other))), ...retired];
}

function isCurrentKey(key: NoteVerifier, policy: Policy): boolean {
  return !policy.retired.some((line) => isSameKey(line.verifier, key));
}

// The witnesses' lines may stand in the note or beside it; together they are one note.
function verifyCosignatures(
  anchor: Anchor,
  policy: Policy,
): { witnesses: string[]; timesUnixMs: number[] } {
  if (anchor.cosignatures.length > NOTE_SIGNATURES_MAX) {
    throw new MalformedError("LIMIT_EXCEEDED", "anchor has more than 16 cosignatures");
  }
  const note = parseNote(anchor.checkpoint);
  const lines = [...note.signatures, ...anchor.cosignatures.map(parseCosignatureLine)];
  const timesUnixMs: number[] = [];
  const keys = policy.witnesses.map((witness) => witness.verifier);
  const verified = verifyKnown(lines, keys, (verifier, signature) => {
    const timeUnixS = cosignedTime(note.text, signature, verifier);
    if (timeUnixS === undefined) return false;
    timesUnixMs.push(Number(timeUnixS) * 1000);
    return true;
  });
  const witnesses = policy.witnesses.filter((witness) => verified.includes(witness.verifier));
  return { witnesses: witnesses.map((witness) => witness.name), timesUnixMs };
}

// One bundle that holds is enough; others may be of logs that this verifier does not know.
function verifyBundles(
  anchor: Anchor,
  claim: AnchorClaim,
): Pick<ProvenAnchor, "attestations" | "refusedBundles"> {
  const attestations = new Map<string, ProvenAttestation>();
  const refusedBundles: Error[] = [];
  const { verifyBundle, policy } = claim;
  for (const [at, bundle] of (verifyBundle ? anchor.bundles : []).entries()) {
    try {
      const attestation = verifyBundle?.(bundle, anchor.checkpoint, policy) ?? {};
      const { logId, logIndex } = attestation;
      attestations.set(logId === undefined ? `bundle ${at}` : `${logId} ${logIndex}`, attestation);
    } catch (error) {
      // Fails closed: a bundle that does not verify attests nothing.
      refusedBundles.push(error instanceof Error ? error : new Error(String(error)));
    }
  }
  return { attestations: [...attestations.values()], refusedBundles };
}

function checkRetired(
  checkpoint: Checkpoint & { verified: NoteVerifier[] },
  proven: ProvenAnchor,
  policy: Policy,
): void {
  const isWithin = policy.retired.some(
    (line) =>
      checkpoint.size <= line.sizeMax &&
      checkpoint.verified.some((key) => isSameKey(key, line.verifier)),
  );
  if (!isWithin) {
    throw new VerificationError("RETIRED_KEY", "checkpoint is beyond the size of a retired key");
  }
  if (!proven.isWitnessed && !proven.isAttested) {
    throw new VerificationError(
      "RETIRED_KEY",
      "checkpoint of a retired key has neither witnesses nor attestation",
    );
  }
}

// C2SP: a checkpoint counts only with the quorum, if the policy names one.
function checkWitnessed(proven: ProvenAnchor, policy: Policy): void {
  const isRequired = policy.quorum !== "none" || policy.requirements.includes("witnessed");
  if (isRequired && !proven.isWitnessed) {
    throw new VerificationError("WITNESS_REQUIRED", "checkpoint lacks the quorum of witnesses");
  }
}

function checkAttested(proven: ProvenAnchor, policy: Policy): void {
  if (!policy.requirements.includes("attested") || proven.isAttested) return;
  const [cause] = proven.refusedBundles;
  const why = cause === undefined ? "" : `: ${cause.message}`;
  const message = `checkpoint has no valid attestation${why}`;
  throw new VerificationError("ATTESTATION_REQUIRED", message, cause && { cause });
}

function checkAge(proven: ProvenAnchor, claim: AnchorClaim): void {
  const { maxAgeMs } = claim.policy;
  if (maxAgeMs === undefined) return;
  if (proven.signedTimeUnixMs === undefined) {
    throw new VerificationError("NO_TRUSTED_TIME", "nobody trusted signed a time");
  }
  const ageMs = claim.nowUnixMs - proven.signedTimeUnixMs;
  // Written so that NaN is refused too.
  if (!(ageMs <= maxAgeMs)) {
    throw new VerificationError("RECEIPT_TOO_OLD", "signed time is older than max-age");
  }
}

function checkForks(attempts: readonly Attempt[]): void {
  const seen = new Map<string, Attempt>();
  for (const attempt of attempts) {
    const { trusted } = attempt;
    if (!trusted) continue;
    const label = `${trusted.origin}\n${trusted.size}`;
    const other = seen.get(label);
    if (other?.trusted && !equalBytes(other.trusted.root, trusted.root)) {
      throw new VerificationError("FORK_DETECTED", "two checkpoints of one size differ", {
        evidence: [other.anchor.checkpoint, attempt.anchor.checkpoint],
      });
    }
    seen.set(label, attempt);
  }
}
