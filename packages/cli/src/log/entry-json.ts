// An entry of the log in --json: its leaf in parts, and its body decoded by kind.
import { type JsonValue, toJson } from "@bufbuild/protobuf";
import { FactSchema } from "@strongroom/proto/strongroom/fact/v1/fact";
import {
  AuditEventSchema,
  EndorsementSchema,
  EpochSchema,
  IntegrityRejectionSchema,
  KeyEventSchema,
  RedactionSchema,
  RetractionSchema,
  ScopeErasureSchema,
  SnapshotEventSchema,
} from "@strongroom/proto/strongroom/log/v1/bodies";
import {
  EvidencePrivateSchema,
  EvidencePublicSchema,
} from "@strongroom/proto/strongroom/log/v1/evidence";
import type { Entry } from "@strongroom/proto/strongroom/log/v1/log_service";
import {
  type EntryKindName,
  entryKindName,
  hashLeaf,
  parseBody,
  parseEvidencePrivate,
  parseEvidencePublic,
  parseLeaf,
  toBase64,
  toHex,
} from "@strongroom/protocol";

export interface EntryJson {
  readonly index: string;
  readonly kind: EntryKindName;
  readonly time: string;
  readonly leafHash: string;
  readonly leaf: string;
  readonly [member: string]: JsonValue;
}

export function entryJson(entry: Entry): EntryJson {
  const leaf = parseLeaf(entry.leaf);
  const kind = entryKindName(leaf.kind);
  const shown: Record<string, JsonValue> = {};
  if (entry.body.length > 0) shown.body = bodyJson(kind, entry.body);
  if (entry.evidencePublic.length > 0) {
    shown.evidencePublic = toJson(EvidencePublicSchema, parseEvidencePublic(entry.evidencePublic));
  }
  if (entry.evidencePrivate.length > 0) {
    const evidence = parseEvidencePrivate(entry.evidencePrivate);
    shown.evidencePrivate = toJson(EvidencePrivateSchema, evidence);
  }
  return {
    index: String(leaf.index),
    kind,
    time: new Date(Number(leaf.timeUnixMs)).toISOString(),
    leafHash: toHex(hashLeaf(entry.leaf)),
    leaf: toBase64(entry.leaf),
    ...shown,
  };
}

const decoders = {
  fact: (bytes) => toJson(FactSchema, parseBody("fact", bytes)),
  retraction: (bytes) => toJson(RetractionSchema, parseBody("retraction", bytes)),
  redaction: (bytes) => toJson(RedactionSchema, parseBody("redaction", bytes)),
  audit: (bytes) => toJson(AuditEventSchema, parseBody("audit", bytes)),
  "key-event": (bytes) => toJson(KeyEventSchema, parseBody("key-event", bytes)),
  snapshot: (bytes) => toJson(SnapshotEventSchema, parseBody("snapshot", bytes)),
  "integrity-rejection": (bytes) =>
    toJson(IntegrityRejectionSchema, parseBody("integrity-rejection", bytes)),
  epoch: (bytes) => toJson(EpochSchema, parseBody("epoch", bytes)),
  endorsement: (bytes) => toJson(EndorsementSchema, parseBody("endorsement", bytes)),
  "scope-erasure": (bytes) => toJson(ScopeErasureSchema, parseBody("scope-erasure", bytes)),
} as const satisfies Record<EntryKindName, (bytes: Uint8Array) => JsonValue>;

function bodyJson(kind: EntryKindName, bytes: Uint8Array): JsonValue {
  return decoders[kind](bytes);
}
