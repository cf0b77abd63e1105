// What a reader thread says about one stretch of the log, and what the main thread needs to join
// the stretches: tile roots, ends of scope chains, bodies that are missing.
import type { Finding } from "../types.ts";

export interface RangeRequest {
  /** A multiple of 256. */
  from: number;
  /** A multiple of 256, or the end of what is verified. */
  until: number;
  /** Size that the verification is bounded by. */
  size: number;
  /** Leaves, links and tiles only. */
  isLight: boolean;
}

/** An entry of a scope chain whose predecessor lies before the range. */
export interface OpenLink {
  index: number;
  /** Undefined where the body that would tell is gone. */
  scope: string | undefined;
  scopeIndex: number;
  scopePrevious: Uint8Array;
  /** The leaf's evidence hash. */
  evidence: Uint8Array;
}

export interface ChainEnd {
  scope: string;
  scopeIndex: number;
  evidence: Uint8Array;
}

export interface MissingBody {
  index: number;
  scopeIndex: number;
  scopePrevious: Uint8Array;
  evidence: Uint8Array;
}

export interface CheckedCheckpoint {
  size: number;
  /** Root that the note names; empty where the note is not one of ours. */
  root: Uint8Array;
  /** Root of the leaves that it covers in its last tile; empty where it ends with a tile. */
  partRoot: Uint8Array;
}

export interface RangeReport {
  from: number;
  until: number;
  findings: Finding[];
  /** 32 bytes per full tile. */
  tileRoots: Uint8Array;
  /** Leaf hashes of the last tile if it is not full. */
  edge: Uint8Array;
  checkpoints: CheckedCheckpoint[];
  openLinks: OpenLink[];
  chainEnds: ChainEnd[];
  /** Indexes of kinds 5 and 8. */
  control: number[];
  missingBodies: MissingBody[];
  /** Entries whose private evidence is gone. */
  missingPrivate: number[];
  redactions: { target: number; index: number; privateEvidence: boolean }[];
  erasures: { index: number; lastEvidence: Uint8Array; count: number }[];
  /** Facts in the range, and how many fingerprints their filter segment has (−1: not due yet). */
  facts: number;
  segmentFacts: number;
}

/** Few enough that what a range reads dies young. */
export const ENTRIES_PER_RANGE = 512;
export const NO_BYTES = new Uint8Array(0);

/** Collects findings of one range. */
export class RangeFindings {
  readonly list: Finding[] = [];

  entry(verdict: Finding["verdict"], index: number, message: string): void {
    this.list.push({ verdict, part: "entry", index, message: `entry ${index}: ${message}` });
  }

  add(finding: Finding): void {
    this.list.push(finding);
  }
}
