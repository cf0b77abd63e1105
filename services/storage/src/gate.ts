// The one way in: who calls, may they, is there room. It runs on the headers alone, before a
// message is read, and writes nothing anywhere but counters.
import { type Principal, StoreError } from "@strongroom/store";
import { type AccessRule, findRule, hasRole, isSameAccess } from "./access.ts";
import type { CallLimits } from "./call-limits.ts";

export interface GateOptions {
  authenticate(token: string): Principal | undefined;
  limits: CallLimits;
  countRefusal(by: string, method: string, reason: string): void;
}

export interface Caller {
  method: string;
  /** Every value of the `authorization` header. */
  authorization: readonly string[];
  /** Network address with port. */
  peer: string;
}

export interface Admission {
  /** Unset only for methods that need none. */
  principal: Principal | undefined;
  method: string;
  peer: string;
  /** Set once a handler runs: from then on the handler's end releases. */
  started: boolean;
  /** Gives the units of the limits back, once. */
  release(): void;
  /** Throws if the principal may no longer do this, or not in the same scopes. */
  confirm(): void;
}

const tokenBytesMax = 512;

export class Gate {
  readonly #options: GateOptions;

  constructor(options: GateOptions) {
    this.#options = options;
  }

  /** Throws UNAUTHENTICATED, PERMISSION_DENIED or OVERLOADED. */
  admit(caller: Caller): Admission {
    let by = sourcePrefix(caller.peer);
    try {
      const rule = requireRule(caller.method);
      if (rule.roles === "nobody") return this.#admitAnonymous(caller, rule, by);
      const token = readBearer(caller.authorization);
      const principal = this.#authenticate(token);
      by = principal.name;
      authorise(principal, rule, caller.method);
      const release = this.#options.limits.take(principal.name, rule.weight ?? 1);
      const confirm = (): void => this.#confirm(token, principal, caller);
      const { method, peer } = caller;
      return { principal, method, peer, started: false, release, confirm };
    } catch (error) {
      const reason = error instanceof StoreError ? error.code : "INTERNAL";
      this.#options.countRefusal(by, caller.method, reason);
      throw error;
    }
  }

  #admitAnonymous(caller: Caller, rule: AccessRule, by: string): Admission {
    const release = this.#options.limits.take(`anonymous ${by}`, rule.weight ?? 1);
    const { method, peer } = caller;
    return { principal: undefined, method, peer, started: false, release, confirm: () => {} };
  }

  #authenticate(token: string): Principal {
    const principal = this.#options.authenticate(token);
    if (principal === undefined) {
      throw new StoreError("UNAUTHENTICATED", "authenticate: token unknown, revoked or expired");
    }
    return principal;
  }

  #confirm(token: string, before: Principal, caller: Caller): void {
    const now = this.#authenticate(token);
    if (isSameAccess(before, now)) return;
    authorise(now, requireRule(caller.method), caller.method);
    // Still allowed, but in other scopes: the caller comes again and is served by the new ones.
    throw new StoreError("UNAVAILABLE", "go on with stream: the principal's rights changed");
  }
}

function requireRule(method: string): AccessRule {
  const rule = findRule(method);
  if (rule === undefined) {
    throw new StoreError("PERMISSION_DENIED", `authorise: no access rule for ${method}`);
  }
  return rule;
}

function authorise(principal: Principal, rule: AccessRule, method: string): void {
  if (rule.roles === "any" || rule.roles === "nobody") return;
  if (hasRole(principal, rule.roles)) return;
  throw new StoreError(
    "PERMISSION_DENIED",
    `authorise: ${method} needs role ${rule.roles.join(" or ")}`,
    { metadata: { principal: principal.name, method } },
  );
}

function readBearer(values: readonly string[]): string {
  const [value] = values;
  if (value === undefined || values.length !== 1) {
    const message = "authenticate: expected exactly one authorization header";
    throw new StoreError("UNAUTHENTICATED", message);
  }
  const match = /^Bearer ([\x21-\x7e]+)$/i.exec(value);
  if (match?.[1] === undefined || match[1].length > tokenBytesMax) {
    throw new StoreError("UNAUTHENTICATED", "authenticate: expected `Bearer <token>`");
  }
  return match[1];
}

/** The network a call came from, coarse enough to be a metric's label. */
export function sourcePrefix(peer: string): string {
  const host = peer.replace(/:\d+$/, "").replace(/^::ffff:/, "");
  const v4 = /^(\d+\.\d+\.\d+)\.\d+$/.exec(host);
  if (v4) return `${v4[1]}.0/24`;
  return host.includes(":") ? `${host.split(":").slice(0, 3).join(":")}::/48` : "unknown";
}
