// Changes of principals and tokens: each is a key event in the log first, and takes effect when
// that is durable.
import { randomBytes } from "node:crypto";
import { ENTRY_KINDS, encodeKeyEvent, isScopePattern } from "@strongroom/protocol";
import type { Appender } from "../commit/appender.ts";
import { CONTROL_SCOPE } from "../commit/scope-heads.ts";
import { StoreError, toStoreError } from "../errors.ts";
import type { CallContext, Principal } from "../types.ts";
import { formatToken, isRole, type Principals, requirePrincipalName } from "./principals.ts";

const TOKEN_BYTES = 32;
const SCOPES_MAX = 256;
const TOKENS_MAX = 64;

export class PrincipalAdmin {
  readonly #principals: Principals;
  readonly #appender: Appender;
  /** One change at a time: the last operator must not be removed by two calls at once. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(principals: Principals, appender: Appender) {
    this.#principals = principals;
    this.#appender = appender;
  }

  set(
    principal: Pick<Principal, "name" | "roles" | "scopes">,
    context: CallContext,
  ): Promise<{ principal: Principal; index: number }> {
    return this.#inTurn(async () => {
      const { name, roles, scopes } = principal;
      requirePrincipalName(name);
      requireRolesAndScopes(principal);
      if (!roles.includes("operator") && this.#principals.get(name)?.roles.includes("operator")) {
        this.#principals.requireOtherOperator(name);
      }
      const details = [
        ...roles.map((value) => ({ name: "role", value })),
        ...scopes.map((value) => ({ name: "scope", value })),
      ];
      const index = await this.#append({ event: "principal-set", subject: name, details }, context);
      return { principal: this.#require(name), index };
    });
  }

  remove(name: string, context: CallContext): Promise<{ index: number }> {
    return this.#inTurn(async () => {
      if (this.#require(name).roles.includes("operator")) {
        this.#principals.requireOtherOperator(name);
      }
      const event = { event: "principal-removed", subject: name, details: [] };
      return { index: await this.#append(event, context) };
    });
  }

  createToken(
    token: { principal: string; expiresAtMs?: number },
    context: CallContext,
  ): Promise<{ id: string; secret: string; createdAtMs: number; index: number }> {
    return this.#inTurn(async () => {
      if (this.#require(token.principal).tokens.length >= TOKENS_MAX) {
        throw new StoreError("LIMIT_EXCEEDED", `create token: it has ${TOKENS_MAX} already`);
      }
      const id = randomBytes(8).toString("hex");
      const secret = formatToken(randomBytes(TOKEN_BYTES));
      const details = [
        { name: "token-id", value: id },
        { name: "token-hash", value: this.#principals.hashToken(secret) },
      ];
      if (token.expiresAtMs !== undefined) {
        details.push({ name: "expires-at-ms", value: String(token.expiresAtMs) });
      }
      const event = { event: "token-created", subject: token.principal, details };
      const index = await this.#append(event, context);
      return { id, secret, createdAtMs: Date.now(), index };
    });
  }

  revokeToken(id: string, context: CallContext): Promise<{ index: number }> {
    return this.#inTurn(async () => {
      if (!this.#principals.hasToken(id)) {
        throw new StoreError("NOT_FOUND", "revoke token: there is none of that id");
      }
      const event = { event: "token-revoked", subject: id, details: [] };
      return { index: await this.#append(event, context) };
    });
  }

  async #append(
    event: { event: string; subject: string; details: { name: string; value: string }[] },
    context: CallContext,
  ): Promise<number> {
    const request = {
      kind: ENTRY_KINDS["key-event"],
      body: encodeBody(event),
      scope: CONTROL_SCOPE,
    };
    const { index } = await this.#appender.appendEntry(request, context);
    this.#principals.apply({ ...event, index, atMs: Date.now() });
    return index;
  }

  #require(name: string): Principal {
    const found = this.#principals.get(name);
    if (!found) throw new StoreError("NOT_FOUND", "there is no principal of that name");
    return found;
  }

  #inTurn<T>(change: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(change);
    this.#turn = result.catch(() => undefined);
    return result;
  }
}

function encodeBody(event: Parameters<typeof encodeKeyEvent>[0]): Uint8Array {
  try {
    return encodeKeyEvent(event);
  } catch (reason) {
    throw toStoreError(reason);
  }
}

function requireRolesAndScopes(principal: Pick<Principal, "roles" | "scopes">): void {
  const { roles, scopes } = principal;
  if (!roles.every(isRole) || new Set(roles).size !== roles.length) {
    throw new StoreError("INVALID_ARGUMENT", "set principal: a role is unknown or named twice");
  }
  if (scopes.length > SCOPES_MAX || !scopes.every((scope) => isScopePattern(scope))) {
    throw new StoreError(
      "INVALID_ARGUMENT",
      `set principal: scopes are up to ${SCOPES_MAX} patterns: a scope, a scope and /*, or *`,
    );
  }
}
