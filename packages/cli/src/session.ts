// A client for the length of one verb: connected under the pinned or given key, closed after it.
import type { Client } from "@strongroom/client";
import type { Context } from "./context.ts";
import { CliError } from "./errors.ts";
import { readTextFile, type Settings } from "./settings.ts";
import { readLogKey } from "./trust-policy.ts";

export async function withClient<T>(
  context: Context,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const { connect } = await import("@strongroom/client");
  const { settings } = context;
  const client = await connect({
    address: settings.server,
    token: settings.token,
    statePath: settings.statePath,
    timeoutMs: settings.timeoutMs,
    ...(await trustOf(settings)),
  });
  let result: T;
  try {
    result = await work(client);
  } catch (cause) {
    await client.close().catch(() => {});
    throw cause;
  }
  await client.close();
  return result;
}

/** The key or policy that was given; the first use is trusted without either. */
async function trustOf({ logKey, policyPath }: Settings) {
  if (logKey !== undefined && policyPath !== undefined) {
    throw new CliError("USAGE", "give --log-key or --policy, not both");
  }
  if (logKey !== undefined) return { originKey: await readLogKey(logKey) };
  return policyPath === undefined ? {} : { policy: await readTextFile(policyPath) };
}
