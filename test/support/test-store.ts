// A place for one store and its key, in the cipher mode that the runner asked for.
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";

export type Cipher = "aegis256" | "sqlcipher" | "chacha20" | "none";

/** What `npm test` runs this file with; aegis256 when run by hand. */
export const testCipher = (process.env.STRONGROOM_TEST_CIPHER ?? "aegis256") as Cipher;

export interface StorePlace {
  path: string;
  cipher: Cipher;
  /** What openStore takes. */
  key: Uint8Array | string;
  /** What checkStore takes. */
  rawKey?: Uint8Array;
}

/** A temporary folder that goes when the test ends. */
export function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "strongroom-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export function storePlace(t: TestContext): StorePlace {
  return placeIn(temporaryFolder(t));
}

export function placeIn(folder: string, cipher: Cipher = testCipher): StorePlace {
  const path = join(folder, "store");
  if (cipher === "none") return { path, cipher, key: "none://" };
  const key = new Uint8Array(randomBytes(32));
  return { path, cipher, key, rawKey: key };
}
