// The author's side of a fact: serialised once, hashed, signed. These bytes are what the log keeps.
import { randomBytes } from "node:crypto";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import type { FactSchema } from "@strongroom/proto/strongroom/fact/v1/fact";
import { type NewFact, NewFactSchema } from "@strongroom/proto/strongroom/fact/v1/fact_service";
import { type Cid, encodeFact, hashFact, scanFact, signAuthor } from "@strongroom/protocol";

/** Fields of a fact, or its canonical bytes. A fact given by fields gets 16 random nonce bytes. */
export type FactInput = MessageInitShape<typeof FactSchema> | Uint8Array;

export interface PrepareOptions {
  /** 32-byte Ed25519 seeds of authors who sign the fact. */
  readonly authorSeeds?: readonly Uint8Array[];
  /** Leave the nonce empty if none is given: equal content then has an equal content id. */
  readonly withoutNonce?: boolean;
}

export interface PreparedFact {
  readonly cid: Cid;
  readonly message: NewFact;
}

/** Throws MalformedError for what no store would take. */
export function prepareFact(input: FactInput, options: PrepareOptions = {}): PreparedFact {
  const fact = factBytes(input, options.withoutNonce ?? false);
  const authorSignatures = (options.authorSeeds ?? []).map((seed) =>
    signAuthor("fact", fact, seed),
  );
  return { cid: hashFact(fact), message: create(NewFactSchema, { fact, authorSignatures }) };
}

function isBytes(input: unknown): input is Uint8Array {
  return input instanceof Uint8Array;
}

function factBytes(input: FactInput, withoutNonce: boolean): Uint8Array {
  if (isBytes(input)) {
    scanFact(input);
    return input;
  }
  const hasNonce = input.nonce !== undefined && input.nonce.length > 0;
  if (hasNonce || withoutNonce) return encodeFact(input);
  return encodeFact({ ...input, nonce: new Uint8Array(randomBytes(16)) });
}
