// The development store: key and token are made on the first run and found again on the next.
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { readdir, rename } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { replaceFile } from "@strongroom/client";
import { CliError } from "../errors.ts";
import { instanceStatePath, readTextFile } from "../settings.ts";

export const DEVELOPER = "development";

export interface DevStore {
  readonly store: string;
  readonly keyPath: string;
  /** Key source URI. */
  readonly key: string;
  readonly token: string;
  readonly isNew: boolean;
}

export async function openDevStore(data: string): Promise<DevStore> {
  const store = join(data, "store");
  const keyPath = join(data, "dev.key");
  const tokenPath = join(data, "dev.token");
  const key = pathToFileURL(keyPath).href;
  const isNew = await isVacant(store);
  if (!existsSync(keyPath)) {
    if (!isNew)
      throw new CliError("KEY_MISSING", `${keyPath} is gone; ${store} opens with nothing else`);
    await replaceFile(keyPath, `${randomBytes(32).toString("hex")}\n`);
  }
  if (isNew) await makeStore({ data, store, key, tokenPath });
  if (!existsSync(tokenPath)) {
    throw new CliError("NO_TOKEN", `${tokenPath} is gone; make a new token or a new data folder`);
  }
  return { store, keyPath, key, token: (await readTextFile(tokenPath)).trim(), isNew };
}

async function makeStore(paths: {
  data: string;
  store: string;
  key: string;
  tokenPath: string;
}): Promise<void> {
  // What was pinned of an earlier store, and what attested it, would rightly refuse the new one.
  for (const name of ["attestor.token", "checkpoints"]) await setAside(join(paths.data, name));
  await setAside(instanceStatePath(paths.data));
  const { initStore } = await import("@strongroom/store");
  const { store, operatorToken } = await initStore({
    path: paths.store,
    key: paths.key,
    cipher: "aegis256",
    operatorName: DEVELOPER,
    textSearch: true,
  });
  try {
    await store.setPrincipal({
      name: DEVELOPER,
      roles: ["operator", "writer", "reader", "auditor"],
      scopes: ["*"],
    });
    await replaceFile(paths.tokenPath, `${operatorToken}\n`);
  } finally {
    await store.close();
  }
}

async function isVacant(folder: string): Promise<boolean> {
  try {
    return (await readdir(folder)).length === 0;
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return true;
    throw cause;
  }
}

async function setAside(path: string): Promise<void> {
  if (existsSync(path)) await rename(path, `${path}.${Date.now()}.old`);
}
