// A stored fact as the server sent it, checked: its bytes hash to the content id that it claims.
import { timestampMs } from "@bufbuild/protobuf/wkt";
import type { Fact } from "@strongroom/proto/strongroom/fact/v1/fact";
import {
  FactState,
  type StoredFact,
  VerifyLevel,
} from "@strongroom/proto/strongroom/fact/v1/fact_service";
import { equalBytes, formatCid, hashFact, parseFact } from "@strongroom/protocol";
import { ClientError, toAnswerError } from "./errors.ts";

export type VerifyMode = "none" | "body" | "inclusion" | "attested";
export type FactStateName = "active" | "retracted" | "redacted" | "erased";

export interface ReadFact {
  /** Decoded; absent once the body is redacted or erased. */
  readonly fact?: Fact;
  /** Verbatim canonical bytes; empty once erased. */
  readonly bytes: Uint8Array;
  readonly cid: Uint8Array;
  readonly index: bigint;
  readonly appendedAtMs: number;
  readonly state: FactStateName;
  /** Index of the entry that ended it. */
  readonly endedByIndex?: bigint;
  /** 32-byte public keys of authors whose signatures the entry holds. */
  readonly authors: readonly Uint8Array[];
  /** What the server proved before it answered. */
  readonly verified: VerifyMode;
}

const stateNames: Readonly<Record<FactState, FactStateName>> = {
  [FactState.UNSPECIFIED]: "active",
  [FactState.ACTIVE]: "active",
  [FactState.RETRACTED]: "retracted",
  [FactState.REDACTED]: "redacted",
  [FactState.ERASED]: "erased",
};

const verifyNames: Readonly<Record<VerifyLevel, VerifyMode>> = {
  [VerifyLevel.UNSPECIFIED]: "body",
  [VerifyLevel.NONE]: "none",
  [VerifyLevel.BODY]: "body",
  [VerifyLevel.INCLUSION]: "inclusion",
  [VerifyLevel.ATTESTED]: "attested",
};

const verifyLevels: Readonly<Record<VerifyMode, VerifyLevel>> = {
  none: VerifyLevel.NONE,
  body: VerifyLevel.BODY,
  inclusion: VerifyLevel.INCLUSION,
  attested: VerifyLevel.ATTESTED,
};

export function verifyLevel(mode: VerifyMode | undefined): VerifyLevel {
  return mode === undefined ? VerifyLevel.UNSPECIFIED : verifyLevels[mode];
}

/** Throws CID_MISMATCH if the bytes are not those of the content id. */
export function readFact(stored: StoredFact | undefined, asked?: Uint8Array): ReadFact {
  if (stored === undefined) {
    throw new ClientError("PROTOCOL_VIOLATION", "the answer holds no fact", { kind: "internal" });
  }
  if (asked !== undefined && !equalBytes(stored.cid, asked)) throw mismatch(asked, stored.index);
  const present = stored.fact.length > 0;
  if (present && !equalBytes(hashFact(stored.fact), stored.cid)) {
    throw mismatch(stored.cid, stored.index);
  }
  return {
    ...(present ? { fact: parse(stored.fact) } : {}),
    bytes: stored.fact,
    cid: stored.cid,
    index: stored.index,
    appendedAtMs: stored.appendedAt === undefined ? 0 : timestampMs(stored.appendedAt),
    state: stateNames[stored.state],
    ...(stored.endedByIndex === 0n ? {} : { endedByIndex: stored.endedByIndex }),
    authors: stored.authors,
    verified: verifyNames[stored.verified],
  };
}

function parse(bytes: Uint8Array): Fact {
  try {
    return parseFact(bytes, { bytesMax: 1024 * 1024 });
  } catch (cause) {
    throw toAnswerError(cause);
  }
}

function mismatch(cid: Uint8Array, index: bigint): ClientError {
  const name = cid.length === 32 ? formatCid(cid as Parameters<typeof formatCid>[0]) : "a cid";
  return new ClientError(
    "CID_MISMATCH",
    `the answer for ${name} at index ${index} has another body`,
    {
      kind: "verification",
      metadata: { index: String(index) },
    },
  );
}
