// A target at work without a store: the note, the key and the memory of the request are real.
import { generateKeyPairSync } from "node:crypto";
import type {
  AttestationTarget,
  SigningKey,
  StoredRequest,
  TargetResult,
  TargetWork,
} from "@strongroom/attestor";
import { ed25519Signer, signCheckpoint } from "@strongroom/protocol";
import { attestationKeyId } from "@strongroom/protocol/attestation";

export const ORIGIN = "log.test/one";

export function makeSigningKey(): SigningKey {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  const publicKeySpki = new Uint8Array(publicKey.export({ format: "der", type: "spki" }));
  return { id: attestationKeyId(publicKeySpki), publicKeySpki, privateKey };
}

let size = 0n;
/** A checkpoint that nobody has seen before. */
export function makeNote(): { note: Uint8Array; treeSize: bigint } {
  size += 1n;
  const signer = ed25519Signer(ORIGIN, new Uint8Array(32).fill(7));
  const root = new Uint8Array(32).fill(Number(size % 251n));
  return { note: signCheckpoint({ origin: ORIGIN, size, root }, [signer]), treeSize: size };
}

/** One checkpoint and what is kept of it between attempts. */
export class OneWork {
  readonly note: Uint8Array;
  readonly treeSize: bigint;
  stored: StoredRequest | undefined;
  saves = 0;
  #attempt = 0;

  constructor() {
    const { note, treeSize } = makeNote();
    this.note = note;
    this.treeSize = treeSize;
  }

  attempt(target: AttestationTarget, signal = AbortSignal.timeout(60_000)): Promise<TargetResult> {
    this.#attempt += 1;
    const work: TargetWork = {
      ...{ treeSize: this.treeSize, note: this.note, attempt: this.#attempt, attestedSize: 0n },
      ...(this.stored === undefined ? {} : { stored: this.stored }),
      saveRequest: async (made) => {
        this.saves += 1;
        this.stored ??= made;
        return this.stored;
      },
      consistencyProof: async () => [],
    };
    return target.attest(work, signal);
  }
}
