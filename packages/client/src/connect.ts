// connect: open a channel, decide whom to trust, prove that the server's log extends what we know.
import { Channel } from "./channel.ts";
import { Client } from "./client.ts";
import { ClientError, toClientError } from "./errors.ts";
import { openTrust } from "./trust.ts";
import { policyOfKeys } from "./trust-keys.ts";

export interface ConnectOptions {
  /** host:port; loopback only, since there is no TLS yet. */
  readonly address: string;
  /** The principal's token. */
  readonly token?: string | undefined;
  /** C2SP verifier key line of the log. Give this or `policy`; else the first use is trusted. */
  readonly originKey?: string | undefined;
  /** C2SP tlog-policy text whose `log` lines are the trusted keys. */
  readonly policy?: string | undefined;
  /** File that keeps the pinned key, the newest proven note and verdicts; memory only if absent. */
  readonly statePath?: string | undefined;
  /** Default deadline of a unary call with its retries, in milliseconds; 30,000. */
  readonly timeoutMs?: number | undefined;
}

export async function connect(options: ConnectOptions): Promise<Client> {
  if (options.originKey !== undefined && options.policy !== undefined) {
    throw new ClientError("INVALID_ARGUMENT", "give an origin key or a policy, not both");
  }
  const { address, token, statePath, timeoutMs = 30_000 } = options;
  const { originKey } = options;
  const policyText = originKey === undefined ? options.policy : policyOfKeys([originKey.trim()]);
  const channel = new Channel({ address, token, timeoutMs });
  try {
    return new Client(channel, await openTrust(channel, { policyText, statePath }));
  } catch (cause) {
    channel.close();
    throw toClientError(cause);
  }
}
