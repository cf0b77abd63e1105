// A C2SP .tlog-proof holds the leaf and its place under a checkpoint, and no body: what is proven
// is that this leaf is in the log.
import {
  entryKindName,
  hashLeaf,
  type Policy,
  parseLeaf,
  type TlogProof,
  toBase64,
  toHex,
  VerificationError,
  verifyCheckpoint,
  verifyInclusion,
} from "@strongroom/protocol";

export function verifyTlogProof(proof: TlogProof, policy: Policy): Record<string, unknown> {
  const leaf = parseLeaf(proof.extra);
  if (leaf.index !== proof.index) {
    throw new VerificationError("LEAF_MISMATCH", "the leaf names another index than the proof");
  }
  requireNothingMore(policy);
  const verifiers = policy.logs.map(({ verifier }) => verifier);
  const checkpoint = verifyCheckpoint(proof.checkpoint, verifiers);
  const leafHash = hashLeaf(proof.extra);
  const { index, inclusion } = proof;
  const { size, root, origin } = checkpoint;
  verifyInclusion({ leafHash, index, size, proof: [...inclusion], root });
  return {
    verdict: "verified",
    proven: ["leaf", "inclusion", "checkpoint"],
    kind: entryKindName(leaf.kind),
    leafHash: toHex(leafHash),
    index: String(index),
    time: new Date(Number(leaf.timeUnixMs)).toISOString(),
    origin,
    treeSize: String(size),
    root: toBase64(root),
  };
}

/** This form carries no bundles and no authors; a policy that asks for them needs the receipt. */
function requireNothingMore(policy: Policy): void {
  if (policy.quorum !== "none" || policy.requirements.includes("witnessed")) {
    throw new VerificationError("WITNESS_REQUIRED", "verify witnesses with the whole receipt");
  }
  if (policy.requirements.includes("attested")) {
    throw new VerificationError(
      "ATTESTATION_REQUIRED",
      "verify attestations with the whole receipt",
    );
  }
  if (policy.requirements.includes("author") || policy.authors.length > 0) {
    throw new VerificationError("AUTHOR_REQUIRED", "verify authors with the whole receipt");
  }
  if (policy.maxAgeMs !== undefined) {
    throw new VerificationError("NO_TRUSTED_TIME", "verify the age with the whole receipt");
  }
}
