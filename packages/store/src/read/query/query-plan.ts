// Which tokens of the index answer a filter. A rare term is asked for alone, since joining it with
// a common one makes the index walk the common one's whole list; what else the filter says is
// confirmed on each hit.
import type { Terms } from "../../index/terms.ts";
import type { CompiledFilter } from "./fact-filter.ts";

export interface TokenStream {
  tokens: readonly string[];
  /** Whether the tokens also exist per block. */
  isBlocked: boolean;
}

export interface QueryPlan {
  /** Merged, newest first; undefined means that every entry is a candidate. */
  streams: readonly TokenStream[] | undefined;
  /** Whether the filter names one triple. */
  isTriple: boolean;
}

export function planQuery(compiled: CompiledFilter, terms: Terms): QueryPlan {
  const { scope, entity, relation, source } = compiled.filter;
  if (entity !== undefined) {
    const isTriple = isExact(scope) && relation !== undefined;
    const token = isTriple ? terms.triple(scope, entity, relation) : terms.entity(entity);
    return { streams: [{ tokens: [token], isBlocked: false }], isTriple };
  }
  const common: string[] = [];
  if (relation !== undefined) common.push(terms.relation(relation));
  if (source !== undefined) common.push(terms.source(source));
  const patterns = scopePatterns(compiled);
  if (patterns === undefined) {
    const streams = common.length > 0 ? [{ tokens: common, isBlocked: true }] : undefined;
    return { streams, isTriple: false };
  }
  return {
    streams: patterns.map((pattern) => ({
      tokens: [scopeToken(pattern, terms), ...common],
      isBlocked: true,
    })),
    isTriple: false,
  };
}

/** Patterns that cover what the caller asks for and may see; undefined means all scopes. */
function scopePatterns(compiled: CompiledFilter): readonly string[] | undefined {
  const { scope } = compiled.filter;
  if (scope !== undefined && scope !== "*") return [scope];
  if (compiled.scopes === undefined || compiled.scopes.includes("*")) return undefined;
  return [...new Set(compiled.scopes)];
}

function scopeToken(pattern: string, terms: Terms): string {
  return pattern.endsWith("/*") ? terms.scopePrefix(pattern.slice(0, -2)) : terms.scope(pattern);
}

function isExact(scope: string | undefined): scope is string {
  return scope !== undefined && !scope.endsWith("*");
}
