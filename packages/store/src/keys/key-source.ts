/**
 * Where the key comes from: 32 raw bytes or one URI. Messages name the setting (and the variable
 * or file it points to), never a value; a text that may itself be a key is never repeated.
 */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { StoreError } from "../errors.ts";
import { KEY_BYTES, wipe } from "./derive.ts";

export type KeySourceKind = "raw" | "env" | "file" | "passphrase" | "none";

/** `secret`: the 32-byte key, the passphrase in UTF-8, or nothing. Whoever uses it wipes it. */
export interface KeySource {
  readonly kind: KeySourceKind;
  readonly secret: Uint8Array;
  /** Names the setting for messages and logs, e.g. `env://STRONGROOM_KEY`. */
  readonly label: string;
}

export type Environment = Readonly<Record<string, string | undefined>>;

export const KEY_SOURCE_SCHEMES = [
  "env://",
  "passphrase-env://",
  "passphrase-file://",
  "file://",
  "none://",
] as const;

const FILE_BYTES_MAX = 4096;
const PASSPHRASE_BYTES_MAX = 1024;
const HEX_KEY = /^[0-9a-fA-F]{64}$/;
const HOLDS_HEX_KEY = /[0-9a-fA-F]{64}/;
const BASE64_KEY = /^[A-Za-z0-9+/]{43}=$/;
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Reads the key; throws KEY_LENGTH, KEY_SOURCE_INVALID, KEY_SOURCE_UNAVAILABLE or PERMISSION. */
export function readKeySource(key: Uint8Array | string, env: Environment): KeySource {
  if (typeof key !== "string") return rawSource(key);
  const scheme = KEY_SOURCE_SCHEMES.find((known) => key.startsWith(known));
  const rest = scheme === undefined ? "" : key.slice(scheme.length);
  switch (scheme) {
    case "env://":
      return envSource(rest, env);
    case "passphrase-env://":
      return passphraseEnvSource(rest, env);
    case "file://":
      return fileSource(rest);
    case "passphrase-file://":
      return passphraseFileSource(rest);
    case "none://":
      return noneSource(rest);
    case undefined:
      throw invalid(`refuse setting key: it is none of ${KEY_SOURCE_SCHEMES.join(" ")}`);
  }
}

function rawSource(key: Uint8Array): KeySource {
  // A copy: wiping it after use must not change the caller's array.
  return { kind: "raw", secret: exactly32(Uint8Array.from(key), "key"), label: "key" };
}

function envSource(name: string, env: Environment): KeySource {
  const label = `env://${variableName(name)}`;
  const text = environmentValue(name, env, label).trim();
  if (HEX_KEY.test(text)) return { kind: "env", secret: fromHex(text), label };
  const bytes = Uint8Array.from(Buffer.from(text, "base64"));
  const isCanonical = BASE64_KEY.test(text) && Buffer.from(bytes).toString("base64") === text;
  if (isCanonical) return { kind: "env", secret: bytes, label };
  wipe(bytes);
  throw new StoreError(
    "KEY_LENGTH",
    `refuse ${label}: want 32 bytes as 64 hex digits or padded base64, ` +
      `got ${text.length} characters`,
    { metadata: { setting: label, length: String(text.length) } },
  );
}

function passphraseEnvSource(name: string, env: Environment): KeySource {
  const label = `passphrase-env://${variableName(name)}`;
  const secret = Uint8Array.from(Buffer.from(environmentValue(name, env, label), "utf8"));
  return { kind: "passphrase", secret: passphrase(secret, label), label };
}

function fileSource(rest: string): KeySource {
  const label = `file://${rest}`;
  const bytes = readSecretFile(rest, label);
  if (bytes.length === KEY_BYTES) return { kind: "file", secret: bytes, label };
  const text = Buffer.from(bytes).toString("latin1").trim();
  const given = bytes.length;
  wipe(bytes);
  if (HEX_KEY.test(text)) return { kind: "file", secret: fromHex(text), label };
  throw new StoreError(
    "KEY_LENGTH",
    `refuse ${label}: want 32 raw bytes or 64 hex digits, got ${given} bytes`,
    { metadata: { setting: label, length: String(given) } },
  );
}

