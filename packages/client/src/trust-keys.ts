// Which keys a policy text or a pinned line trusts, and when a policy settles a verdict.
import { formatVkey, type NoteVerifier, parsePolicy, parseVkey } from "@strongroom/protocol";
import { ClientError } from "./errors.ts";
import { sizeOfNote, type TrustState } from "./state-file.ts";

export interface PolicyKeys {
  /** Verifier key lines of the `log` lines, in order. */
  readonly logKeys: readonly string[];
  readonly retired: readonly { readonly key: string; readonly sizeMax: bigint }[];
}

/** The log keys of a C2SP tlog-policy text; the whole text must be valid. */
export function policyKeys(policyText: string): PolicyKeys {
  const policy = parsePolicy(policyText);
  if (policy.logs.length === 0) {
    throw new ClientError("MALFORMED_POLICY", "read the policy: it has no log line");
  }
  return {
    logKeys: policy.logs.map(({ verifier }) => formatVkey(verifier)),
    retired: policy.retired.map(({ verifier, sizeMax }) => ({
      key: formatVkey(verifier),
      sizeMax,
    })),
  };
}

/** A policy that trusts these log keys and asks for nothing more. */
export function policyOfKeys(logKeys: readonly string[]): string {
  return `${logKeys.map((key) => `log ${key}\n`).join("")}quorum none\n`;
}

export function verifiersOf(logKeys: readonly string[]): NoteVerifier[] {
  return logKeys.map((key) => parseVkey(key));
}

/**
 * Whether a policy lifts the verdict of a state: it moves on, and retires each pinned key at a
 * resumed size no greater than the pinned.
 */
export function settlesVerdict(policy: PolicyKeys, state: TrustState): boolean {
  const pinnedSize = state.note === undefined ? undefined : sizeOfNote(state.note);
  const isResumed = state.logKeys.every((key) =>
    policy.retired.some(
      (old) => old.key === key && (pinnedSize === undefined || old.sizeMax <= pinnedSize),
    ),
  );
  return movesOn(policy, state) && isResumed;
}

/** Whether a policy trusts a key of another origin, and retires every pinned one by name. */
export function movesOn(policy: PolicyKeys, state: TrustState): boolean {
  const isNew = policy.logKeys.every((key) => !state.logKeys.includes(key));
  const isOther = policy.logKeys.some((key) => parseVkey(key).name !== state.origin);
  const isRetired = state.logKeys.every((key) => policy.retired.some((old) => old.key === key));
  return isNew && isOther && isRetired;
}
