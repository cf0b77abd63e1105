// Formats and proofs of Strongroom: everything synchronous, pure and without I/O.
export { hmacSha256, sha256 } from "#crypto";
export { authorKeyId, signAuthor, verifyAuthor } from "./author.ts";
export {
  BODY_BYTES_MAX,
  type BodyOf,
  encodeAuditEvent,
  encodeEndorsement,
  encodeEpoch,
  encodeIntegrityRejection,
  encodeKeyEvent,
  encodeRedaction,
  encodeRetraction,
  encodeScopeErasure,
  encodeSnapshotEvent,
  parseBody,
  REASON_BYTES_MAX,
} from "./bodies.ts";
export {
  concatBytes,
  equalBytes,
  fromBase64,
  fromHex,
  text,
  toBase64,
  toHex,
  utf8,
} from "./bytes.ts";
export { checkCanonical, encodeCanonical, parseCanonical } from "./canonical.ts";
export {
  type Checkpoint,
  formatCheckpoint,
  parseCheckpoint,
  signCheckpoint,
  verifyCheckpoint,
} from "./checkpoint.ts";
export { asCid, type Cid, formatCid, hashFact, parseCid } from "./cid.ts";
export { type CosignatureKey, signCosignature, verifyCosignature } from "./cosignature.ts";
export { type Ed25519, ed25519 } from "./ed25519.ts";
export {
  type MalformedCode,
  MalformedError,
  malformedCodes,
  type VerificationCode,
  VerificationError,
  type VerificationErrorOptions,
  verificationCodes,
} from "./errors.ts";
export {
  BLIND_BYTES,
  checkScopeLink,
  type EvidencePublicFields,
  encodeEvidencePrivate,
  encodeEvidencePublic,
  hashEvidence,
  hashSubject,
  parseEvidencePrivate,
  parseEvidencePublic,
  SALT_BYTES,
} from "./evidence.ts";
export {
  DERIVED_FROM_MAX,
  ENTITY_BYTES_MAX,
  encodeFact,
  FACT_BYTES_DEFAULT_MAX,
  FACT_BYTES_MAX,
  type FactLimits,
  type FactSpans,
  NONCE_BYTES,
  parseFact,
  RELATION_BYTES_MAX,
  SOURCE_BYTES_MAX,
  scanFact,
} from "./fact.ts";
export {
  asEntryKind,
  checkLeafLink,
  ENTRY_KINDS,
  type EntryKind,
  type EntryKindName,
  encodeLeaf,
  entryKindName,
  hashLeaf,
  isScopedKind,
  LEAF_BYTES,
  type Leaf,
  type LeafHash,
  parseLeaf,
} from "./leaf.ts";
export {
  NOTE_SIGNATURES_MAX,
  type Note,
  type NoteSignature,
  parseNote,
  parseSignatureLine,
  signNote,
  verifyNote,
} from "./note.ts";
export {
  isQuorumMet,
  type Policy,
  type PolicyAuthor,
  type PolicyGroup,
  type PolicyLog,
  type PolicyRetired,
  type PolicyWitness,
  parsePolicy,
  type Requirement,
  singleLogPolicy,
} from "./policy.ts";
export {
  type Anchor,
  AnchorSchema,
  encodeReceipt,
  parseReceipt,
  RECEIPT_BYTES_MAX,
  RECEIPT_JSON_MEDIA_TYPE,
  RECEIPT_MEDIA_TYPE,
  type Receipt,
  ReceiptSchema,
} from "./receipt.ts";
export type { AttestationStep, ProvenAttestation, VerifyBundle } from "./receipt-anchors.ts";
export { formatReceiptJson, parseReceiptJson } from "./receipt-json.ts";
export {
  isScope,
  isScopeBytes,
  isScopePattern,
  matchesScope,
  parseScope,
  parseScopePattern,
  SCOPE_BYTES_MAX,
  scopeAncestors,
} from "./scope.ts";
export {
  encodeEntriesTile,
  formatTilePath,
  parseEntriesTile,
  parseTilePath,
  TILE_HEIGHT,
  TILE_WIDTH,
  type Tile,
  tilesOfTree,
} from "./tile.ts";
export { formatTlogProof, parseTlogProof, type TlogProof } from "./tlog-proof.ts";
export {
  type ConsistencyClaim,
  EMPTY_ROOT,
  hashChildren,
  type InclusionClaim,
  type NodeAt,
  proveConsistency,
  proveInclusion,
  rootAt,
  rootOfLeaves,
  TREE_SIZE_MAX,
  verifyConsistency,
  verifyInclusion,
} from "./tree.ts";
export {
  type ProvenReceipt,
  type ProvenStep,
  type VerifyReceiptOptions,
  verifyReceipt,
} from "./verify-receipt.ts";
export {
  COSIGNATURE_TYPE,
  cosignatureVerifier,
  ED25519_TYPE,
  ed25519Signer,
  ed25519Verifier,
  formatVkey,
  isKeyName,
  type NoteSigner,
  type NoteVerifier,
  parseVkey,
} from "./vkey.ts";
