// What the store's own tests share: a folder that goes away, a cipher from the environment, facts.
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { encodeFact } from "@strongroom/protocol";
import { type Database, openDatabase } from "../engine/sqlite/database.ts";
import { type OpenOptions, openStore, type Store } from "../index.ts";
import { readKeySource } from "../keys/key-source.ts";
import { fileKey, openKeyring } from "../keys/keyring.ts";
import { type Cipher, ciphers } from "../types.ts";

export const testCipher = readTestCipher();

export interface TempStore {
  path: string;
  options: OpenOptions;
  /** Opens it, or opens it again; closed when the test ends. */
  open(more?: Partial<OpenOptions>): Promise<Store>;
}

/** A store folder that does not exist yet. */
export function tempStore(t: TestContext): TempStore {
  const root = mkdtempSync(join(tmpdir(), "strongroom-test-"));
  const key = testCipher === "none" ? "none://" : new Uint8Array(randomBytes(32));
  const options: OpenOptions = { path: join(root, "store"), key, cipher: testCipher };
  const opened: Store[] = [];
  t.after(async () => {
    for (const store of opened) await store.close();
    rmSync(root, { recursive: true, force: true });
  });
  return {
    path: options.path,
    options,
    async open(more = {}) {
      const store = await openStore({ ...options, ...more });
      opened.push(store);
      return store;
    },
  };
}

/** Canonical bytes of a small fact. */
export function factBytes(
  fields: { entity?: string; text?: string; scope?: string } = {},
): Uint8Array {
  return encodeFact({
    scope: fields.scope ?? "team/a",
    entity: fields.entity ?? "user:1",
    relation: "name",
    value: { case: "text", value: fields.text ?? "Ada" },
    source: "test",
    nonce: new Uint8Array(randomBytes(16)),
  });
}

/** The database of a closed store, opened with its key in hand: what an attacker may have. */
export async function openFile(
  store: TempStore,
  role: "journal" | "index" | "state",
): Promise<Database> {
  const source = readKeySource(store.options.key, {});
  const keyring = await openKeyring(join(store.path, "keyring.json"), source);
  const { cipher } = keyring.keyring;
  const path = join(store.path, `${role}.db`);
  return openDatabase({ path, role, cipher, fileKey: fileKey(keyring, role) });
}

function readTestCipher(): Cipher {
  const name = process.env.STRONGROOM_TEST_CIPHER ?? "aegis256";
  const found = ciphers.find((cipher) => cipher === name);
  if (!found) throw new Error(`STRONGROOM_TEST_CIPHER is none of ${ciphers.join(", ")}`);
  return found;
}
