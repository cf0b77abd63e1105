// Scope authorisation on the parsed fact, before anything about existence is said.
import { scanFact, text } from "@strongroom/protocol";
import {
  type EntryKey,
  type Principal,
  type Store,
  type StoredFact,
  StoreError,
  type VerifyMode,
} from "@strongroom/store";
import { hasEveryScope, maySeeScope } from "../access.ts";

/** A store may be set to 1 MiB; its own limit is checked by the store. */
const bytesMax = 1024 * 1024;

/** Throws MALFORMED_FACT and its kin. */
export function readScope(bytes: Uint8Array): string {
  const { scopeStart, scopeEnd } = scanFact(bytes, { bytesMax });
  return text(bytes.subarray(scopeStart, scopeEnd));
}

/** Throws PERMISSION_DENIED; what is malformed is said first, since it reveals nothing. */
export function authoriseFact(principal: Principal, bytes: Uint8Array): void {
  if (hasEveryScope(principal)) return;
  const scope = readScope(bytes);
  if (maySeeScope(principal, scope)) return;
  throw new StoreError("PERMISSION_DENIED", "authorise fact: its scope is not allowed", {
    metadata: { principal: principal.name },
  });
}

/** Reads a fact that the principal may know of. Throws NOT_FOUND alike for all others. */
export async function getVisible(
  store: Store,
  key: EntryKey,
  verify: VerifyMode,
  principal: Principal,
): Promise<StoredFact> {
  const scopes = hasEveryScope(principal) ? {} : { scopes: principal.scopes };
  try {
    return await store.get(key, { verify, ...scopes });
  } catch (error) {
    const isMissing = error instanceof StoreError && error.code === "NOT_FOUND";
    throw isMissing ? new StoreError("NOT_FOUND", "get fact: no such fact") : error;
  }
}
