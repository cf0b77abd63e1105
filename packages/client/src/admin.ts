// Administration: status, alarms, principals, upkeep.
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import {
  AdminService,
  type Alarm,
  type CreateTokenResponse,
  type DoctorResponse,
  KeyPurpose,
  type Principal,
  type RegisteredKey,
  type ReindexResponse,
  Role,
  type SetPrincipalResponse,
  type StatusResponse,
} from "@strongroom/proto/strongroom/admin/v1/admin_service";
import { otherAnswer } from "./append.ts";
import type { CallOptions, Channel } from "./channel.ts";

export const roleNames = [
  "writer",
  "reader",
  "auditor",
  "attestor",
  "dispatcher",
  "operator",
] as const;
export type RoleName = (typeof roleNames)[number];

const roles = {
  writer: Role.WRITER,
  reader: Role.READER,
  auditor: Role.AUDITOR,
  attestor: Role.ATTESTOR,
  dispatcher: Role.DISPATCHER,
  operator: Role.OPERATOR,
} as const satisfies Record<RoleName, Role>;

export const keyPurposes = ["attestation", "trusted-root", "witness"] as const;
export type KeyPurposeName = (typeof keyPurposes)[number];

const purposes = {
  attestation: KeyPurpose.ATTESTATION,
  "trusted-root": KeyPurpose.TRUSTED_ROOT,
  witness: KeyPurpose.WITNESS,
} as const satisfies Record<KeyPurposeName, KeyPurpose>;

export interface PrincipalInput {
  readonly name: string;
  readonly roles: readonly RoleName[];
  /** Scope patterns; none means no scope. */
  readonly scopes: readonly string[];
}

/** Calls of AdminService; each says in its .proto which role it needs. */
export class Admin {
  readonly #channel: Channel;

  constructor(channel: Channel) {
    this.#channel = channel;
  }

  status(options: CallOptions = {}): Promise<StatusResponse> {
    return this.#channel.unary(AdminService.method.status, {}, options);
  }

  doctor(options: CallOptions = {}): Promise<DoctorResponse> {
    return this.#channel.unary(AdminService.method.doctor, {}, options);
  }

  async *alarms(
    options: CallOptions & { readonly includeCleared?: boolean } = {},
  ): AsyncGenerator<Alarm, void, undefined> {
    const { includeCleared = false } = options;
    let pageToken = "";
    do {
      const request = { pageSize: 1_000, pageToken, includeCleared };
      const page = await this.#channel.unary(AdminService.method.listAlarms, request, options);
      yield* page.alarms;
      pageToken = page.nextPageToken;
    } while (pageToken !== "");
  }

  async clearAlarm(id: bigint, options: CallOptions = {}): Promise<Alarm | undefined> {
    return (await this.#channel.unary(AdminService.method.clearAlarm, { id }, options)).alarm;
  }

  async *principals(options: CallOptions = {}): AsyncGenerator<Principal, void, undefined> {
    let pageToken = "";
    do {
      const request = { pageSize: 1_000, pageToken };
      const page = await this.#channel.unary(AdminService.method.listPrincipals, request, options);
      yield* page.principals;
      pageToken = page.nextPageToken;
    } while (pageToken !== "");
  }

  setPrincipal(input: PrincipalInput, options: CallOptions = {}): Promise<SetPrincipalResponse> {
    const principal = {
      name: input.name,
      roles: input.roles.map((role) => roles[role]),
      scopes: [...input.scopes],
    };
    return this.#channel.unary(AdminService.method.setPrincipal, { principal }, options);
  }

  async removePrincipal(name: string, options: CallOptions = {}): Promise<{ index: bigint }> {
    return this.#channel.unary(AdminService.method.removePrincipal, { name }, options);
  }

  /** The secret is shown this once. Not retried: a second call makes a second token. */
  createToken(
    request: { readonly principal: string; readonly expiresAtMs?: number },
    options: CallOptions = {},
  ): Promise<CreateTokenResponse> {
    const { principal, expiresAtMs } = request;
    const expiry = expiresAtMs === undefined ? {} : { expiresAt: timestampFromMs(expiresAtMs) };
    return this.#channel.unary(AdminService.method.createToken, { principal, ...expiry }, options);
  }

  async revokeToken(id: string, options: CallOptions = {}): Promise<{ index: bigint }> {
    return this.#channel.unary(AdminService.method.revokeToken, { id }, options);
  }

  /** Registers a key that outside records are checked with; one that is in force stays as it is. */
  async registerKey(
    added: { readonly purpose: KeyPurposeName; readonly key: Uint8Array; readonly name?: string },
    options: CallOptions = {},
  ): Promise<RegisteredKey> {
    const { key, name = "" } = added;
    const request = { purpose: purposes[added.purpose], key, name };
    const method = AdminService.method.registerKey;
    return requiredKey((await this.#channel.unary(method, request, options)).key);
  }

  async retireKey(id: string, options: CallOptions = {}): Promise<RegisteredKey> {
    const method = AdminService.method.retireKey;
    return requiredKey((await this.#channel.unary(method, { id }, options)).key);
  }

  /** Newest first. */
  async registeredKeys(
    options: CallOptions & {
      readonly purpose?: KeyPurposeName | undefined;
      readonly includeRetired?: boolean;
    } = {},
  ): Promise<readonly RegisteredKey[]> {
    const { purpose, includeRetired = false } = options;
    const wanted = purpose === undefined ? {} : { purpose: purposes[purpose] };
    const request = { ...wanted, includeRetired };
    return (await this.#channel.unary(AdminService.method.listKeys, request, options)).keys;
  }

  reindex(options: CallOptions = {}): AsyncGenerator<ReindexResponse, void, undefined> {
    return this.#channel.serverStream(AdminService.method.reindex, {}, options);
  }
}

function requiredKey(key: RegisteredKey | undefined): RegisteredKey {
  if (key === undefined) throw otherAnswer("no key");
  return key;
}
