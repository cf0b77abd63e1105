// Bodies of the entries that are not facts. Each is serialised once and stored verbatim, under
// the same canonical rule as a fact.
import type { DescMessage, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import type { Fact } from "@strongroom/proto/strongroom/fact/v1/fact";
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
import { utf8 } from "./bytes.ts";
import { encodeCanonical, parseCanonical } from "./canonical.ts";
import { MalformedError } from "./errors.ts";
import { FACT_BYTES_MAX, parseFact } from "./fact.ts";
import type { EntryKindName } from "./leaf.ts";
import { isScope } from "./scope.ts";

export const REASON_BYTES_MAX = 1024;
export const BODY_BYTES_MAX = FACT_BYTES_MAX;

const SCHEMAS = {
  retraction: RetractionSchema,
  redaction: RedactionSchema,
  audit: AuditEventSchema,
  "key-event": KeyEventSchema,
  snapshot: SnapshotEventSchema,
  "integrity-rejection": IntegrityRejectionSchema,
  epoch: EpochSchema,
  endorsement: EndorsementSchema,
  "scope-erasure": ScopeErasureSchema,
} satisfies Record<Exclude<EntryKindName, "fact">, DescMessage>;

type Schemas = typeof SCHEMAS;
type EventKindName = keyof Schemas;

/** The message in the body of an entry of each kind. */
export type BodyOf<Kind extends EntryKindName> = Kind extends EventKindName
  ? MessageShape<Schemas[Kind]>
  : Fact;

type InitOf<Kind extends EventKindName> = MessageInitShape<Schemas[Kind]>;

/**
 * Decodes the body of an entry. Throws MALFORMED_BODY or LIMIT_EXCEEDED, and for facts what
 * parseFact throws (with the largest fact a verifier allows).
 */
export function parseBody<Kind extends EntryKindName>(kind: Kind, bytes: Uint8Array): BodyOf<Kind> {
  if (kind === "fact") return parseFact(bytes, { bytesMax: FACT_BYTES_MAX }) as BodyOf<Kind>;
  return parseEvent(kind as EventKindName, bytes) as BodyOf<Kind>;
}

export const encodeRetraction = (init: InitOf<"retraction">) => encodeEvent("retraction", init);
export const encodeRedaction = (init: InitOf<"redaction">) => encodeEvent("redaction", init);
export const encodeAuditEvent = (init: InitOf<"audit">) => encodeEvent("audit", init);
export const encodeKeyEvent = (init: InitOf<"key-event">) => encodeEvent("key-event", init);
export const encodeSnapshotEvent = (init: InitOf<"snapshot">) => encodeEvent("snapshot", init);
export const encodeIntegrityRejection = (init: InitOf<"integrity-rejection">) =>
  encodeEvent("integrity-rejection", init);
export const encodeEpoch = (init: InitOf<"epoch">) => encodeEvent("epoch", init);
export const encodeEndorsement = (init: InitOf<"endorsement">) => encodeEvent("endorsement", init);
export const encodeScopeErasure = (init: InitOf<"scope-erasure">) =>
  encodeEvent("scope-erasure", init);

function parseEvent(kind: EventKindName, bytes: Uint8Array): MessageShape<Schemas[EventKindName]> {
  if (bytes.length > BODY_BYTES_MAX) {
    throw new MalformedError("LIMIT_EXCEEDED", `${kind} body is above ${BODY_BYTES_MAX} bytes`);
  }
  const body = parseCanonical<Schemas[EventKindName]>(SCHEMAS[kind], bytes, "MALFORMED_BODY");
  checkBody(body);
  return body;
}

function encodeEvent<Kind extends EventKindName>(kind: Kind, init: InitOf<Kind>): Uint8Array {
  const schema: Schemas[Kind] = SCHEMAS[kind];
  const bytes = encodeCanonical(schema, init, "MALFORMED_BODY");
  parseEvent(kind, bytes);
  return bytes;
}

function checkBody(body: MessageShape<Schemas[EventKindName]>): void {
  if ("reason" in body && utf8(body.reason).length > REASON_BYTES_MAX) {
    throw new MalformedError("LIMIT_EXCEEDED", `reason is above ${REASON_BYTES_MAX} bytes`);
  }
  switch (body.$typeName) {
    case "strongroom.log.v1.Retraction":
      if (!isScope(body.scope)) throw new MalformedError("MALFORMED_BODY", "not a legal scope");
      checkHash("cid", body.cid);
      break;
    case "strongroom.log.v1.Endorsement":
      checkHash("cid", body.cid);
      break;
    case "strongroom.log.v1.Redaction":
      checkOptionalHash("cid", body.cid);
      break;
    case "strongroom.log.v1.SnapshotEvent":
      checkOptionalHash("manifest_digest", body.manifestDigest);
      break;
    case "strongroom.log.v1.IntegrityRejection":
      checkOptionalHash("cid", body.cid);
      checkOptionalHash("offered_digest", body.offeredDigest);
      break;
    case "strongroom.log.v1.Epoch":
      checkOptionalHash("resumed_root", body.resumedRoot);
      break;
    case "strongroom.log.v1.ScopeErasure":
      checkOptionalHash("scope_last_evidence", body.scopeLastEvidence);
      break;
    default:
  }
}

function checkHash(field: string, hash: Uint8Array): void {
  if (hash.length !== 32) throw new MalformedError("MALFORMED_BODY", `${field} is not 32 bytes`);
}

// A body that could not be read has no content id to name.
function checkOptionalHash(field: string, hash: Uint8Array): void {
  if (hash.length !== 0) checkHash(field, hash);
}
