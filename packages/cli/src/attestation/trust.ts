// `attestation trust`: which transparency logs count, and a refresh of that over TUF when an
// operator says so. Each change is a key event of the log.
import { join } from "node:path";
import { type Client, replaceFile } from "@strongroom/client";
import type { RegisteredKey } from "@strongroom/proto/strongroom/admin/v1/admin_service";
import { equalBytes, toBase64, toHex } from "@strongroom/protocol";
import type { Context, Verb } from "../context.ts";
import { CliError } from "../errors.ts";
import { table } from "../output.ts";
import { withClient } from "../session.ts";
import { type FetchedTrust, fetchTrust } from "./fetch-trust.ts";

interface TrustFlags {
  readonly mirror?: string;
  readonly tufRoot?: string;
  readonly out?: string;
  readonly dryRun?: boolean;
}

interface ShownLog {
  readonly root: string;
  readonly name: string;
  readonly url: string;
  readonly logId: string;
}

const NAME_PREFIX = "tuf:";

export const trustVerb: Verb<TrustFlags> = async (context, [action = ""], flags) => {
  if (action === "show") return await show(context);
  if (action === "refresh") return await refresh(context, flags);
  throw new CliError("USAGE", "take show or refresh");
};

async function show(context: Context): Promise<void> {
  const { output } = context;
  const roots = await withClient(context, (client) => rootsOf(client));
  const logs = (await Promise.all(roots.map(logsOf))).flat();
  if (output.json) return await output.document({ logs });
  const rows = logs.map(({ root, name, url, logId }) => [root.slice(0, 16), name, url, logId]);
  await output.lines(...table(["ROOT", "NAME", "LOG", "LOG ID"], rows));
  if (rows.length === 0) output.notice("no trusted root is registered: no attestation counts");
}

async function refresh(context: Context, flags: TrustFlags): Promise<void> {
  const { output, settings } = context;
  const fetched = await fetchTrust({
    mirror: flags.mirror,
    tufRoot: flags.tufRoot,
    cache: join(settings.data, "tuf"),
    timeoutMs: settings.timeoutMs,
  });
  const { loadTrustedRoot } = await import("@strongroom/protocol/attestation");
  // Before anything is written or registered: it must be a root that this program understands.
  const urls = loadTrustedRoot(fetched.trustedRoot).logs.map(({ baseUrl }) => baseUrl);
  const files = flags.out === undefined ? [] : await writeFiles(flags.out, fetched);
  const change = await withClient(context, (client) => applyTo(client, fetched, flags));
  if (output.json) return await output.document({ mirror: fetched.mirror, urls, files, ...change });
  await output.lines(...urls.map((url) => `trusts ${url}`));
  await output.lines(...files.map((file) => `written ${file}`));
  const { registered, retired } = change;
  const done = flags.dryRun ? "would be" : "is";
  if (registered === undefined) output.notice("nothing new: this root is registered already");
  else output.notice(`root ${registered} ${done} registered`);
  for (const id of retired)
    output.notice(`root ${id} ${done} retired: what it attested stays valid`);
}

interface Change {
  /** Id of the root that is new; absent if it is in force already. */
  readonly registered?: string;
  /** Ids of what came from the same repository before. */
  readonly retired: readonly string[];
}

/** The new one first: at no time does none of the two count. */
async function applyTo(client: Client, fetched: FetchedTrust, flags: TrustFlags): Promise<Change> {
  const name = `${NAME_PREFIX}${new URL(fetched.mirror).host}`;
  const roots = await rootsOf(client);
  const key = fetched.trustedRoot;
  const inForce = roots.find((root) => equalBytes(root.key, key));
  const older = roots.filter((root) => root.name === name && root !== inForce);
  const retired = older.map(({ id }) => id);
  if (flags.dryRun) {
    return inForce === undefined ? { registered: await idOf(key), retired } : { retired };
  }
  const added = inForce ?? (await client.admin.registerKey({ purpose: "trusted-root", key, name }));
  for (const id of retired) await client.admin.retireKey(id);
  return inForce === undefined ? { registered: added.id, retired } : { retired };
}

async function writeFiles(folder: string, fetched: FetchedTrust): Promise<string[]> {
  const { trustedRoot, signingConfig } = fetched;
  const files: [string, Uint8Array][] = [
    [join(folder, "trusted_root.json"), trustedRoot],
    ...(signingConfig === undefined
      ? []
      : [[join(folder, "signing_config.json"), signingConfig] as [string, Uint8Array]]),
  ];
  for (const [path, content] of files) await replaceFile(path, content);
  return files.map(([path]) => path);
}

async function rootsOf(client: Client): Promise<readonly RegisteredKey[]> {
  return await client.admin.registeredKeys({ purpose: "trusted-root" });
}

async function logsOf({ id, name, key }: RegisteredKey): Promise<ShownLog[]> {
  const { loadTrustedRoot } = await import("@strongroom/protocol/attestation");
  return loadTrustedRoot(key).logs.map(({ baseUrl, logId }) => ({
    root: id,
    name,
    url: baseUrl,
    logId: toBase64(logId),
  }));
}

async function idOf(key: Uint8Array): Promise<string> {
  const { sha256 } = await import("@strongroom/protocol");
  return toHex(sha256(key));
}
