// The whole offline verification of a receipt, formats.md §6: a list of steps, each of which
// proves one thing or throws with a code. Pure: time, keys and bundle verification are arguments.
import type { Fact } from "@strongroom/proto/strongroom/fact/v1/fact";
import type { EvidencePublic } from "@strongroom/proto/strongroom/log/v1/evidence";
import { sha256 } from "#crypto";
import { verifyAuthor } from "./author.ts";
import { parseBody } from "./bodies.ts";
import { equalBytes } from "./bytes.ts";
import { type Cid, hashFact } from "./cid.ts";
import { VerificationError } from "./errors.ts";
import {
  checkScopeLink,
  hashEvidence,
  hashSubject,
  parseEvidencePrivate,
  parseEvidencePublic,
} from "./evidence.ts";
import { FACT_BYTES_MAX, parseFact } from "./fact.ts";
import {
  checkLeafLink,
  type EntryKindName,
  entryKindName,
  hashLeaf,
  type Leaf,
  parseLeaf,
} from "./leaf.ts";
import type { Policy } from "./policy.ts";
import { checkReceiptShape, type Receipt } from "./receipt.ts";
import {
  type AttestationStep,
  type ProvenAnchor,
  type ProvenAttestation,
  type VerifyBundle,
  verifyAnchors,
} from "./receipt-anchors.ts";

export interface VerifyReceiptOptions {
  /** The endorsed fact, for receipts of kind `endorsement`; without it they list no authors. */
  factBytes?: Uint8Array;
  /** Verifies attestations; without it no receipt counts as attested. */
  verifyBundle?: VerifyBundle;
}

export type ProvenStep =
  | "body"
  | "subject"
  | "evidence"
  | "leaf"
  | "authors"
  | "inclusion"
  | "checkpoint"
  | "witnesses"
  | AttestationStep
  | "attestation"
  | "age";

/** What is proven now. Index, time, size and root come from leaf and note alone. */
export interface ProvenReceipt {
  verdict: "verified";
  /** In order. `authors` only if somebody signed; those after `checkpoint` only if they hold. */
  proven: ProvenStep[];
  kind: EntryKindName;
  /** Of a fact. */
  cid?: Cid;
  fact?: Fact;
  index: bigint;
  /** As the log states it; not a signed time. */
  timeUnixMs: bigint;
  origin: string;
  treeSize: bigint;
  root: Uint8Array;
  /** Public keys, 32 bytes each, whose signatures hold. */
  authors: Uint8Array[];
  /** Which anchor met the policy. */
  anchorIndex: number;
  /** Policy names of the witnesses that cosigned it. */
  witnesses: readonly string[];
  /** Of that anchor, each (log id, index) once. */
  attestations: readonly ProvenAttestation[];
  /** Why other bundles of that anchor attest nothing: of unknown logs, or worse. */
  refusedBundles: readonly Error[];
  /** The newest time that a witness or an attestation signed there. */
  signedTimeUnixMs?: number;
}

/**
 * Verifies a receipt against a policy at a time, offline. Throws MalformedError for parts that are
 * not what they claim, VerificationError with `proven` for anything that does not hold; an erased
 * body throws BODY_ERASED after all else was proven, a fork FORK_DETECTED with both notes.
 */
export function verifyReceipt(
  receipt: Receipt,
  policy: Policy,
  nowUnixMs: number,
  options: VerifyReceiptOptions = {},
): ProvenReceipt {
  const proven: ProvenStep[] = [];
  try {
    return verifySteps({ receipt, policy, nowUnixMs, options, proven });
  } catch (cause) {
    throw cause instanceof VerificationError ? withProven(cause, proven) : cause;
  }
}

interface Work {
  receipt: Receipt;
  policy: Policy;
  nowUnixMs: number;
  options: VerifyReceiptOptions;
  proven: ProvenStep[];
}

function verifySteps(work: Work): ProvenReceipt {
  const { receipt, policy, proven } = work;
  checkReceiptShape(receipt);
  const leaf = parseLeaf(receipt.leaf);
  const kind = entryKindName(leaf.kind);
  const isErased = receipt.body.length === 0;
  const body = isErased ? {} : verifyBody(receipt, kind, proven);
  if (!isErased) verifySubject(receipt, leaf, proven);
  const evidence = verifyEvidence(receipt, leaf, proven);
  checkLeafLink(leaf);
  proven.push("leaf");
  const authors = isErased ? [] : verifyAuthors(work, kind, evidence);
  const anchor = verifyAnchors(receipt.anchors, {
    leafHash: hashLeaf(receipt.leaf),
    index: leaf.index,
    policy,
    nowUnixMs: work.nowUnixMs,
    verifyBundle: work.options.verifyBundle,
  });
  proven.push(...stepsOf(anchor, policy));
  if (isErased) throw new VerificationError("BODY_ERASED", "body has been erased");
  checkAuthorRequired(authors, leaf, policy);
  return {
    verdict: "verified",
    proven,
    kind,
    ...body,
    index: leaf.index,
    timeUnixMs: leaf.timeUnixMs,
    origin: anchor.checkpoint.origin,
    treeSize: anchor.checkpoint.size,
    root: anchor.checkpoint.root,
    authors,
    anchorIndex: anchor.anchorIndex,
    witnesses: anchor.witnesses,
    attestations: anchor.attestations,
    refusedBundles: anchor.refusedBundles,
    ...(anchor.signedTimeUnixMs !== undefined && { signedTimeUnixMs: anchor.signedTimeUnixMs }),
  };
}

