// Which state a connection starts from: what is remembered, what a policy says, or first use.
import { LogService } from "@strongroom/proto/strongroom/log/v1/log_service";
import type { Channel } from "./channel.ts";
import { ClientError } from "./errors.ts";
import type { TrustState } from "./state-file.ts";
import { movesOn, policyKeys, settlesVerdict, verifiersOf } from "./trust-keys.ts";

export interface TrustOptions {
  /** C2SP tlog-policy text; its `log` lines are the trusted keys. First use is trusted if absent. */
  readonly policyText: string | undefined;
  /** Where to remember; only in memory if absent. */
  readonly statePath: string | undefined;
}

/** Throws the verdict that the state remembers, unless the policy lifts it. */
export async function decideState(
  channel: Channel,
  options: TrustOptions,
  remembered: TrustState | undefined,
): Promise<TrustState> {
  const policy = options.policyText === undefined ? undefined : policyKeys(options.policyText);
  if (remembered?.verdict !== undefined) {
    if (policy === undefined || !settlesVerdict(policy, remembered)) throw standing(remembered);
    const settled = [...(remembered.settled ?? []), remembered.verdict];
    return { ...stateOf(policy.logKeys, "policy"), settled };
  }
  if (policy !== undefined) {
    const named = stateOf(policy.logKeys, "policy");
    if (remembered === undefined) return named;
    const keys = policy.logKeys.filter((key) => nameOf(key) === remembered.origin);
    if (keys.length > 0) return { ...remembered, logKeys: keys, pinnedBy: "policy" };
    // A policy for another log must not silently replace what is remembered of this one; one that
    // retires the pinned keys says that this log goes on under another origin.
    return movesOn(policy, remembered) ? named : remembered;
  }
  if (remembered !== undefined) return remembered;
  const keys = await channel.unary(LogService.method.getVerifierKeys, {});
  if (keys.logVkeys.length === 0) {
    throw new ClientError("PROTOCOL_VIOLATION", "the server names no log key", {
      kind: "internal",
    });
  }
  return { version: 1, origin: keys.origin, logKeys: keys.logVkeys, pinnedBy: "first-use" };
}

function stateOf(logKeys: readonly string[], pinnedBy: TrustState["pinnedBy"]): TrustState {
  const [first = ""] = logKeys;
  const origin = nameOf(first);
  const own = logKeys.filter((key) => nameOf(key) === origin);
  return { version: 1, origin, logKeys: own, pinnedBy };
}

function nameOf(vkey: string): string {
  return verifiersOf([vkey])[0]?.name ?? "";
}

/** The verdict that a state file holds. */
export function standing(state: TrustState): ClientError {
  const code = state.verdict?.code ?? "FORK_DETECTED";
  return new ClientError(
    code,
    `${state.verdict?.message ?? code} (found ${state.verdict?.detectedAt}; stands until a policy ` +
      "retires the old key at the resumed size and names the new one)",
    { kind: "verification", evidence: state.verdict?.evidence ?? [] },
  );
}
