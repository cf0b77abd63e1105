// The operator's override on a closed store: a copy signs again, or a new epoch goes on from what
// is there. Both need a reason, which the log keeps.
import type { Verb } from "../context.ts";
import { CliError } from "../errors.ts";
import { readBytesFile } from "../settings.ts";
import { type FolderFlags, folderOf } from "./folder.ts";

interface PromoteFlags extends FolderFlags {
  readonly reason: string;
  readonly yes?: boolean;
  readonly acceptLoss?: boolean;
  readonly knownNote?: readonly string[];
}

export const promoteVerb: Verb<PromoteFlags> = async (context, _args, flags) => {
  const { output, settings } = context;
  const { store: path, key, anchor } = await folderOf(settings, flags);
  if (!flags.yes) {
    const why = "two copies that sign make a fork; say --yes if the original is gone for good";
    throw new CliError("CONFIRMATION_REQUIRED", `refuse to promote ${path}: ${why}`);
  }
  const knownNotes = await Promise.all((flags.knownNote ?? []).map(readBytesFile));
  const { promoteStore } = await import("@strongroom/store");
  const promoted = await promoteStore({
    path,
    key,
    ...anchor,
    reason: flags.reason,
    acceptLoss: flags.acceptLoss ?? false,
    knownNotes,
  });
  const { outcome, origin, treeSize, verdict, policy = [] } = promoted;
  if (output.json) {
    const shown = { ...(verdict === undefined ? {} : { verdict }), policy };
    await output.document({ outcome, origin, treeSize: String(treeSize), ...shown });
    return;
  }
  if (outcome === "cleared") return output.lines(`${path} signs again as ${origin}`);
  await output.lines(
    `a new epoch began: ${origin}, from ${treeSize} entries on`,
    "Clients go on only when their policy file has these lines:",
    ...policy.map((line) => `  ${line}`),
  );
};
