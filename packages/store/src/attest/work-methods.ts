// What the state thread does for attestations: each call is one transaction on its rows, and an
// answer is verified here, beside appends and reads, before anything of it is kept.
import { concatBytes, MalformedError, sha256, VerificationError } from "@strongroom/protocol";
import type { ProofRows } from "../engine/port.ts";
import type { SqliteState } from "../engine/sqlite/state-db.ts";
import { StoreError } from "../errors.ts";
import type { ThreadMethods } from "../threads/channel.ts";
import type {
  Attestation,
  AttestationsPage,
  DueAttestation,
  FailedAttempt,
  LeaseRequest,
  Target,
  TargetStatus,
} from "./attestation-types.ts";
import { ProofCheck } from "./proof-check.ts";
import type { TrustedKey } from "./registered-keys.ts";
import type { LeasedWork, WorkQueue } from "./work-queue.ts";
import type { KeptProof } from "./work-row.ts";

/** What a worker hands over, with what it is to be held against. */
export interface OfferedProof {
  id: number;
  token: Uint8Array;
  proof: { bundle: Uint8Array } | { cosignatures: readonly Uint8Array[] } | "file";
  note: Uint8Array;
  keys: readonly TrustedKey[];
}

export type JudgedProof =
  /** The same result came before. */
  | { outcome: "repeated"; attestation: Attestation }
  /** It verifies: the journal is to keep it. */
  | { outcome: "verified"; rows: ProofRows; kept: KeptProof }
  /** It does not: kept as evidence, and the attestation is parked. */
  | { outcome: "invalid"; attestation: Attestation; digest: Uint8Array; reason: string }
  /** No key is registered that could tell: parked. */
  | { outcome: "no-key" };

export interface WorkMethods extends ThreadMethods {
  offerCheckpoints(sizes: readonly number[]): void;
  knowTargets(request: { targets: readonly Target[]; newestSize: number }): void;
  leaseWork(request: { request: LeaseRequest; newestSize: number }): {
    leases: LeasedWork[];
    nextDueAtMs?: number;
  };
  workUnderLease(lease: { id: number; token: Uint8Array }): Attestation;
  saveRequest(saved: {
    id: number;
    token: Uint8Array;
    request: Uint8Array;
    requestLeafHash: Uint8Array;
  }): { request: Uint8Array; requestLeafHash: Uint8Array };
  judgeProof(offered: OfferedProof): JudgedProof;
  settleWork(settled: { id: number; token: Uint8Array; kept: KeptProof }): Attestation;
  failWork(failed: FailedAttempt): Attestation;
  retryWork(what: { ids: readonly number[]; target: string | undefined }): Attestation[];
  getWork(id: number): Attestation;
  findWork(of: { target: string; size: number }): Attestation | undefined;
  listWork(page: AttestationsPage): Attestation[];
  openWork(range: { target: string; after: number; limit: number }): (DueAttestation & {
    size: number;
  })[];
  targetStatus(newestSize: number): TargetStatus[];
  offeredSize(): number | undefined;
  /** Rows of the journal's proof tables that were taken over before: 0 and 0 for a new state. */
  adoptedProofs(): { attestation: number; cosignature: number };
  adoptProofs(adopted: {
    proofs: readonly KeptProof[];
    attestation: number;
    cosignature: number;
  }): void;
}

const CURSORS = { attestation: "attestation", cosignature: "cosignature" } as const;
const NO_BYTES = new Uint8Array(0);

export function workMethods(parts: { queue(): WorkQueue; state(): SqliteState }): WorkMethods {
  const { queue, state } = parts;
  return {
    offerCheckpoints: (sizes: readonly number[]) => queue().offer(sizes),
    knowTargets: ({ targets, newestSize }) => queue().know(targets, newestSize),
    leaseWork: ({ request, newestSize }) => queue().lease(request, newestSize),
    workUnderLease: ({ id, token }) => queue().ended(id, token) ?? queue().leased(id, token),
    saveRequest: (saved) => queue().saveRequest(saved),
    judgeProof: (offered) => judgeProof(queue(), offered),
    settleWork: ({ id, ...settled }) => queue().settle(id, settled),
    failWork: (failed) => queue().fail(withDigest(failed)),
    retryWork: (what) => queue().retry(what),
    getWork: (id: number) => queue().get(id),
    findWork: ({ target, size }) => queue().find(target, size),
    listWork: (page: AttestationsPage) => queue().list(page),
    openWork: ({ target, ...range }) => queue().open(target, range),
    targetStatus: (newestSize: number) => queue().status(newestSize),
    offeredSize: () => queue().offeredSize(),
    adoptedProofs: () => ({
      attestation: state().cursor(CURSORS.attestation)?.size ?? 0,
      cosignature: state().cursor(CURSORS.cosignature)?.size ?? 0,
    }),
    adoptProofs: ({ proofs, attestation, cosignature }) => {
      queue().adopt(proofs);
      state().setCursor(CURSORS.attestation, { size: attestation, leafHash: NO_BYTES });
      state().setCursor(CURSORS.cosignature, { size: cosignature, leafHash: NO_BYTES });
    },
  };
}

