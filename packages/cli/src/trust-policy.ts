// Whom an offline verification trusts: a given key, or a policy file. Never a default.
import { type Policy, parsePolicy, singleLogPolicy } from "@strongroom/protocol";
import { CliError } from "./errors.ts";
import { readTextFile, type Settings } from "./settings.ts";

export async function readPolicy({ logKey, policyPath }: Settings): Promise<Policy> {
  if (logKey !== undefined && policyPath !== undefined) {
    throw new CliError("USAGE", "give --log-key or --policy, not both");
  }
  if (logKey !== undefined) return singleLogPolicy(await readLogKey(logKey));
  if (policyPath !== undefined) return parsePolicy(await readTextFile(policyPath));
  throw new CliError("USAGE", "say whom to trust: --log-key or --policy");
}

/** A verifier key line, or the file that holds one. */
export async function readLogKey(lineOrFile: string): Promise<string> {
  const isLine = /^[^+\s]+\+[0-9a-fA-F]{8}\+[A-Za-z0-9+/=]+$/.test(lineOrFile.trim());
  return isLine ? lineOrFile.trim() : (await readTextFile(lineOrFile)).trim();
}
