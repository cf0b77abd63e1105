// A reader thread: its own read-only connections, its own caches. Any number of them serve reads
// and verification while others write.
import type { TrustedKey } from "../attest/registered-keys.ts";
import { openJournalReader, openTermIndexReader } from "../engine/sqlite/open.ts";
import { StoreError } from "../errors.ts";
import { Terms } from "../index/terms.ts";
import { serveThread } from "../threads/channel.ts";
import type { Cipher } from "../types.ts";
import { verifyMethods } from "../verify/verify-methods.ts";
import { CheckedProofs } from "./checked-proofs.ts";
import { PageTokens } from "./query/page-token.ts";
import type { Reader } from "./reader-context.ts";
import { readMethods } from "./reader-methods.ts";
import { Tail } from "./tail.ts";
import { TreeReader } from "./tree-reader.ts";

export interface OpenReaderArgument {
  /** Folder of the store. */
  path: string;
  cipher: Cipher;
  /** 32 bytes each; the thread wipes its copies of the first two. */
  journalKey: Uint8Array;
  indexKey: Uint8Array;
  pageTokenKey: Uint8Array;
  storeId: string;
  origin: string;
  logVkeys: readonly string[];
  /** Registered keys, the retired ones too. */
  keys: readonly TrustedKey[];
}

let reader: Reader | undefined;
let log: { origin: string; logVkeys: readonly string[] } = { origin: "", logVkeys: [] };

function requireReader(): Reader {
  if (reader) return reader;
  throw new StoreError("STORE_CLOSED", "read: the reader thread is not open");
}

function open(argument: OpenReaderArgument): void {
  const { path, cipher, journalKey, indexKey, storeId } = argument;
  try {
    const journal = openJournalReader({ folder: path, cipher, fileKey: journalKey });
    const index = openTermIndexReader({ folder: path, cipher, fileKey: indexKey });
    reader = {
      journal,
      index,
      terms: new Terms(index.termKey),
      tail: new Tail(journal),
      tree: new TreeReader(journal),
      pageTokens: new PageTokens(argument.pageTokenKey, storeId),
      proofs: new CheckedProofs(argument.keys),
    };
    log = { origin: argument.origin, logVkeys: argument.logVkeys };
  } finally {
    journalKey.fill(0);
    indexKey.fill(0);
  }
}

function setKeys(keys: readonly TrustedKey[]): void {
  const current = requireReader();
  reader = { ...current, proofs: new CheckedProofs(keys) };
}

function close(): void {
  reader?.journal.close();
  reader?.index.close();
  reader = undefined;
}

const methods = {
  open,
  setKeys,
  close,
  ...readMethods(requireReader),
  ...verifyMethods(requireReader, () => log),
};

/** What ReaderPool calls. */
export type ReaderMethods = typeof methods;

serveThread(methods);
