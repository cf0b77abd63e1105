// The raw key of one database file, so that real SQLCipher opens it. Audited by the store.
import type { KeyedFile } from "@strongroom/store";
import type { Verb } from "../context.ts";
import { CliError } from "../errors.ts";
import { type FolderFlags, folderOf } from "./folder.ts";

interface ExportFlags extends FolderFlags {
  readonly yes?: boolean;
}

export const exportFileKeyVerb: Verb<ExportFlags> = async (context, [file = ""], flags) => {
  const { output, settings } = context;
  if (!flags.yes) {
    const why = "whoever has the key can read the file; say --yes if that is meant";
    throw new CliError("CONFIRMATION_REQUIRED", `refuse to print the key of ${file}: ${why}`);
  }
  const { store: path, key, anchor } = await folderOf(settings, flags);
  const { exportStoreFileKey, keyedFiles } = await import("@strongroom/store");
  if (!Object.hasOwn(keyedFiles, file)) {
    throw new CliError("USAGE", `take one of ${Object.keys(keyedFiles).join(", ")}`);
  }
  const exported = await exportStoreFileKey({ path, key, ...anchor, file: file as KeyedFile });
  const { fileKey, cipher, index } = exported;
  if (output.json) await output.document({ file, cipher, fileKey, index: String(index) });
  else await output.lines(fileKey);
};
