// Which entries of the log a caller may read, and how much of them.
import { StoreError } from "@strongroom/store";
import { hasEveryScope, hasRole } from "../access.ts";
import type { Call } from "../grpc/adapter.ts";

export function authorisePrivateEvidence(asked: boolean, call: Call): void {
  if (!asked || hasRole(call.principal, ["auditor"])) return;
  throw new StoreError("PERMISSION_DENIED", "authorise private evidence: needs role auditor");
}

/** An auditor of everything sees every kind of entry; anybody else those of their scopes. */
export function entryScopes(call: Call): { scopes?: readonly string[] } {
  const { principal } = call;
  if (hasRole(principal, ["auditor"]) && hasEveryScope(principal)) return {};
  return { scopes: principal.scopes };
}
