// The slots of keyring.json as the file states them. Nothing is unwrapped and nothing is proven:
// opening the store checks the file's MAC.
import { join } from "node:path";
import type { Verb } from "../context.ts";
import { CliError } from "../errors.ts";
import { fields, table } from "../output.ts";
import { readTextFile } from "../settings.ts";
import { type FolderFlags, storePath } from "./folder.ts";

interface Keyring {
  readonly storeId: string;
  readonly cipher: string;
  readonly generation: number;
  readonly standby?: true;
  readonly slots: readonly {
    readonly id: string;
    readonly kind: string;
    readonly parameters: { readonly t?: number; readonly m?: number; readonly p?: number };
  }[];
}

interface KeyListFlags extends FolderFlags {
  readonly registered?: boolean;
  readonly purpose?: string;
  readonly all?: boolean;
}

export const keyListVerb: Verb<KeyListFlags> = async (context, _args, flags) => {
  const { output, settings } = context;
  if (flags.registered) {
    return (await import("../key/registered.ts")).listRegisteredKeys(context, flags);
  }
  const keyring = await readKeyring(join(storePath(settings, flags), "keyring.json"));
  const { storeId, cipher, generation, standby = false } = keyring;
  const slots = keyring.slots.map(({ id, kind, parameters: { t, m, p } }) => ({
    id,
    kind,
    ...(t === undefined ? {} : { argon2id: { t, m, p } }),
  }));
  if (output.json) {
    await output.document({ storeId, cipher, generation: String(generation), standby, slots });
    return;
  }
  await output.lines(
    ...fields([
      ["store", storeId],
      ["cipher", cipher],
      ["generation", String(generation)],
    ]),
    ...table(
      ["SLOT", "KIND", "ARGON2ID"],
      slots.map(({ id, kind, argon2id }) => [
        id,
        kind,
        argon2id === undefined ? "" : `t=${argon2id.t} m=${argon2id.m} p=${argon2id.p}`,
      ]),
    ),
  );
};

async function readKeyring(path: string): Promise<Keyring> {
  const text = await readTextFile(path);
  try {
    const keyring = JSON.parse(text) as Keyring;
    if (!Array.isArray(keyring.slots)) throw new Error("no slots");
    return keyring;
  } catch {
    // The parser quotes what it read, which may hold an open data key: drop it.
    throw new CliError("FILE_UNREADABLE", `parse ${path}: not a keyring`);
  }
}
