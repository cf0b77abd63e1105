// Who may do what, replayed from the log's key events. A token is known only by its keyed hash.
import { hmacSha256, toHex, utf8 } from "@strongroom/protocol";
import { StoreError } from "../errors.ts";
import type { ControlEvent } from "../open/read-identity.ts";
import { type Principal, type Role, roles } from "../types.ts";

const NAME = /^[a-z0-9][a-z0-9._-]{0,127}$/;
const TOKEN_PREFIX = "srt_";

interface KnownToken {
  id: string;
  principal: string;
  createdAtMs: number;
  expiresAtMs?: number;
}

export class Principals {
  readonly #tokenKey: Uint8Array;
  readonly #principals = new Map<string, { roles: Role[]; scopes: string[] }>();
  readonly #tokens = new Map<string, KnownToken>();

  constructor(tokenKey: Uint8Array, events: readonly ControlEvent[]) {
    this.#tokenKey = tokenKey;
    for (const event of events) this.apply(event);
  }

  /** Takes over one key event; unknown events are of later versions and change nothing here. */
  apply(event: ControlEvent): void {
    const values = (name: string): string[] =>
      event.details.filter((one) => one.name === name).map((one) => one.value);
    switch (event.event) {
      case "genesis":
        for (const name of values("operator")) {
          this.#principals.set(name, { roles: ["operator"], scopes: [] });
        }
        break;
      case "principal-set":
        this.#principals.set(event.subject, {
          roles: values("role").filter(isRole),
          scopes: values("scope"),
        });
        break;
      case "principal-removed":
        this.#principals.delete(event.subject);
        for (const [hash, token] of this.#tokens) {
          if (token.principal === event.subject) this.#tokens.delete(hash);
        }
        break;
      case "token-created":
        this.#addToken(event, values);
        break;
      case "token-revoked":
        for (const [hash, token] of this.#tokens) {
          if (token.id === event.subject) this.#tokens.delete(hash);
        }
        break;
    }
  }

  /** The principal of a token that is known and not expired. */
  authenticate(token: string, nowMs: number): Principal | undefined {
    if (!token.startsWith(TOKEN_PREFIX) || token.length > 128) return undefined;
    // Looking up a keyed hash tells a caller nothing by its timing.
    const known = this.#tokens.get(this.hashToken(token));
    if (!known || (known.expiresAtMs !== undefined && known.expiresAtMs <= nowMs)) return undefined;
    return this.get(known.principal);
  }

  hashToken(token: string): string {
    return toHex(hmacSha256(this.#tokenKey, utf8(token)));
  }

  get(name: string): Principal | undefined {
    const found = this.#principals.get(name);
    if (!found) return undefined;
    const tokens = [...this.#tokens.values()]
      .filter((token) => token.principal === name)
      .map(({ id, createdAtMs, expiresAtMs }) => ({
        id,
        createdAtMs,
        ...(expiresAtMs === undefined ? {} : { expiresAtMs }),
      }));
    return { name, roles: found.roles, scopes: found.scopes, tokens };
  }

  /** By name. */
  list(): Principal[] {
    return [...this.#principals.keys()].sort().flatMap((name) => this.get(name) ?? []);
  }

  hasToken(id: string): boolean {
    return [...this.#tokens.values()].some((token) => token.id === id);
  }

  /** Throws LAST_OPERATOR if nobody could administer the store without this one. */
  requireOtherOperator(name: string): void {
    const others = [...this.#principals].some(
      ([other, { roles: held }]) => other !== name && held.includes("operator"),
    );
    if (!others) {
      throw new StoreError("LAST_OPERATOR", `change principal ${name}: it is the last operator`);
    }
  }

  #addToken(event: ControlEvent, values: (name: string) => string[]): void {
    const [id = ""] = values("token-id");
    const [hash = ""] = values("token-hash");
    const [expires] = values("expires-at-ms");
    this.#tokens.set(hash, {
      id,
      principal: event.subject,
      createdAtMs: event.atMs,
      ...(expires === undefined ? {} : { expiresAtMs: Number(expires) }),
    });
  }
}

export function requirePrincipalName(name: string): void {
  if (NAME.test(name)) return;
  throw new StoreError("INVALID_ARGUMENT", "name of a principal: 1–128 of a-z 0-9 . _ -");
}

export function isRole(role: string): role is Role {
  return (roles as readonly string[]).includes(role);
}

export function formatToken(secret: Uint8Array): string {
  return TOKEN_PREFIX + Buffer.from(secret).toString("base64url");
}
