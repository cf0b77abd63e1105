// Where a secret comes from, by URI as the store's keys do: 32 bytes or a passphrase, from a
// variable or a file that nobody else may read. Messages name the setting, never the value.
import { closeSync, fstatSync, openSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { AttestorError } from "../errors.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

export type WrapSource =
  | { readonly kind: "none" }
  | { readonly kind: "key" | "passphrase"; readonly secret: Buffer };

const KEY_BYTES = 32;
const SECRET_BYTES_MAX = 16 * 1024;
const PASSPHRASE_BYTES_MAX = 1024;

/** Throws SIGNING_KEY_INVALID, SIGNING_KEY_UNAVAILABLE. */
export function readWrapSource(uri: string, env: Environment): WrapSource {
  if (uri === "none://") return { kind: "none" };
  const [, scheme = "", rest = ""] = /^([a-z-]+):\/\/(.*)$/.exec(uri) ?? [];
  switch (scheme) {
    case "env":
    case "file":
      return { kind: "key", secret: parseKey(readSecret(uri, env), scheme, rest) };
    case "passphrase-env":
    case "passphrase-file": {
      const text = readSecret(uri.slice("passphrase-".length), env).toString("utf8");
      const secret = Buffer.from(text.replace(/\r?\n$/, ""), "utf8");
      if (secret.length > 0 && secret.length <= PASSPHRASE_BYTES_MAX) {
        return { kind: "passphrase", secret };
      }
      throw invalid(`a passphrase has 1 to ${PASSPHRASE_BYTES_MAX} bytes`);
    }
    default:
      throw invalid("expected env:// file:// passphrase-env:// passphrase-file:// or none://");
  }
}

/** What `env://NAME` or `file:///path` holds. */
export function readSecret(uri: string, env: Environment): Buffer {
  const [, scheme, rest = ""] = /^(env|file):\/\/(.*)$/.exec(uri) ?? [];
  if (scheme === "env") return readVariable(rest, env);
  if (scheme === "file" && rest.startsWith("/")) return readPrivateFile(fileURLToPath(uri));
  throw invalid("expected env://NAME or file:///path");
}

function readVariable(name: string, env: Environment): Buffer {
  // A key pasted in place of a name must not be repeated.
  if (!/^[A-Z_][A-Z0-9_]{0,63}$/i.test(name) || /^[0-9a-f]{32,}$/i.test(name)) {
    throw invalid("env:// takes the name of a variable");
  }
  const value = env[name];
  if (value) return Buffer.from(value, "utf8");
  throw new AttestorError("SIGNING_KEY_UNAVAILABLE", `read env://${name}: it is not set`);
}

function readPrivateFile(path: string): Buffer {
  let file: number;
  try {
    file = openSync(path, "r");
  } catch (cause) {
    throw new AttestorError("SIGNING_KEY_UNAVAILABLE", `read ${path}: cannot open it`, { cause });
  }
  try {
    const { mode, size } = fstatSync(file);
    if ((mode & 0o077) !== 0) throw invalid(`others may read ${path}: chmod 600`);
    if (size > SECRET_BYTES_MAX) throw invalid(`${path} is too long`);
    return readFileSync(file);
  } finally {
    closeSync(file);
  }
}

function parseKey(bytes: Buffer, scheme: string, rest: string): Buffer {
  if (scheme === "file" && bytes.length === KEY_BYTES) return bytes;
  const text = bytes.toString("latin1").trim();
  if (/^[0-9a-fA-F]{64}$/.test(text)) return Buffer.from(text, "hex");
  const decoded = Buffer.from(text, "base64");
  if (decoded.length === KEY_BYTES && decoded.toString("base64") === text) return decoded;
  throw invalid(`${scheme}://${rest} holds no 32 bytes (64 hex digits or base64)`);
}

function invalid(why: string): AttestorError {
  return new AttestorError("SIGNING_KEY_INVALID", `read signing key: ${why}`);
}
