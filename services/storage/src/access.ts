// Who may call what: one row for every RPC. Deny by default: a method without a row is refused,
// and a test fails for it.
import { matchesScope } from "@strongroom/protocol";
import type { Principal, Role } from "@strongroom/store";

export interface AccessRule {
  /** Any one of these; "any" principal at all; "nobody" needs no principal. */
  roles: readonly Role[] | "any" | "nobody";
  /** The handler also checks every fact's scope against the principal's. */
  scoped?: true;
  /** Ends only with its caller, so shutdown ends it. */
  lasting?: true;
  /** What a call costs of the limits on concurrent calls; 1 if unset. */
  weight?: number;
}

const any: AccessRule = { roles: "any" };
const writer: AccessRule = { roles: ["writer"], scoped: true };
const bulkWriter: AccessRule = { ...writer, weight: 16 };
const reader: AccessRule = { roles: ["reader"], scoped: true };
const entryReader: AccessRule = { roles: ["reader", "auditor"], scoped: true, weight: 8 };
const operator: AccessRule = { roles: ["operator"] };
const attestor: AccessRule = { roles: ["attestor"] };
const attestationReader: AccessRule = { roles: ["reader", "auditor", "operator", "attestor"] };
const observer: AccessRule = { roles: ["operator", "auditor"] };

/** By `package.Service/Method`. */
export const access: Readonly<Record<string, AccessRule>> = {
  "strongroom.fact.v1.FactService/Append": writer,
  "strongroom.fact.v1.FactService/Retract": writer,
  "strongroom.fact.v1.FactService/AppendBatch": bulkWriter,
  "strongroom.fact.v1.FactService/AppendStream": bulkWriter,
  "strongroom.fact.v1.FactService/Get": reader,
  "strongroom.fact.v1.FactService/BatchGet": { ...reader, weight: 8 },
  "strongroom.fact.v1.FactService/Query": reader,
  "strongroom.fact.v1.FactService/Search": reader,
  "strongroom.fact.v1.FactService/Watch": { ...reader, lasting: true },
  "strongroom.log.v1.LogService/GetHead": any,
  "strongroom.log.v1.LogService/GetCheckpoint": any,
  "strongroom.log.v1.LogService/ListCheckpoints": any,
  "strongroom.log.v1.LogService/GetInclusionProof": any,
  "strongroom.log.v1.LogService/GetConsistencyProof": any,
  "strongroom.log.v1.LogService/GetReceipts": entryReader,
  "strongroom.log.v1.LogService/GetVerifierKeys": any,
  "strongroom.log.v1.LogService/ReadEntries": entryReader,
  "strongroom.log.v1.LogService/Verify": { roles: ["auditor"], weight: 256 },
  "strongroom.attestation.v1.AttestationService/List": attestationReader,
  "strongroom.attestation.v1.AttestationService/Get": { ...attestationReader, scoped: true },
  "strongroom.attestation.v1.AttestationService/Retry": operator,
  "strongroom.attestation.v1.AttestationWorkService/Lease": attestor,
  "strongroom.attestation.v1.AttestationWorkService/Watch": { ...attestor, lasting: true },
  "strongroom.attestation.v1.AttestationWorkService/SaveRequest": attestor,
  "strongroom.attestation.v1.AttestationWorkService/Complete": attestor,
  "strongroom.attestation.v1.AttestationWorkService/Fail": attestor,
  "strongroom.attestation.v1.AttestationWorkService/AddCosignature": attestor,
  "strongroom.admin.v1.AdminService/Status": observer,
  "strongroom.admin.v1.AdminService/Doctor": observer,
  "strongroom.admin.v1.AdminService/ListAlarms": observer,
  "strongroom.admin.v1.AdminService/ClearAlarm": operator,
  "strongroom.admin.v1.AdminService/ListPrincipals": operator,
  "strongroom.admin.v1.AdminService/SetPrincipal": operator,
  "strongroom.admin.v1.AdminService/RemovePrincipal": operator,
  "strongroom.admin.v1.AdminService/CreateToken": operator,
  "strongroom.admin.v1.AdminService/RevokeToken": operator,
  "strongroom.admin.v1.AdminService/RegisterKey": operator,
  "strongroom.admin.v1.AdminService/RetireKey": operator,
  "strongroom.admin.v1.AdminService/ListKeys": { roles: ["operator", "auditor", "attestor"] },
  "strongroom.admin.v1.AdminService/Reindex": { roles: ["operator"], weight: 256 },
  "grpc.health.v1.Health/Check": { roles: "nobody" },
  "grpc.health.v1.Health/Watch": { roles: "nobody", lasting: true },
  "grpc.reflection.v1.ServerReflection/ServerReflectionInfo": { ...any, lasting: true },
};

export function findRule(method: string): AccessRule | undefined {
  return Object.hasOwn(access, method) ? access[method] : undefined;
}

export function hasRole(principal: Principal, roles: readonly Role[]): boolean {
  return roles.some((role) => principal.roles.includes(role));
}

export function maySeeScope(principal: Principal, scope: string): boolean {
  return principal.scopes.some((pattern) => matchesScope(pattern, scope));
}

/** Whether no scope is closed to the principal, present or future. */
export function hasEveryScope(principal: Principal): boolean {
  return principal.scopes.includes("*");
}

/** Whether roles and scopes are the same: a stream goes on only while they are. */
export function isSameAccess(a: Principal, b: Principal): boolean {
  return (
    a.name === b.name &&
    a.roles.join() === b.roles.join() &&
    a.scopes.join("\n") === b.scopes.join("\n")
  );
}
