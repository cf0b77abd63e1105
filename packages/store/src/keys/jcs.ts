/**
 * RFC 8785 (JCS) for the values our files hold: objects, arrays, strings, booleans, null and safe
 * integers. For these, members sorted by UTF-16 code units and JSON.stringify for each scalar are
 * exactly the RFC's rules; every other number is refused instead of guessed at.
 */
export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [member: string]: JsonValue };

const LONE_SURROGATE = /\p{Surrogate}/u;

/** Canonical text; throws TypeError for what it does not cover (fractions, lone surrogates). */
export function canonicalJson(value: JsonValue): string {
  if (typeof value === "string") return canonicalString(value);
  if (typeof value === "number") return canonicalInteger(value);
  if (value === null || typeof value === "boolean") return String(value);
  if (isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  return `{${canonicalMembers(value)}}`;
}

function canonicalMembers(object: { readonly [member: string]: JsonValue }): string {
  const members: string[] = [];
  // Array.sort() without a comparator compares UTF-16 code units, as RFC 8785 §3.2.3 asks.
  for (const name of Object.keys(object).sort()) {
    const value = object[name];
    if (value === undefined) throw new TypeError("undefined has no canonical JSON");
    members.push(`${canonicalString(name)}:${canonicalJson(value)}`);
  }
  return members.join(",");
}

function canonicalString(text: string): string {
  if (LONE_SURROGATE.test(text)) throw new TypeError("a lone surrogate has no canonical JSON");
  return JSON.stringify(text);
}

function canonicalInteger(value: number): string {
  if (!Number.isSafeInteger(value)) throw new TypeError("only safe integers are covered");
  return JSON.stringify(value);
}

// Array.isArray does not narrow readonly arrays out of a union.
function isArray(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}
