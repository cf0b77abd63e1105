// The encrypted, append-only, Merkle-logged store as a library.
import { StoreError } from "./errors.ts";
import { open } from "./open/open-store.ts";
import type { OpenOptions } from "./options.ts";
import { Store } from "./store.ts";

export type { FactInit } from "./commit/appender.ts";
export { StoreError, type StoreErrorCode, storeErrorCodes, toStoreError } from "./errors.ts";
export {
  type ExportedFileKey,
  exportStoreFileKey,
  type KeyedFile,
  keyedFiles,
} from "./open/export-file-key.ts";
export {
  type Promoted,
  type PromoteOptions,
  promoteStore,
} from "./open/promote-store.ts";
export type { OpenOptions } from "./options.ts";
export { Store } from "./store.ts";
export * from "./types.ts";

/**
 * Opens the store in a folder, and makes it first if the folder is missing or empty and `create`
 * is not false. Throws a StoreError whose code says why a folder cannot be opened (WRONG_KEY,
 * STORE_LOCKED, STORE_ROLLED_BACK, …). One process at a time; close() frees it.
 */
export async function openStore(options: OpenOptions): Promise<Store> {
  const opened = await open(options);
  const store = new Store(opened);
  await store.reportOpened();
  return store;
}

/** Makes a store that must not exist yet, with a first token for its operator. */
export async function initStore(
  options: OpenOptions,
): Promise<{ store: Store; operatorToken: string }> {
  const store = await openStore({ ...options, create: true });
  if (!store.isNew) {
    await store.close();
    throw new StoreError("STORE_EXISTS", `init ${options.path}: there is a store already`);
  }
  const { secret } = await store.createToken({ principal: options.operatorName ?? "operator" });
  return { store, operatorToken: secret };
}
