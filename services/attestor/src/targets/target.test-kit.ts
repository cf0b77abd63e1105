// A log with its checkpoints and proofs, and the work that a target is given.
import { generateKeyPairSync } from "node:crypto";
import {
  ed25519,
  ed25519Signer,
  ed25519Verifier,
  formatVkey,
  hashChildren,
  type NodeAt,
  proveConsistency,
  rootOfLeaves,
  sha256,
  signCheckpoint,
  utf8,
} from "@strongroom/protocol";
import { attestationKeyId } from "@strongroom/protocol/attestation";
import { createLogger } from "@strongroom/runtime";
import type { SigningKey, TargetParts, TargetWork } from "./target.ts";

export const origin = "log.example/one";
const seed = new Uint8Array(32).fill(1);

export const logVkey = formatVkey(ed25519Verifier(origin, ed25519.publicKey(seed)));
export const logSigner = ed25519Signer(origin, seed);

/** Work for the first `size` leaves. Two histories under one key are a fork. */
export function makeWork(size: number, options: { history?: string; attested?: number } = {}) {
  const { history = "a", attested = 0 } = options;
  const leaf = (index: number) => sha256(utf8(`${history} ${index}`));
  const nodeAt: NodeAt = (level, index) =>
    level === 0
      ? leaf(index)
      : hashChildren(nodeAt(level - 1, 2 * index), nodeAt(level - 1, 2 * index + 1));
  const root = rootOfLeaves(Array.from({ length: size }, (_, index) => leaf(index)));
  const work: TargetWork & { proofsFrom: bigint[] } = {
    treeSize: BigInt(size),
    note: signCheckpoint({ origin, size: BigInt(size), root }, [logSigner]),
    attempt: 1,
    attestedSize: BigInt(attested),
    proofsFrom: [],
    saveRequest: (made) => Promise.resolve(made),
    consistencyProof: async (from) => {
      work.proofsFrom.push(from);
      return proveConsistency(Number(from), size, nodeAt);
    },
  };
  return work;
}

export function makeSigningKey(): SigningKey {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const publicKeySpki = new Uint8Array(publicKey.export({ format: "der", type: "spki" }));
  return { id: attestationKeyId(publicKeySpki), publicKeySpki, privateKey };
}

export function makeParts(signingKey = makeSigningKey()): TargetParts {
  return { origin, signingKey, logger: createLogger({ name: "test", level: "silent" }) };
}

export const never: AbortSignal = new AbortController().signal;
