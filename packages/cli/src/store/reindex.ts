import type { Verb } from "../context.ts";
import type { FolderFlags } from "./folder.ts";
import { withStore } from "./open-folder.ts";

interface ReindexFlags extends FolderFlags {
  readonly textSearch?: boolean;
}

export const reindexVerb: Verb<ReindexFlags> = async (context, _args, flags) => {
  const { output } = context;
  const bar = output.progress("indexing");
  const entries = await withStore(context, flags, async (store) => {
    await store.reindex({ onProgress: (done, total) => bar.at(done, total) });
    return store.status().treeSize;
  });
  bar.end();
  if (output.json) await output.document({ entries: String(entries) });
  else await output.lines(`${entries} entries indexed`);
};