// The body is canonical for its kind; of a fact that makes the cid mean one thing.
function verifyBody(
  receipt: Receipt,
  kind: EntryKindName,
  proven: ProvenStep[],
): { cid?: Cid; fact?: Fact } {
  if (kind !== "fact") {
    parseBody(kind, receipt.body);
    proven.push("body");
    return {};
  }
  const fact = parseFact(receipt.body, { bytesMax: FACT_BYTES_MAX });
  proven.push("body");
  return { cid: hashFact(receipt.body), fact };
}

function verifySubject(receipt: Receipt, leaf: Leaf, proven: ProvenStep[]): void {
  const subject = hashSubject(receipt.blind, sha256(receipt.body));
  if (!equalBytes(subject, leaf.subject)) {
    throw new VerificationError("SUBJECT_MISMATCH", "body and blind do not hash to the subject");
  }
  proven.push("subject");
}

function verifyEvidence(receipt: Receipt, leaf: Leaf, proven: ProvenStep[]): EvidencePublic {
  const evidence = parseEvidencePublic(receipt.evidencePublic);
  if (receipt.evidencePrivate.length > 0) {
    parseEvidencePrivate(receipt.evidencePrivate);
    if (!equalBytes(sha256(receipt.evidencePrivate), receipt.evidencePrivateHash)) {
      throw new VerificationError("EVIDENCE_MISMATCH", "private evidence does not match its hash");
    }
  }
  const hash = hashEvidence(sha256(receipt.evidencePublic), receipt.evidencePrivateHash);
  if (!equalBytes(hash, leaf.evidence)) {
    throw new VerificationError("EVIDENCE_MISMATCH", "evidence does not match the leaf");
  }
  checkScopeLink(leaf.kind, evidence);
  proven.push("evidence");
  return evidence;
}

function verifyAuthors(work: Work, kind: EntryKindName, evidence: EvidencePublic): Uint8Array[] {
  const signatures = evidence.authorSignatures;
  const signed = kind === "endorsement" ? endorsedFact(work) : work.receipt.body;
  if (!signed || signatures.length === 0) return [];
  for (const signature of signatures) verifyAuthor(kind, signed, signature);
  work.proven.push("authors");
  return signatures.map((signature) => signature.publicKey);
}

// The body of an endorsement only names the fact: the signatures are over the fact's bytes.
function endorsedFact(work: Work): Uint8Array | undefined {
  const { factBytes } = work.options;
  if (!factBytes) return undefined;
  parseFact(factBytes, { bytesMax: FACT_BYTES_MAX });
  const { cid } = parseBody("endorsement", work.receipt.body);
  if (!equalBytes(hashFact(factBytes), cid)) {
    throw new VerificationError("CID_MISMATCH", "fact is not the endorsed one");
  }
  return factBytes;
}

function stepsOf(anchor: ProvenAnchor, policy: Policy): ProvenStep[] {
  const steps: ProvenStep[] = ["inclusion", "checkpoint"];
  if (anchor.isWitnessed) steps.push("witnesses");
  // Each bundle's steps are the same; a time may come from any.
  const attested = anchor.attestations.flatMap(({ proven = [] }) => proven);
  steps.push(...new Set(attested));
  if (anchor.isAttested) steps.push("attestation");
  if (policy.maxAgeMs !== undefined) steps.push("age");
  return steps;
}

function checkAuthorRequired(authors: readonly Uint8Array[], leaf: Leaf, policy: Policy): void {
  if (!policy.requirements.includes("author")) return;
  const isTrusted = policy.authors.some(
    (line) =>
      line.fromIndex <= leaf.index &&
      leaf.index <= (line.toIndex ?? leaf.index) &&
      authors.some((author) => equalBytes(author, line.verifier.publicKey)),
  );
  if (!isTrusted) {
    throw new VerificationError("AUTHOR_REQUIRED", "no trusted author signed this entry");
  }
}

function withProven(failure: VerificationError, proven: readonly string[]): VerificationError {
  return new VerificationError(failure.code, failure.message, {
    cause: failure,
    proven,
    ...(failure.evidence && { evidence: failure.evidence }),
  });
}
