import { join, resolve } from "node:path";
import { replaceFile } from "@strongroom/client";
import type { Cipher } from "@strongroom/store";
import type { Verb } from "../context.ts";
import { fields } from "../output.ts";
import { type FolderFlags, folderOf } from "./folder.ts";

interface InitFlags extends FolderFlags {
  readonly cipher?: Cipher;
  readonly origin?: string;
  readonly operator: string;
  readonly tokenOut?: string;
  readonly textSearch?: boolean;
}

export const initVerb: Verb<InitFlags> = async (context, _args, flags) => {
  const { output, settings } = context;
  const { store: path, key, anchor } = await folderOf(settings, flags);
  const tokenOut = resolve(flags.tokenOut ?? join(settings.data, "operator.token"));
  const { initStore } = await import("@strongroom/store");
  const { store, operatorToken } = await initStore({
    path,
    key,
    ...anchor,
    operatorName: flags.operator,
    textSearch: flags.textSearch ?? false,
    ...(flags.cipher === undefined ? {} : { cipher: flags.cipher }),
    ...(flags.origin === undefined ? {} : { origin: flags.origin }),
  });
  const { id, origin, cipher, logVkey, snapshotVkey } = store;
  try {
    await replaceFile(tokenOut, `${operatorToken}\n`);
  } finally {
    await store.close();
  }
  if (cipher === "none") output.notice("warning: the store is not encrypted");
  const document = {
    store: path,
    storeId: id,
    origin,
    cipher,
    logVkey,
    snapshotVkey,
    tokenFile: tokenOut,
  };
  if (output.json) await output.document(document);
  else await output.lines(...fields(Object.entries(document)));
};
