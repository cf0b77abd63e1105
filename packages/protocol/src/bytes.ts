// Hex, base64 and UTF-8 with exactly one accepted spelling each, so that a value read from text
// and written again is the same text. No Buffer: this runs in browsers too.
import { type MalformedCode, MalformedError } from "./errors.ts";

const HEX_PAIRS = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));
const BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const BASE64_VALUES = tableOf(BASE64);
const HEX_VALUES = tableOf("0123456789abcdef");
const NONE = 255;

const encoder = new TextEncoder();
// ignoreBOM: a leading U+FEFF is content; without it the decoder would silently drop it.
const fatalDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const lenientDecoder = new TextDecoder("utf-8", { ignoreBOM: true });

export function toHex(bytes: Uint8Array): string {
  let out = "";
  for (const byte of bytes) out += HEX_PAIRS[byte];
  return out;
}

/** Lower-case hex only. Throws MalformedError with the given code. */
export function fromHex(hex: string, code: MalformedCode = "MALFORMED_ENCODING"): Uint8Array {
  if (hex.length % 2 !== 0) throw new MalformedError(code, "hex has an odd number of digits");
  const out = new Uint8Array(hex.length / 2);
  for (let i = 0; i < out.length; i++) {
    const high = valueAt(HEX_VALUES, hex, 2 * i);
    const low = valueAt(HEX_VALUES, hex, 2 * i + 1);
    if (high === NONE || low === NONE) throw new MalformedError(code, "not lower-case hex");
    out[i] = (high << 4) | low;
  }
  return out;
}

/** Padded standard base64. */
export function toBase64(bytes: Uint8Array): string {
  let out = "";
  for (let i = 0; i < bytes.length; i += 3) {
    const left = bytes.length - i;
    const word = ((bytes[i] ?? 0) << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    out += BASE64.charAt(word >>> 18) + BASE64.charAt((word >>> 12) & 63);
    out += left > 1 ? BASE64.charAt((word >>> 6) & 63) : "=";
    out += left > 2 ? BASE64.charAt(word & 63) : "=";
  }
  return out;
}

/**
 * Padded standard base64 with zero trailing bits and no white space, so that every byte string has
 * one text. Throws MalformedError with the given code.
 */
export function fromBase64(base64: string, code: MalformedCode = "MALFORMED_ENCODING"): Uint8Array {
  if (base64.length % 4 !== 0) throw new MalformedError(code, "base64 is not padded");
  const padding = base64.endsWith("==") ? 2 : base64.endsWith("=") ? 1 : 0;
  const out = new Uint8Array((base64.length / 4) * 3 - padding);
  const digits = base64.length - padding;
  let word = 0;
  let at = 0;
  for (let i = 0; i < digits; i++) {
    const value = valueAt(BASE64_VALUES, base64, i);
    if (value === NONE) throw new MalformedError(code, "not standard base64");
    word = ((word << 6) | value) & 0xffffff;
    const bits = (i % 4) * 2;
    if (bits !== 0) out[at++] = (word >>> (6 - bits)) & 0xff;
  }
  const trailing = padding === 2 ? word & 15 : padding === 1 ? word & 3 : 0;
  if (trailing !== 0) throw new MalformedError(code, "base64 has trailing bits");
  return out;
}

export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const out = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** Plain comparison, not constant-time: for public values only. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

export function utf8(string: string): Uint8Array {
  return encoder.encode(string);
}

/** Decodes UTF-8, keeping a leading U+FEFF. Throws TypeError on invalid bytes unless not fatal. */
export function text(bytes: Uint8Array, fatal = true): string {
  return (fatal ? fatalDecoder : lenientDecoder).decode(bytes);
}

function tableOf(alphabet: string): Uint8Array {
  const table = new Uint8Array(128).fill(255);
  for (let i = 0; i < alphabet.length; i++) table[alphabet.charCodeAt(i)] = i;
  return table;
}

function valueAt(table: Uint8Array, string: string, at: number): number {
  return table[string.charCodeAt(at)] ?? NONE;
}
