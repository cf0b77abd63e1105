// A store folder, open for the length of one verb. The only way by which the command line loads
// the store and with it a native module.
import type { Store } from "@strongroom/store";
import type { Context } from "../context.ts";
import { type FolderFlags, folderOf } from "./folder.ts";

export async function withStore<T>(
  context: Context,
  flags: FolderFlags & { readonly textSearch?: boolean },
  work: (store: Store) => Promise<T>,
): Promise<T> {
  const { store: path, key, anchor } = await folderOf(context.settings, flags);
  const { openStore } = await import("@strongroom/store");
  const { textSearch } = flags;
  const store = await openStore({
    path,
    key,
    create: false,
    ...anchor,
    ...(textSearch === undefined ? {} : { textSearch }),
  });
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}
