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
export { asCid, type Cid, formatCid, hashFact, parseCid } from "./cid.ts";
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