function judgeProof(queue: WorkQueue, offered: OfferedProof): JudgedProof {
  const { id, token, proof } = offered;
  const ended = queue.ended(id, token);
  if (ended) return { outcome: "repeated", attestation: ended };
  const work = queue.leased(id, token);
  requireKind(work, proof);
  if (proof === "file") return fileProof(work);
  const check = new ProofCheck(offered.keys);
  if (!check.canVerify("bundle" in proof ? "rekor" : "witness")) {
    const message = "no registered key could verify the answer";
    queue.fail({ id, token, failure: "permanent", message });
    return { outcome: "no-key" };
  }
  const checkpoint = { note: offered.note, size: work.treeSize };
  try {
    return "bundle" in proof
      ? bundleProof(work, check, { bundle: proof.bundle, ...checkpoint })
      : cosignatureProof(work, check, { lines: proof.cosignatures, ...checkpoint });
  } catch (reason) {
    const isVerdict = reason instanceof VerificationError || reason instanceof MalformedError;
    if (!isVerdict) throw reason;
    return invalidProof(queue, offered, `${reason.code}: ${reason.message}`);
  }
}

function requireKind(work: Attestation, proof: OfferedProof["proof"]): void {
  const given = proof === "file" ? "file" : "bundle" in proof ? "rekor" : "witness";
  if (given === work.kind) return;
  const message = `attestation ${work.id}: its target is a ${work.kind}, the proof is of a ${given}`;
  throw new StoreError("INVALID_ARGUMENT", message);
}

function fileProof({ treeSize: size, target, kind }: Attestation): JudgedProof {
  const attestedAtMs = Date.now();
  const empty = { keyId: "", logId: "", logIndex: 0, signedAtMs: null, bundle: NO_BYTES };
  return {
    outcome: "verified",
    rows: { attestation: { size, target, kind: "file", attestedAtMs, ...empty } },
    kept: { target: { name: target, kind }, size, attestedAtMs },
  };
}

function bundleProof(
  { target, kind }: Attestation,
  check: ProofCheck,
  given: { bundle: Uint8Array; note: Uint8Array; size: number },
): JudgedProof {
  const { bundle, size } = given;
  const { keyId, logId, logIndex: index, timeUnixMs } = check.bundle(bundle, given);
  const logIndex = Number(index);
  if (!Number.isSafeInteger(logIndex)) {
    throw new VerificationError(
      "ATTESTATION_INDEX_MISMATCH",
      "the entry's index is beyond any log",
    );
  }
  const attestedAtMs = Date.now();
  const signedAtMs = timeUnixMs ?? null;
  return {
    outcome: "verified",
    rows: {
      attestation: {
        ...{ size, target, kind: "rekor", keyId, logId, logIndex },
        ...{ signedAtMs, attestedAtMs, bundle },
      },
    },
    kept: {
      target: { name: target, kind },
      size,
      attestedAtMs,
      logId,
      logIndex,
      signedAtMs: timeUnixMs,
    },
  };
}

// Every line must hold: one that does not is an answer that does not verify.
function cosignatureProof(
  { target, kind }: Attestation,
  check: ProofCheck,
  given: { lines: readonly Uint8Array[]; note: Uint8Array; size: number },
): JudgedProof {
  const { lines, size } = given;
  const attestedAtMs = Date.now();
  const cosignatures = lines.map((line) => {
    const { witness, timeUnixMs: signedAtMs } = check.cosignature(line, given);
    return { size, target, witness, signedAtMs, attestedAtMs, line };
  });
  const signedAtMs = Math.max(...cosignatures.map((one) => one.signedAtMs));
  return {
    outcome: "verified",
    rows: { cosignatures },
    kept: { target: { name: target, kind }, size, attestedAtMs, signedAtMs },
  };
}

function invalidProof(queue: WorkQueue, offered: OfferedProof, reason: string): JudgedProof {
  const { id, token, proof } = offered;
  const answer =
    proof === "file"
      ? NO_BYTES
      : "bundle" in proof
        ? proof.bundle
        : concatBytes(...proof.cosignatures);
  const failed = {
    id,
    token,
    failure: "invalid-answer",
    message: reason,
    evidence: answer,
  } as const;
  const attestation = queue.fail(withDigest(failed));
  return { outcome: "invalid", attestation, digest: sha256(answer), reason };
}

function withDigest(failed: FailedAttempt): FailedAttempt & { digest?: Uint8Array } {
  return failed.evidence ? { ...failed, digest: sha256(failed.evidence) } : failed;
}
