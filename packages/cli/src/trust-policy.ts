// Whom an offline verification trusts: a given key, or a policy file. Never a default.
import { dirname, resolve } from "node:path";
import {
  type Policy,
  parsePolicy,
  singleLogPolicy,
  type VerifyReceiptOptions,
} from "@strongroom/protocol";
import { CliError } from "./errors.ts";
import { readBytesFile, readTextFile, type Settings } from "./settings.ts";

export async function readPolicy({ logKey, policyPath }: Settings): Promise<Policy> {
  if (logKey !== undefined && policyPath !== undefined) {
    throw new CliError("USAGE", "give --log-key or --policy, not both");
  }
  if (logKey !== undefined) return singleLogPolicy(await readLogKey(logKey));
  if (policyPath !== undefined) return parsePolicy(await readTextFile(policyPath));
  throw new CliError("USAGE", "say whom to trust: --log-key or --policy");
}

/**
 * What verifies attestations under a policy. Trusted roots are files beside the policy file: their
 * names are relative to it. Nothing for a policy that knows no attestation key, so that what it
 * requires fails.
 */
export async function readBundleVerifier(
  policy: Policy,
  { policyPath = "." }: Settings,
): Promise<Pick<VerifyReceiptOptions, "verifyBundle">> {
  const { attestationKeys } = policy;
  if (attestationKeys.length === 0) return {};
  const folder = dirname(policyPath);
  const files = policy.trustedRoots.map((name) => readBytesFile(resolve(folder, name)));
  const trustedRoots = await Promise.all(files);
  const { attestationVerifier } = await import("@strongroom/protocol/attestation");
  return { verifyBundle: attestationVerifier({ attestationKeys, trustedRoots }) };
}

/** A verifier key line, or the file that holds one. */
export async function readLogKey(lineOrFile: string): Promise<string> {
  const isLine = /^[^+\s]+\+[0-9a-fA-F]{8}\+[A-Za-z0-9+/=]+$/.test(lineOrFile.trim());
  return isLine ? lineOrFile.trim() : (await readTextFile(lineOrFile)).trim();
}
