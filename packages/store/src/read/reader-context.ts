// What one reader thread holds, and where a read stands: how far the index had come when the read
// began, and the size that it may not look beyond.
import type { JournalReader, TermIndexReader } from "../engine/port.ts";
import type { Terms } from "../index/terms.ts";
import type { CheckedProofs } from "./checked-proofs.ts";
import type { PageTokens } from "./query/page-token.ts";
import type { Tail } from "./tail.ts";
import type { TreeReader } from "./tree-reader.ts";

export interface Reader {
  journal: JournalReader;
  index: TermIndexReader;
  terms: Terms;
  tail: Tail;
  tree: TreeReader;
  pageTokens: PageTokens;
  proofs: CheckedProofs;
}

/** The newest signed head when the call was made. */
export interface HeadArgument {
  size: number;
  root: Uint8Array;
}

/** One read's view: the index answers below `indexed`, the tail from there to `below`. */
export interface ReadView {
  /** Nothing at or beyond it is shown. */
  below: number;
  indexed: number;
}

/** Takes the index's cursor first: what it has passed is in the journal. */
export function beginRead(reader: Reader, treeSize: number): ReadView {
  const cursor = reader.index.cursor().size;
  reader.tail.advance(Math.min(cursor, treeSize), treeSize);
  return { below: treeSize, indexed: Math.min(cursor, treeSize) };
}
