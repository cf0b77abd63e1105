// Verifies what outside records say of a stored checkpoint, under the keys that the log names.
// Used before anything is kept, and again whenever what is kept is relied on.
import {
  type NoteVerifier,
  parseNote,
  parseVkey,
  text,
  VerificationError,
  verifyCosignature,
} from "@strongroom/protocol";
import {
  type AttestationTrust,
  type VerifiedAttestation,
  verifyAttestation,
} from "@strongroom/protocol/attestation";
import type { KeyPurpose } from "./attestation-types.ts";
import type { TrustedKey } from "./registered-keys.ts";

export interface VerifiedCosignature {
  /** Name and key id of the witness: `name+hex`. */
  witness: string;
  timeUnixMs: number;
}

export class ProofCheck {
  readonly #keys: readonly TrustedKey[];
  /** Decoded keys, by the ids of those that count. */
  readonly #trusts = new Map<string, AttestationTrust>();
  readonly #witnesses = new Map<string, NoteVerifier>();

  constructor(keys: readonly TrustedKey[]) {
    this.#keys = keys;
  }

  /** Whether any key is there that could verify an answer of that kind. */
  canVerify(kind: "rekor" | "witness"): boolean {
    const has = (purpose: KeyPurpose): boolean => this.#keys.some((key) => key.purpose === purpose);
    return kind === "rekor" ? has("attestation") && has("trusted-root") : has("witness");
  }

  /** Throws a VerificationError or MalformedError that names the failed step. */
  bundle(bundle: Uint8Array, checkpoint: { note: Uint8Array; size: number }): VerifiedAttestation {
    return verifyAttestation(bundle, checkpoint.note, this.#trustAt(checkpoint.size));
  }

  /** Throws UNTRUSTED_KEY for a line of no registered witness, SIGNATURE_INVALID, … */
  cosignature(
    line: Uint8Array,
    checkpoint: { note: Uint8Array; size: number },
  ): VerifiedCosignature {
    const noteText = parseNote(checkpoint.note).text;
    for (const key of this.#countingAt(checkpoint.size, "witness")) {
      const verifier = this.#witness(key);
      try {
        const { timeUnixS } = verifyCosignature(noteText, line, verifier);
        return { witness: witnessName(verifier), timeUnixMs: Number(timeUnixS) * 1000 };
      } catch (reason) {
        if (!(reason instanceof VerificationError) || reason.code !== "UNTRUSTED_KEY") throw reason;
      }
    }
    throw new VerificationError("UNTRUSTED_KEY", "cosignature is of no registered witness");
  }

  #trustAt(size: number): AttestationTrust {
    const attestationKeys = this.#countingAt(size, "attestation");
    const trustedRoots = this.#countingAt(size, "trusted-root");
    const name = [...attestationKeys, ...trustedRoots].map(({ id }) => id).join();
    let trust = this.#trusts.get(name);
    if (!trust) {
      trust = {
        attestationKeys: attestationKeys.map(({ key }) => key),
        trustedRoots: trustedRoots.map(({ key }) => key),
      };
      this.#trusts.set(name, trust);
    }
    return trust;
  }

  /** A key that was retired stands for checkpoints from before, and for no later one. */
  #countingAt(size: number, purpose: KeyPurpose): TrustedKey[] {
    return this.#keys.filter(
      (key) =>
        key.purpose === purpose && (key.retiredIndex === undefined || size <= key.retiredIndex),
    );
  }

  #witness({ id, key }: TrustedKey): NoteVerifier {
    let verifier = this.#witnesses.get(id);
    if (!verifier) {
      verifier = parseVkey(text(key));
      this.#witnesses.set(id, verifier);
    }
    return verifier;
  }
}

function witnessName({ name, keyId }: NoteVerifier): string {
  return `${name}+${keyId.toString(16).padStart(8, "0")}`;
}
