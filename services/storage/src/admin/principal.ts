// Principals and tokens between the wire and the store, with the checks of names and patterns.
import type { MessageInitShape } from "@bufbuild/protobuf";
import {
  type Principal as PrincipalMessage,
  type PrincipalSchema,
  Role as RoleNumber,
  type TokenSchema,
} from "@strongroom/proto/strongroom/admin/v1/admin_service";
import { isScopePattern } from "@strongroom/protocol";
import type { Principal, Role, Token } from "@strongroom/store";
import { refuse, toTimestamp } from "../requests.ts";

const scopesMax = 256;

const numberByRole: Readonly<Record<Role, RoleNumber>> = {
  writer: RoleNumber.WRITER,
  reader: RoleNumber.READER,
  auditor: RoleNumber.AUDITOR,
  attestor: RoleNumber.ATTESTOR,
  dispatcher: RoleNumber.DISPATCHER,
  operator: RoleNumber.OPERATOR,
};
const roleByNumber = new Map(
  Object.entries(numberByRole).map(([role, number]) => [number, role as Role]),
);

export function toPrincipalName(name: string): string {
  if (!/^[a-z0-9][a-z0-9._-]{0,127}$/.test(name)) {
    refuse("check principal: name is not 1-128 of [a-z0-9._-]");
  }
  return name;
}

export function toPrincipal(message: PrincipalMessage | undefined): Omit<Principal, "tokens"> {
  if (message === undefined) return refuse("check principal: missing");
  const name = toPrincipalName(message.name);
  const roles = [...new Set(message.roles)].map(
    (number) => roleByNumber.get(number) ?? refuse("check roles: no such role"),
  );
  if (message.scopes.length > scopesMax) refuse(`check scopes: more than ${scopesMax}`);
  const scopes = [...new Set(message.scopes)];
  if (!scopes.every(isScopePattern)) refuse("check scopes: not a scope pattern");
  return { name, roles, scopes };
}

export function toPrincipalMessage(principal: Principal): MessageInitShape<typeof PrincipalSchema> {
  return {
    name: principal.name,
    roles: principal.roles.map((role) => numberByRole[role]),
    scopes: [...principal.scopes],
    tokens: principal.tokens.map(toTokenMessage),
  };
}

export function toTokenMessage(token: Token): MessageInitShape<typeof TokenSchema> {
  const { id, createdAtMs, expiresAtMs } = token;
  return {
    id,
    createdAt: toTimestamp(createdAtMs),
    ...(expiresAtMs === undefined ? {} : { expiresAt: toTimestamp(expiresAtMs) }),
  };
}
