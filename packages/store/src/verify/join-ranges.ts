// Joins what the ranges of a verification say, in the order of the log: the tree above the tiles,
// the roots of stored checkpoints, scope chains, filter segments, and which missing bodies are
// legal.
import { equalBytes } from "@strongroom/protocol";
import type { Finding } from "../types.ts";
import { Frontier } from "./frontier.ts";
import { rootOfHashes } from "./leaf-check.ts";
import type { CheckedCheckpoint, MissingBody, RangeReport } from "./range-report.ts";
import { ChainJoin } from "./scope-chains.ts";
import type { UpperTile } from "./verify-methods.ts";

const HASH_BYTES = 32;
const TILE_WIDTH = 256;
const SEGMENT_ENTRIES = 65_536;

export interface JoinOptions {
  /** First index whose entry was recomputed. */
  fromIndex: number;
  report(finding: Finding): void;
  onTile(tile: UpperTile): void;
}

export class RangeJoin {
  tiles = 0;
  checkpoints = 0;
  readonly #options: JoinOptions;
  readonly #frontier: Frontier;
  readonly #chains: ChainJoin;
  readonly #control: number[] = [];
  readonly #missingBodies: MissingBody[] = [];
  readonly #missingPrivate: number[] = [];
  readonly #redactions: RangeReport["redactions"] = [];
  readonly #erasures: RangeReport["erasures"] = [];
  #edge: Uint8Array = new Uint8Array(0);
  #segmentFacts = 0;

  constructor(options: JoinOptions) {
    this.#options = options;
    this.#frontier = new Frontier(options.onTile);
    this.#chains = new ChainJoin(options.fromIndex === 0, (index, message) => {
      this.#entry("SCOPE_LINK_FORGED", index, message);
    });
  }

  add(report: RangeReport): void {
    for (const finding of report.findings) this.#options.report(finding);
    this.#growTree(report);
    this.#chains.add(report.openLinks, report.chainEnds);
    this.#control.push(...report.control);
    this.#missingBodies.push(...report.missingBodies);
    this.#missingPrivate.push(...report.missingPrivate);
    this.#redactions.push(...report.redactions);
    this.#erasures.push(...report.erasures);
    this.#countSegment(report);
  }

  /** Reports what only the whole log tells; returns the root. */
  finish(control: readonly number[]): Uint8Array {
    this.#checkControl(control.filter((index) => index >= this.#options.fromIndex));
    this.#checkMissingBodies();
    const edge = this.#edge.length > 0 ? rootOfHashes(this.#edge) : this.#edge;
    return this.#frontier.root(edge);
  }

  #growTree(report: RangeReport): void {
    const { checkpoints, tileRoots } = report;
    let next = 0;
    const checkUpTo = (tile: number): void => {
      for (let one = checkpoints[next]; one; one = checkpoints[++next]) {
        if (Math.floor(one.size / TILE_WIDTH) > tile) return;
        this.#checkRoot(one);
      }
    };
    for (let at = 0; at < tileRoots.length; at += HASH_BYTES) {
      checkUpTo(this.#frontier.count);
      this.#frontier.push(tileRoots.slice(at, at + HASH_BYTES));
      this.tiles++;
    }
    checkUpTo(this.#frontier.count);
    this.#edge = report.edge;
  }

  #checkRoot({ size, root, partRoot }: CheckedCheckpoint): void {
    this.checkpoints++;
    if (root.length === 0 || equalBytes(root, this.#frontier.root(partRoot))) return;
    const message = `checkpoint ${size}: its root is not that of the log`;
    this.#options.report({ verdict: "CHECKPOINT_WRONG", part: "checkpoint", index: size, message });
  }

  #countSegment(report: RangeReport): void {
    this.#segmentFacts += report.facts;
    if (report.until % SEGMENT_ENTRIES !== 0) return;
    const facts = this.#segmentFacts;
    this.#segmentFacts = 0;
    const start = report.until - SEGMENT_ENTRIES;
    const isWhole = start >= this.#options.fromIndex && report.segmentFacts >= 0;
    if (!isWhole || facts === report.segmentFacts) return;
    const segment = start / SEGMENT_ENTRIES;
    const message = `filter segment ${segment}: it knows ${report.segmentFacts} facts of ${facts}`;
    this.#options.report({ verdict: "FILTER_WRONG", part: "entry", index: start, message });
  }

  #checkControl(listed: readonly number[]): void {
    const found = new Set(this.#control);
    const known = new Set(listed);
    for (const index of this.#control) {
      if (!known.has(index)) this.#entry("CONTROL_WRONG", index, "the control list lacks it");
    }
    for (const index of listed) {
      if (found.has(index)) continue;
      this.#entry("CONTROL_WRONG", index, "the control list names it, but it is no key event");
    }
  }

  // Legal only where a later entry says that the body was erased: by index, or as a link of the
  // scope chain that a scope erasure ends.
  #checkMissingBodies(): void {
    const redacted = new Map(this.#redactions.map((one) => [one.target, one]));
    const erased = this.#erasedEntries();
    for (const { index } of this.#missingBodies) {
      const redaction = redacted.get(index);
      if ((redaction && redaction.index > index) || erased.has(index)) continue;
      this.#entry("BODY_MISSING", index, "its body is missing and nothing in the log erased it");
    }
    for (const index of this.#missingPrivate) {
      const redaction = redacted.get(index);
      if (redaction?.privateEvidence && redaction.index > index) continue;
      this.#entry("EVIDENCE_EDITED", index, "its private evidence is missing");
    }
  }

  #erasedEntries(): Set<number> {
    const erased = new Set<number>();
    const byEvidence = new Map(this.#missingBodies.map((one) => [keyOf(one.evidence), one]));
    for (const erasure of this.#erasures) {
      let missing = byEvidence.get(keyOf(erasure.lastEvidence));
      for (let left = erasure.count; missing && left > 0; left--) {
        if (missing.scopeIndex !== left - 1 || missing.index >= erasure.index) break;
        erased.add(missing.index);
        missing = byEvidence.get(keyOf(missing.scopePrevious));
      }
    }
    return erased;
  }

  #entry(verdict: Finding["verdict"], index: number, message: string): void {
    this.#options.report({ verdict, part: "entry", index, message: `entry ${index}: ${message}` });
  }
}

function keyOf(hash: Uint8Array): string {
  return Buffer.from(hash).toString("latin1");
}
