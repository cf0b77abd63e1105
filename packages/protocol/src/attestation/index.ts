// Attestations of checkpoints in a transparency log: making requests and bundles, verifying them.
// Node only; pure as the rest of the package: callers do all I/O.
export {
  type AttestationKey,
  attestationKeyId,
  loadAttestationKey,
  signNoteForRekor,
} from "./attestation-key.ts";
export { BUNDLE_BYTES_MAX, type BundleParts, makeBundle } from "./bundle.ts";
export { type EntryOfKey, findEntryOfKey } from "./entry-of-key.ts";
export { type LogCheckpoint, parseLogCheckpoint } from "./log-checkpoint.ts";
export {
  LOG_ANSWER_BYTES_MAX,
  parseRekorV1Answer,
  parseRekorV1Location,
  parseRekorV2Answer,
  type RekorEntry,
} from "./rekor-entry.ts";
export {
  hashEntry,
  makeRekorRequest,
  type ParsedRekorRequest,
  parseRekorRequest,
  type RekorRequest,
  type RekorRequestFields,
  type RekorVersion,
} from "./rekor-request.ts";
export {
  type ExistingEntry,
  nodesOfTiles,
  readEntriesTile,
  rebuildRekorEntry,
  type TileAt,
  tilesOfConsistency,
  tilesOfEntry,
  tilesOfRoot,
} from "./rekor-tiles.ts";
export {
  type AttestationTrust,
  findLog,
  loadTrustedRoot,
  type TrustedLog,
  verifyLogCheckpoint,
} from "./trusted-root.ts";
export {
  attestationVerifier,
  type VerifiedAttestation,
  verifyAttestation,
} from "./verify-attestation.ts";