function passphraseFileSource(rest: string): KeySource {
  const label = `passphrase-file://${rest}`;
  const bytes = readSecretFile(rest, label);
  const secret = bytes.slice(0, lengthWithoutNewline(bytes));
  wipe(bytes);
  return { kind: "passphrase", secret: passphrase(secret, label), label };
}

function noneSource(rest: string): KeySource {
  if (rest !== "") throw invalid("refuse setting key: none:// takes nothing after it");
  return { kind: "none", secret: new Uint8Array(0), label: "none://" };
}

function variableName(name: string): string {
  // A key pasted after env:// would be a "name" of 64 hex digits: it must not be repeated.
  if (VARIABLE.test(name) && !HOLDS_HEX_KEY.test(name) && name.length <= 128) return name;
  throw invalid("refuse setting key: env:// and passphrase-env:// take the name of a variable");
}

function environmentValue(name: string, env: Environment, label: string): string {
  const value = env[name];
  if (value !== undefined && value !== "") return value;
  throw new StoreError("KEY_SOURCE_UNAVAILABLE", `read ${label}: the variable is not set`, {
    metadata: { setting: label },
  });
}

function readSecretFile(rest: string, label: string): Uint8Array {
  const path = absolutePath(rest);
  let file: number;
  try {
    file = openSync(path, "r");
  } catch (cause) {
    const message = `read ${label}: the file cannot be opened`;
    throw new StoreError("KEY_SOURCE_UNAVAILABLE", message, {
      cause,
      metadata: { setting: label },
    });
  }
  try {
    return readPrivate(file, path, label);
  } finally {
    closeSync(file);
  }
}

function readPrivate(file: number, path: string, label: string): Uint8Array {
  const stat = fstatSync(file);
  if (!stat.isFile()) throw invalid(`refuse ${label}: it is not a regular file`);
  if ((stat.mode & 0o077) !== 0) {
    const message = `refuse ${label}: others may read it; run: chmod 600 ${path}`;
    throw new StoreError("PERMISSION", message, { metadata: { setting: label } });
  }
  const buffer = new Uint8Array(FILE_BYTES_MAX + 1);
  const length = readSync(file, buffer, 0, buffer.length, 0);
  const bytes = buffer.slice(0, length);
  wipe(buffer);
  if (length <= FILE_BYTES_MAX) return bytes;
  wipe(bytes);
  throw invalid(`refuse ${label}: it is longer than ${FILE_BYTES_MAX} bytes`);
}

function absolutePath(rest: string): string {
  if (!rest.startsWith("/")) {
    throw invalid("refuse setting key: a file source takes an absolute path, file:///path");
  }
  try {
    return fileURLToPath(`file://${rest}`);
  } catch (cause) {
    throw new StoreError("KEY_SOURCE_INVALID", "refuse setting key: its path does not parse", {
      cause,
    });
  }
}

function passphrase(secret: Uint8Array, label: string): Uint8Array {
  if (secret.length > 0 && secret.length <= PASSPHRASE_BYTES_MAX) return secret;
  wipe(secret);
  throw invalid(`refuse ${label}: a passphrase has 1 to ${PASSPHRASE_BYTES_MAX} bytes`);
}

function lengthWithoutNewline(bytes: Uint8Array): number {
  if (bytes.at(-1) !== 0x0a) return bytes.length;
  return bytes.at(-2) === 0x0d ? bytes.length - 2 : bytes.length - 1;
}

function exactly32(bytes: Uint8Array, label: string): Uint8Array {
  if (bytes.length === KEY_BYTES) return bytes;
  wipe(bytes);
  throw new StoreError("KEY_LENGTH", `refuse ${label}: want 32 bytes, got ${bytes.length}`, {
    metadata: { setting: label, length: String(bytes.length) },
  });
}

function fromHex(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, "hex"));
}

function invalid(message: string): StoreError {
  return new StoreError("KEY_SOURCE_INVALID", message);
}
