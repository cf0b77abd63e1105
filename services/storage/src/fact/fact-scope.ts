// Scope authorisation on the parsed fact, before anything about existence is said.
import { scanFact, text } from "@strongroom/protocol";
import { type Principal, type StoredFact, StoreError } from "@strongroom/store";
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

/** Whether the principal may know of a stored fact. An erased body no longer names its scope. */
export function maySeeFact(principal: Principal, fact: StoredFact): boolean {
  if (hasEveryScope(principal)) return true;
  return fact.bytes.length > 0 && maySeeScope(principal, readScope(fact.bytes));
}

/** The same answer for a fact that is not there and one that the caller may not see. */
export function factNotFound(): StoreError {
  return new StoreError("NOT_FOUND", "get fact: no such fact");
}
