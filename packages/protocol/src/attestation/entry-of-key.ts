// Whether an entry of a transparency log is under one of our keys, and what it attests. Looks for
// the key wherever an entry may hold one (as SPKI, PEM or in a certificate), so that a thief's
// choice of entry kind hides nothing.
import { fromBase64, toHex } from "../bytes.ts";
import { parseBoundedJson } from "./bounded-json.ts";

const ENTRY_BYTES_MAX = 64 * 1024;

export interface EntryOfKey {
  /** Lower-case hex; absent if the entry is not a `hashedrekord` over SHA-256. */
  readonly digest?: string;
}

/** Undefined if none of the keys (SPKI, DER) stands in the entry. */
export function findEntryOfKey(
  body: Uint8Array,
  keys: readonly Uint8Array[],
): EntryOfKey | undefined {
  const needles = keys.map(toHex);
  let json: unknown;
  try {
    json = parseBoundedJson(body, {
      what: "entry of the log",
      code: "MALFORMED_LOG_ANSWER",
      bytesMax: ENTRY_BYTES_MAX,
    });
  } catch {
    // No kind of entry that can be checked against a key.
    return undefined;
  }
  if (!holdsKey(json, needles)) return undefined;
  const digest = digestOf(json);
  return digest === undefined ? {} : { digest };
}

function holdsKey(value: unknown, needles: readonly string[]): boolean {
  if (typeof value === "string") {
    const hex = decodeKey(value);
    return needles.some((needle) => hex.includes(needle));
  }
  if (typeof value !== "object" || value === null) return false;
  return Object.values(value).some((member) => holdsKey(member, needles));
}

// Base64 of DER, or of PEM, in hex.
function decodeKey(base64: string): string {
  const bytes = decode(base64);
  const latin1 = String.fromCharCode(...bytes.subarray(0, 11));
  if (latin1 !== "-----BEGIN ") return toHex(bytes);
  const pem = new TextDecoder().decode(bytes);
  return toHex(decode(pem.replaceAll(/-----[A-Z0-9 ]+-----|\s/g, "")));
}

function decode(base64: string): Uint8Array {
  try {
    return fromBase64(base64);
  } catch {
    return new Uint8Array(0);
  }
}

interface AnyEntry {
  readonly kind?: unknown;
  readonly spec?: {
    readonly data?: { readonly hash?: { readonly algorithm?: unknown; readonly value?: unknown } };
    readonly hashedRekordV002?: {
      readonly data?: { readonly algorithm?: unknown; readonly digest?: unknown };
    };
  };
}

function digestOf(json: unknown): string | undefined {
  const { kind, spec } = json as AnyEntry;
  if (kind !== "hashedrekord") return undefined;
  const { algorithm, value } = spec?.data?.hash ?? {};
  if (algorithm === "sha256" && typeof value === "string") return value.toLowerCase();
  const second = spec?.hashedRekordV002?.data;
  if (second?.algorithm !== "SHA2_256" || typeof second.digest !== "string") return undefined;
  return toHex(decode(second.digest));
}
