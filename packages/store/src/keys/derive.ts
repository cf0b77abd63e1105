/**
 * Every key that is derived from another one, in one table. HKDF-SHA256 with 32 bytes out; the
 * info separates the purposes, so that no two uses ever share a key.
 */
import { hkdfSync } from "node:crypto";

export const KEY_BYTES = 32;

/** Infos below the data key and, for the last three, below the root secret. */
export const HKDF_INFOS = {
  keyringMac: "strongroom/keyring-mac/v1",
  sealed: "strongroom/sealed/v1",
  tokenHash: "strongroom/token-hash/v1",
  pageToken: "strongroom/page-token/v1",
  secretBox: "strongroom/secret-box/v1",
} as const;

/** File keys have the info `strongroom/file/v1/<role>` and their own salt in the keyring. */
export const FILE_INFO_PREFIX = "strongroom/file/v1/";
export const FILE_ROLES = ["journal", "index", "state", "scopes"] as const;
export type FileRole = (typeof FILE_ROLES)[number];

/** Keys every copy and rekey of a store shares, because they come from its root secret. */
export interface RootKeys {
  readonly tokenHash: Uint8Array;
  readonly pageToken: Uint8Array;
  readonly secretBox: Uint8Array;
}

const NO_SALT = new Uint8Array(0);

export function deriveKeyringMacKey(dataKey: Uint8Array): Uint8Array {
  return hkdf(dataKey, NO_SALT, HKDF_INFOS.keyringMac);
}

export function deriveSealedKey(dataKey: Uint8Array): Uint8Array {
  return hkdf(dataKey, NO_SALT, HKDF_INFOS.sealed);
}

/** The 32-byte key of one database file; `salt` is the file's 32 random bytes in the keyring. */
export function deriveFileKey(dataKey: Uint8Array, salt: Uint8Array, role: FileRole): Uint8Array {
  return hkdf(dataKey, salt, FILE_INFO_PREFIX + role);
}

export function deriveRootKeys(rootSecret: Uint8Array): RootKeys {
  return {
    tokenHash: hkdf(rootSecret, NO_SALT, HKDF_INFOS.tokenHash),
    pageToken: hkdf(rootSecret, NO_SALT, HKDF_INFOS.pageToken),
    secretBox: hkdf(rootSecret, NO_SALT, HKDF_INFOS.secretBox),
  };
}

/** Overwrites key material that is no longer needed. */
export function wipe(...secrets: (Uint8Array | undefined)[]): void {
  for (const secret of secrets) secret?.fill(0);
}

function hkdf(key: Uint8Array, salt: Uint8Array, info: string): Uint8Array {
  if (key.length !== KEY_BYTES) throw new RangeError("a derivation key has 32 bytes");
  return new Uint8Array(hkdfSync("sha256", key, salt, info, KEY_BYTES));
}
