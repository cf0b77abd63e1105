// What a caller may ask of a receipt beyond the pinned key: witnesses, attestations, authors, age.
import type { Receipt } from "@strongroom/proto/strongroom/receipt/v1/receipt";
import {
  type ProvenReceipt,
  parsePolicy,
  verifyReceipt as verifyUnderPolicy,
} from "@strongroom/protocol";
import { attestationVerifier } from "@strongroom/protocol/attestation";
import { toAnswerError } from "./errors.ts";
import type { Trust } from "./trust.ts";

export interface VerifyReceiptOptions {
  /** Policy text; absent: the pinned key alone. Its `log` lines must name the pinned key too. */
  readonly policy?: string;
  /** The content of the files that its `trusted-root` lines name. */
  readonly trustedRoots?: readonly Uint8Array[];
  /** The endorsed fact, for receipts of kind `endorsement`. */
  readonly factBytes?: Uint8Array;
}

/** Throws MALFORMED_POLICY, MALFORMED_TRUSTED_ROOT, and the code of whatever does not hold. */
export async function verifyReceipt(
  trust: Trust,
  receipt: Receipt,
  { policy, trustedRoots = [], factBytes }: VerifyReceiptOptions,
): Promise<ProvenReceipt> {
  const asked = policy === undefined ? undefined : readPolicy(policy, trustedRoots);
  const pinned = await trust.verifyReceipt(receipt, 0n, factBytes);
  if (asked === undefined) return pinned;
  try {
    return verifyUnderPolicy(receipt, asked.policy, Date.now(), {
      verifyBundle: asked.verifyBundle,
      ...(factBytes !== undefined && { factBytes }),
    });
  } catch (cause) {
    throw toAnswerError(cause);
  }
}

function readPolicy(policyText: string, trustedRoots: readonly Uint8Array[]) {
  const policy = parsePolicy(policyText);
  const { attestationKeys } = policy;
  return { policy, verifyBundle: attestationVerifier({ attestationKeys, trustedRoots }) };
}
