// Scopes name who may see a fact; patterns name sets of scopes. Syntax: formats.md §1.
import { MalformedError } from "./errors.ts";

export const SCOPE_BYTES_MAX = 128;

const FIRST = 1;
const LATER = 2;
const SLASH = 3;
const SCOPE_CLASS = new Uint8Array(256);
for (const char of "abcdefghijklmnopqrstuvwxyz0123456789") SCOPE_CLASS[char.charCodeAt(0)] = FIRST;
for (const char of "_.-") SCOPE_CLASS[char.charCodeAt(0)] = LATER;
SCOPE_CLASS[0x2f] = SLASH;

/** Segments `[a-z0-9][a-z0-9_.-]*` joined by single `/`, 1–128 bytes. */
export function isScope(scope: string): boolean {
  if (scope.length > SCOPE_BYTES_MAX) return false;
  let atSegmentStart = true;
  for (let i = 0; i < scope.length; i++) {
    const next = SCOPE_CLASS[scope.charCodeAt(i)] ?? 0;
    if (next === 0 || (atSegmentStart && next !== FIRST)) return false;
    atSegmentStart = next === SLASH;
  }
  return !atSegmentStart;
}

/** The same for the bytes from start to end, without making a string of them. */
export function isScopeBytes(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start > SCOPE_BYTES_MAX) return false;
  let atSegmentStart = true;
  for (let i = start; i < end; i++) {
    const next = SCOPE_CLASS[bytes[i] ?? 0] ?? 0;
    if (next === 0 || (atSegmentStart && next !== FIRST)) return false;
    atSegmentStart = next === SLASH;
  }
  return !atSegmentStart;
}

/** Returns the scope. Throws MALFORMED_SCOPE. */
export function parseScope(scope: string): string {
  if (!isScope(scope)) throw new MalformedError("MALFORMED_SCOPE", "not a legal scope");
  return scope;
}

/** An exact scope, a legal scope and `/*` (one or more further segments), or `*`. */
export function isScopePattern(pattern: string): boolean {
  if (pattern === "*") return true;
  return isScope(pattern.endsWith("/*") ? pattern.slice(0, -2) : pattern);
}

/** Returns the pattern. Throws MALFORMED_SCOPE. */
export function parseScopePattern(pattern: string): string {
  if (!isScopePattern(pattern)) {
    throw new MalformedError("MALFORMED_SCOPE", "not a legal scope pattern");
  }
  return pattern;
}

/** Whether a legal scope falls under a legal pattern. `a/*` does not cover `a` itself. */
export function matchesScope(pattern: string, scope: string): boolean {
  if (pattern === "*") return true;
  if (!pattern.endsWith("/*")) return pattern === scope;
  return scope.startsWith(pattern.slice(0, -1));
}

/** The scopes above this one, nearest first: `a/b/c` gives `a/b`, `a`. */
export function scopeAncestors(scope: string): string[] {
  const ancestors: string[] = [];
  for (let at = scope.lastIndexOf("/"); at > 0; at = scope.lastIndexOf("/", at - 1)) {
    ancestors.push(scope.slice(0, at));
  }
  return ancestors;
}
