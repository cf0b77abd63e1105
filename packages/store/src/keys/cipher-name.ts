/** Page ciphers of the database files. `aegis256` is the default; `none` is explicit plaintext. */
export const CIPHERS = ["aegis256", "sqlcipher", "chacha20", "none"] as const;
export type Cipher = (typeof CIPHERS)[number];

export function isCipher(value: unknown): value is Cipher {
  return typeof value === "string" && (CIPHERS as readonly string[]).includes(value);
}
