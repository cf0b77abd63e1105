// The raw key of one database file, for tools of others such as SQLCipher. Whoever reads it can
// read that file, so the log says that it was handed out before it is.
import { randomBytes } from "node:crypto";
import { ENTRY_KINDS, encodeAuditEvent, encodeEvidencePrivate } from "@strongroom/protocol";
import { StoreError } from "../errors.ts";
import { wipe } from "../keys/derive.ts";
import { readKeySource } from "../keys/key-source.ts";
import { exportFileKey, openKeyring } from "../keys/keyring.ts";
import type { OpenOptions } from "../options.ts";
import { Store } from "../store.ts";
import type { Cipher } from "../types.ts";
import { keyringPath } from "./create-store.ts";
import { open } from "./open-store.ts";

export const keyedFiles = {
  "journal.db": "journal",
  "index.db": "index",
  "state.db": "state",
} as const;
export type KeyedFile = keyof typeof keyedFiles;

export interface ExportedFileKey {
  /** 64 hex digits; secret. */
  fileKey: string;
  cipher: Cipher;
  /** Index of the audit entry that says so. */
  index: number;
}

/** Opens the store for the audit entry, and closes it. Nobody else may have it open. */
export async function exportStoreFileKey(
  options: OpenOptions & { file: KeyedFile },
): Promise<ExportedFileKey> {
  const opened = await open({ ...options, create: false });
  const store = new Store(opened);
  try {
    if (store.cipher === "none") {
      throw new StoreError("INVALID_ARGUMENT", "export file key: the store is not encrypted");
    }
    const salt = randomBytes(16);
    const { index } = await opened.threads.committer.call("appendEntry", {
      kind: ENTRY_KINDS.audit,
      body: encodeAuditEvent({
        action: "export-file-key",
        target: options.file,
        outcome: "done",
        count: 1n,
      }),
      evidencePrivate: encodeEvidencePrivate({ principal: "operator-offline", salt }),
    });
    const source = readKeySource(options.key, options.env ?? process.env);
    const keyring = await openKeyring(keyringPath(options.path), source);
    try {
      const fileKey = exportFileKey(keyring, keyedFiles[options.file]);
      return { fileKey, cipher: store.cipher, index };
    } finally {
      wipe(keyring.dataKey);
    }
  } finally {
    await store.close();
  }
}
