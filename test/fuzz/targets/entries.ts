// Leaves, evidence and the bodies of every kind of entry.
import {
  create,
  type DescMessage,
  fromJson,
  type Message,
  type MessageShape,
  toBinary,
  toJson,
} from "@bufbuild/protobuf";
import * as bodySchemas from "@strongroom/proto/strongroom/log/v1/bodies";
import { EvidencePublicSchema } from "@strongroom/proto/strongroom/log/v1/evidence";
import {
  type EntryKindName,
  type EvidencePublicFields,
  MalformedError,
  parseCanonical,
} from "@strongroom/protocol";
import { byteMutators } from "../mutate/bytes.ts";
import { wireMutators } from "../mutate/wire.ts";
import { expect, refuses, type Target } from "../target.ts";
import { fromHex, hexOf, readVectors, sameBytes } from "../valid-inputs.ts";

type Bytes = { bytes: string };

export function leafTarget(): Target {
  const { entries } = readVectors<{ entries: { leaf: string }[] }>("log_small");
  const seeds = entries.filter((_, i) => i % 20 === 0).map(({ leaf }) => fromHex(leaf));
  return {
    name: "leaf",
    seeds,
    mutators: byteMutators,
    codes: ["MALFORMED_LEAF", "LINK_MISMATCH"],
    nobleOnceIn: 1,
    check(input, { protocol, origin }) {
      const leaf = protocol.parseLeaf(input);
      const [version, kind = 0] = input;
      expect(input.length === 114 && version === 1 && kind >= 1 && kind <= 10, "accepts no leaf");
      expect(sameBytes(protocol.encodeLeaf(leaf), input), "a leaf comes back as other bytes");
      const hash = protocol.hashLeaf(input);
      const seed = seeds[origin] ?? input;
      const isSameHash = sameBytes(hash, protocol.hashLeaf(seed));
      expect(sameBytes(input, seed) === isSameHash, "one hash, two leaves");
      expect(protocol.entryKindName(leaf.kind) !== undefined, "a kind has no name");
      const isFirst = leaf.index === 0n;
      const isUnlinked = input.subarray(18, 50).every((byte) => byte === 0);
      const isLinkRefused = refusesLink(() => protocol.checkLeafLink(leaf));
      expect(isLinkRefused || isFirst === isUnlinked, "takes a leaf with a wrong link");
      return `accepted ${hexOf(hash)}`;
    },
  };
}

function refusesLink(run: () => void): boolean {
  try {
    run();
    return false;
  } catch (error) {
    if (error instanceof Error && error.name === "VerificationError") return true;
    throw error;
  }
}

/** The judge is the canonical rule by decoding and encoding again; the parser is written by hand. */
export function evidencePublicTarget(): Target {
  const vectors = readVectors<{ public_valid: Bytes[] }>("evidence");
  const log = readVectors<{ entries: { evidence_public: string }[] }>("log_small");
  const ofLog = log.entries.filter((_, i) => i % 60 === 1).map((entry) => entry.evidence_public);
  return {
    name: "evidence-public",
    seeds: [...vectors.public_valid.map(({ bytes }) => bytes), ...ofLog].map(fromHex),
    mutators: wireMutators,
    codes: ["MALFORMED_EVIDENCE"],
    check(input, { protocol }) {
      const isLegal = isLegalEvidence(input);
      expect(!(refuses(() => protocol.parseEvidencePublic(input)) && isLegal), "refuses evidence");
      const evidence = protocol.parseEvidencePublic(input);
      expect(isLegal, "accepts illegal evidence");
      // The encoder takes indexes below 2^53, as the store makes them.
      if (evidence.scopeIndex < 2n ** 53n) {
        const again = protocol.encodeEvidencePublic(evidence satisfies EvidencePublicFields);
        expect(sameBytes(again, input), "evidence comes back as other bytes");
      }
      const canonical = toBinary(EvidencePublicSchema, create(EvidencePublicSchema, evidence));
      expect(sameBytes(canonical, input), "evidence means something else to protobuf");
      return "accepted";
    },
  };
}

function isLegalEvidence(bytes: Uint8Array): boolean {
  try {
    const evidence = parseCanonical(EvidencePublicSchema, bytes, "MALFORMED_EVIDENCE");
    const { authorSignatures, scopePrevious, originReceiptDigest, salt } = evidence;
    return (
      authorSignatures.every((one) => one.publicKey.length === 32 && one.signature.length === 64) &&
      [scopePrevious, originReceiptDigest].every(({ length }) => length === 0 || length === 32) &&
      salt.length === 16
    );
  } catch (error) {
    if (error instanceof MalformedError) return false;
    throw error;
  }
}

export function evidencePrivateTarget(): Target {
  const vectors = readVectors<{ private_valid: Bytes[] }>("evidence");
  return {
    name: "evidence-private",
    seeds: vectors.private_valid.map(({ bytes }) => fromHex(bytes)),
    mutators: wireMutators,
    codes: ["MALFORMED_EVIDENCE"],
    check(input, { protocol }) {
      const evidence = protocol.parseEvidencePrivate(input);
      expect(evidence.salt.length === 16, "accepts evidence without a salt");
      const again = protocol.encodeEvidencePrivate(evidence);
      expect(sameBytes(again, input), "private evidence comes back as other bytes");
      return "accepted";
    },
  };
}

const SCHEMAS = {
  retraction: bodySchemas.RetractionSchema,
  redaction: bodySchemas.RedactionSchema,
  audit: bodySchemas.AuditEventSchema,
  "key-event": bodySchemas.KeyEventSchema,
  snapshot: bodySchemas.SnapshotEventSchema,
  "integrity-rejection": bodySchemas.IntegrityRejectionSchema,
  epoch: bodySchemas.EpochSchema,
  endorsement: bodySchemas.EndorsementSchema,
  "scope-erasure": bodySchemas.ScopeErasureSchema,
} as const satisfies Record<Exclude<EntryKindName, "fact">, DescMessage>;

export const bodyKinds = Object.keys(SCHEMAS) as (keyof typeof SCHEMAS)[];

/** The body of one kind; parts come from bodies of all kinds. */
export function bodyTarget(kind: keyof typeof SCHEMAS): Target {
  const { valid } = readVectors<{ valid: (Bytes & { kind: string })[] }>("bodies");
  const seeds = valid.filter((vector) => vector.kind === kind).map(({ bytes }) => fromHex(bytes));
  const schema: DescMessage = SCHEMAS[kind];
  return {
    name: `body-${kind}`,
    seeds,
    mutators: wireMutators,
    codes: ["MALFORMED_BODY", "LIMIT_EXCEEDED"],
    check(input, { protocol }) {
      const body = protocol.parseBody(kind, input) as Message & MessageShape<DescMessage>;
      expect(sameBytes(toBinary(schema, body), input), "a body comes back as other bytes");
      // Another way there and back, which shares no code with the parser.
      const json = fromJson(schema, JSON.parse(JSON.stringify(toJson(schema, body))));
      expect(sameBytes(toBinary(schema, json), input), "a body means something else in JSON");
      if ("reason" in body) {
        expect(Buffer.byteLength(String(body.reason)) <= 1024, "accepts a reason over 1,024 bytes");
      }
      for (const [name, value] of Object.entries(body)) {
        if (!HASHES.has(name) || !(value instanceof Uint8Array)) continue;
        expect(value.length === 32 || value.length === 0, `accepts a ${name} that is no hash`);
      }
      return "accepted";
    },
  };
}

const HASHES = new Set([
  "cid",
  "manifestDigest",
  "offeredDigest",
  "resumedRoot",
  "scopeLastEvidence",
]);
