// Whether a fact is what a query asks for and its caller may see. The same for bodies and for the
// entries of the tail.
import { type FactSpans, matchesScope, parseScopePattern, utf8 } from "@strongroom/protocol";
import type { FactFilter } from "../../types.ts";
import { decodeText } from "../entry-fields.ts";
import type { TailFact } from "../tail.ts";

export class CompiledFilter {
  readonly filter: FactFilter;
  readonly scopes: readonly string[] | undefined;
  readonly #entity: Uint8Array | undefined;
  readonly #relation: Uint8Array | undefined;
  readonly #source: Uint8Array | undefined;

  /** Throws MALFORMED_SCOPE. */
  constructor(filter: FactFilter, scopes: readonly string[] | undefined) {
    if (filter.scope !== undefined) parseScopePattern(filter.scope);
    this.filter = filter;
    this.scopes = scopes;
    this.#entity = filter.entity === undefined ? undefined : utf8(filter.entity);
    this.#relation = filter.relation === undefined ? undefined : utf8(filter.relation);
    this.#source = filter.source === undefined ? undefined : utf8(filter.source);
  }

  /** Whether nothing but the scope is asked for. */
  get isScopeOnly(): boolean {
    return this.#entity === undefined && this.#relation === undefined && !this.#source;
  }

  matchesScope(scope: string): boolean {
    const { scope: pattern } = this.filter;
    if (pattern !== undefined && !matchesScope(pattern, scope)) return false;
    return this.scopes === undefined || this.scopes.some((allowed) => matchesScope(allowed, scope));
  }

  matchesTime(timeMs: number): boolean {
    const { fromMs, untilMs } = this.filter;
    return (
      (fromMs === undefined || timeMs >= fromMs) && (untilMs === undefined || timeMs < untilMs)
    );
  }

  /** All but the time. */
  matchesBody(body: Uint8Array, spans: FactSpans): boolean {
    return (
      isAt(body, spans.entityStart, spans.entityEnd, this.#entity) &&
      isAt(body, spans.relationStart, spans.relationEnd, this.#relation) &&
      isAt(body, spans.sourceStart, spans.sourceEnd, this.#source) &&
      this.matchesScope(decodeText(body, spans.scopeStart, spans.scopeEnd))
    );
  }

  readonly matchesTail = (fact: TailFact): boolean => {
    const { entity, relation, source } = this.filter;
    return (
      (entity === undefined || fact.entity === entity) &&
      (relation === undefined || fact.relation === relation) &&
      (source === undefined || fact.source === source) &&
      this.matchesScope(fact.scope)
    );
  };
}

function isAt(body: Uint8Array, start: number, end: number, wanted: Uint8Array | undefined) {
  if (wanted === undefined) return true;
  if (end - start !== wanted.length) return false;
  for (let i = 0; i < wanted.length; i++) if (body[start + i] !== wanted[i]) return false;
  return true;
}
