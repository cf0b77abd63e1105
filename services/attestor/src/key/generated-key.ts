// The key that the attestor makes for itself: PKCS#8 in a box (AES-256-GCM) under a key from the
// operator's source, in a file of mode 0600. The public half stands beside it in clear, so that it
// can be registered without opening anything.
import {
  createCipheriv,
  createDecipheriv,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  hkdfSync,
  type KeyObject,
  randomBytes,
  scryptSync,
} from "node:crypto";
import { readFile } from "node:fs/promises";
import { z } from "zod";
import { AttestorError } from "../errors.ts";
import type { WrapSource } from "./key-source.ts";
import { createPrivateFile } from "./private-file.ts";

const SALT_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const INFO = "strongroom/attestor-key/v1";
/** 64 MiB, about a quarter of a second. */
const SCRYPT = { N: 65_536, r: 8, p: 1, maxmem: 128 * 1024 * 1024 };

const fileSchema = z.strictObject({
  format: z.literal(INFO),
  wrap: z.enum(["none", "key", "passphrase"]),
  salt: z.base64(),
  box: z.base64(),
  publicKey: z.string(),
});
type KeyFile = z.infer<typeof fileSchema>;

/** Throws SIGNING_KEY_INVALID, SIGNING_KEY_WRONG_WRAP. */
export async function openGeneratedKey(
  path: string,
  source: WrapSource,
): Promise<{ privateKey: KeyObject; isNew: boolean }> {
  const found = await readKeyFile(path);
  if (found !== undefined) return { privateKey: unwrap(found, source, path), isNew: false };
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  await createPrivateFile(path, `${JSON.stringify(wrap(privateKey, source), null, 2)}\n`);
  // Two that started at once: one file was first, and is the key of both.
  const kept = await readKeyFile(path);
  if (kept === undefined) throw invalid(path, "it has gone");
  return { privateKey: unwrap(kept, source, path), isNew: true };
}

async function readKeyFile(path: string): Promise<KeyFile | undefined> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return undefined;
    throw invalid(path, "it cannot be read", cause);
  }
  try {
    return fileSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw invalid(path, "it is not a key file of the attestor", cause);
  }
}

function wrap(privateKey: KeyObject, source: WrapSource): KeyFile {
  const der = privateKey.export({ format: "der", type: "pkcs8" });
  const publicKey = createPublicKey(privateKey).export({ format: "pem", type: "spki" }).toString();
  const salt = randomBytes(SALT_BYTES);
  const box = source.kind === "none" ? der : seal(keyOf(source, salt), der, publicKey);
  der.fill(source.kind === "none" ? der : 0);
  const shown = { salt: salt.toString("base64"), box: box.toString("base64"), publicKey };
  return { format: INFO, wrap: source.kind, ...shown };
}

function unwrap(file: KeyFile, source: WrapSource, path: string): KeyObject {
  if (file.wrap !== source.kind) {
    const message = `open ${path}: it is wrapped by ${file.wrap}, signing-key-wrap says ${source.kind}`;
    throw new AttestorError("SIGNING_KEY_WRONG_WRAP", message);
  }
  const box = Buffer.from(file.box, "base64");
  const salt = Buffer.from(file.salt, "base64");
  const der = source.kind === "none" ? box : open(keyOf(source, salt), box, file.publicKey);
  if (der === undefined) {
    const message = `open ${path}: signing-key-wrap is not what it was wrapped with`;
    throw new AttestorError("SIGNING_KEY_WRONG_WRAP", message);
  }
  try {
    return createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  } catch (cause) {
    throw invalid(path, "it holds no key", cause);
  } finally {
    der.fill(0);
  }
}

function keyOf(source: Exclude<WrapSource, { kind: "none" }>, salt: Buffer): Buffer {
  const { kind, secret } = source;
  if (kind === "passphrase") return scryptSync(secret, salt, 32, SCRYPT);
  return Buffer.from(hkdfSync("sha256", secret, salt, INFO, 32));
}

function seal(key: Buffer, der: Buffer, publicKey: string): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv("aes-256-gcm", key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(Buffer.from(INFO + publicKey, "utf8"));
  return Buffer.concat([nonce, cipher.update(der), cipher.final(), cipher.getAuthTag()]);
}

function open(key: Buffer, box: Buffer, publicKey: string): Buffer | undefined {
  if (box.length < NONCE_BYTES + TAG_BYTES) return undefined;
  const nonce = box.subarray(0, NONCE_BYTES);
  const decipher = createDecipheriv("aes-256-gcm", key, nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(Buffer.from(INFO + publicKey, "utf8"));
  decipher.setAuthTag(box.subarray(-TAG_BYTES));
  const der = decipher.update(box.subarray(NONCE_BYTES, -TAG_BYTES));
  try {
    decipher.final();
    return der;
  } catch {
    der.fill(0);
    return undefined;
  }
}

function invalid(path: string, why: string, cause?: unknown): AttestorError {
  return new AttestorError("SIGNING_KEY_INVALID", `open ${path}: ${why}`, { cause });
}
