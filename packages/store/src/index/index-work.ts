// What the commit thread hands the indexer after each commit.
import type { EntryKind } from "@strongroom/protocol";
import type { PackedFacts } from "../commit/commit-request.ts";
import type { WireError } from "../threads/channel.ts";

export type IndexPart =
  /** Index per fact; -1 where it made no entry. */
  | { type: "facts"; facts: PackedFacts; indexes: Float64Array }
  | {
      type: "entry";
      index: number;
      kind: EntryKind;
      scope?: string | undefined;
      ends?: number | undefined;
      endorses?: number | undefined;
    };

export interface IndexWork {
  parts: IndexPart[];
  /** Entries in the log after this commit. */
  size: number;
  /** Leaf hash of the newest one. */
  leafHash: Uint8Array;
}

/** What the indexer tells the commit thread. */
export interface IndexProgress {
  size?: number;
  /** Why indexing does not go on for now; it is tried again. */
  failed?: WireError;
}
