/**
 * Gives a connection its cipher and key. Order matters (cipher → its parameters → key → the rest),
 * the forms of the key differ, and SQLite3MC accepts wrong names and lengths in silence: so each
 * setting is read back and the key's length is checked here.
 */
import type { Database } from "better-sqlite3-multiple-ciphers";
import { StoreError } from "../../errors.ts";
import type { Cipher } from "../../keys/cipher-name.ts";
import { KEY_BYTES } from "../../keys/derive.ts";

interface CipherForm {
  readonly name: string;
  readonly parameter?: { readonly name: string; readonly value: string };
  readonly key: (hex: string) => string;
}

const FORMS: Readonly<Record<Exclude<Cipher, "none">, CipherForm>> = {
  aegis256: {
    name: "aegis",
    parameter: { name: "algorithm", value: "aegis-256" },
    key: (hex) => `raw:${hex}`,
  },
  // legacy=4 is the file format of SQLCipher 4 with its defaults; x'…' skips the passphrase KDF.
  sqlcipher: {
    name: "sqlcipher",
    parameter: { name: "legacy", value: "4" },
    key: (hex) => `x'${hex}'`,
  },
  chacha20: { name: "chacha20", key: (hex) => `raw:${hex}` },
};

/** Must come before any other statement on the connection. `none` leaves it as plaintext. */
export function applyCipher(db: Database, cipher: Cipher, fileKey: Uint8Array | undefined): void {
  if (cipher === "none") return;
  if (fileKey === undefined) {
    throw new StoreError("KEY_REQUIRED", `open with cipher ${cipher}: no key was given`);
  }
  if (fileKey.length !== KEY_BYTES) {
    // SQLite3MC would take a short key as a passphrase, and an empty one as "no encryption".
    const message = `open with cipher ${cipher}: want a key of 32 bytes, got ${fileKey.length}`;
    throw new StoreError("KEY_LENGTH", message, { metadata: { length: String(fileKey.length) } });
  }
  const form = FORMS[cipher];
  setPragma(db, "cipher", form.name);
  if (form.parameter) setPragma(db, form.parameter.name, form.parameter.value);
  const text = Buffer.from(form.key(Buffer.from(fileKey).toString("hex")), "latin1");
  try {
    // key() and not PRAGMA key: the key never stands in SQL text.
    db.key(text);
  } finally {
    text.fill(0);
  }
}

function setPragma(db: Database, name: string, value: string): void {
  db.pragma(`${name}='${value}'`);
  const actual = String(db.pragma(name, { simple: true }));
  if (actual === value) return;
  throw new StoreError("CIPHER_MISMATCH", `set ${name} to ${value}: the driver has ${actual}`);
}
