// Verifies one stretch of the log, in a reader thread.
import {
  EMPTY_ROOT,
  ENTRY_KINDS,
  equalBytes,
  type NoteVerifier,
  parseVkey,
  TILE_WIDTH,
  verifyCheckpoint,
} from "@strongroom/protocol";
import type { EntryRow, TileRow } from "../engine/port.ts";
import { cidToken } from "../index/terms.ts";
import type { Reader } from "../read/reader-context.ts";
import { type CheckedEntry, EntryCheck } from "./entry-check.ts";
import { type GuardedReader, guardReader } from "./guarded-reader.ts";
import { innerOfTile, LeafCheck, rootOfHashes } from "./leaf-check.ts";
import {
  type CheckedCheckpoint,
  NO_BYTES,
  RangeFindings,
  type RangeReport,
  type RangeRequest,
} from "./range-report.ts";
import { RangeChains } from "./scope-chains.ts";
import {
  checkFilter,
  checkProjection,
  checkScopeHeads,
  type FilterSegment,
  readSegment,
  segmentOfRange,
} from "./side-check.ts";

const HASH_BYTES = 32;
const READ_ROWS = 256;
const CHECKPOINT_ROWS = 64;
const HITS_MAX = 8;
/** What an entry whose leaf was edited is not to be reported for as well. */
const EXPLAINED_BY_LEAF = new Set([
  "BODY_EDITED",
  "BLIND_EDITED",
  "EVIDENCE_EDITED",
  "SCOPE_LINK_FORGED",
  "AUTHOR_FORGED",
  "SCOPE_HEAD_WRONG",
  "FILTER_WRONG",
]);

export class RangeCheck {
  readonly #plain: Reader;
  /** Reports into the findings of the range at hand. */
  #reader: GuardedReader;
  readonly #verifiers: readonly NoteVerifier[];
  #segment: FilterSegment | undefined;

  constructor(reader: Reader, logVkeys: readonly string[]) {
    this.#plain = reader;
    this.#reader = guardReader(reader, () => {});
    this.#verifiers = logVkeys.map(parseVkey);
  }

  run(request: RangeRequest): RangeReport {
    const findings = new RangeFindings();
    this.#reader = guardReader(this.#plain, (finding) => findings.add(finding));
    const leaves = new LeafCheck(this.#reader.journal, request, findings);
    const chains = new RangeChains((index, message) =>
      findings.entry("SCOPE_LINK_FORGED", index, message),
    );
    const entryCheck = new EntryCheck(this.#reader.journal, findings, (index, bodyHash) =>
      this.#reader.index.newest([cidToken(bodyHash)], { limit: HITS_MAX }).includes(index),
    );
    const entries = request.isLight
      ? this.#readLeaves(request, leaves, findings)
      : this.#readEntries(request, { leaves, chains, entryCheck, findings });
    const { tiles, hashes } = leaves.settle();
    const segmentFacts = this.#checkSides(request, entries, findings);
    return {
      from: request.from,
      until: request.until,
      ...this.#checkTiles(request, { tiles, hashes, findings }),
      checkpoints: this.#checkpoints(request, hashes, findings),
      openLinks: chains.openLinks,
      chainEnds: chains.ends,
      ...entryCheck.notes,
      facts: entries.filter((entry) => entry.kind === ENTRY_KINDS.fact).length,
      segmentFacts,
      findings: findings.list.filter(
        (one) => !(EXPLAINED_BY_LEAF.has(one.verdict) && leaves.edited.has(one.index)),
      ),
    };
  }

  #readEntries(
    request: RangeRequest,
    checks: {
      leaves: LeafCheck;
      chains: RangeChains;
      entryCheck: EntryCheck;
      findings: RangeFindings;
    },
  ): CheckedEntry[] {
    const entries: CheckedEntry[] = [];
    let expected = request.from;
    for (const row of this.#rows(request, checks.findings)) {
      expected = reportMissing(checks.findings, expected, row.index) + 1;
      if (!checks.leaves.add(row.index, row.leaf)) {
        checks.chains.break(checks.entryCheck.guessScope(row.body));
        continue;
      }
      const entry = checks.entryCheck.check(row);
      checks.chains.add(entry);
      entries.push(entry);
    }
    reportMissing(checks.findings, expected, request.until);
    return entries;
  }

  #readLeaves(request: RangeRequest, leaves: LeafCheck, findings: RangeFindings): CheckedEntry[] {
    let expected = request.from;
    const rows = this.#reader.journal.readLeaves(request.from, request.until - request.from);
    for (const { index, leaf } of rows) {
      expected = reportMissing(findings, expected, index) + 1;
      leaves.add(index, leaf);
    }
    reportMissing(findings, expected, request.until);
    return [];
  }

  /** Rows in order; where a page cannot be read, entry by entry. */
  *#rows(request: RangeRequest, findings: RangeFindings): Generator<EntryRow> {
    const { unguarded: journal } = this.#reader;
    for (let at = request.from; at < request.until; at += READ_ROWS) {
      const limit = Math.min(READ_ROWS, request.until - at);
      let rows: EntryRow[];
      try {
        rows = journal.readEntries(at, limit);
      } catch {
        rows = [];
        for (let index = at; index < at + limit; index++) {
          try {
            rows.push(...journal.readEntries(index, 1));
          } catch {
            findings.entry("PAGE_UNREADABLE", index, "its page cannot be read");
          }
        }
      }
      yield* rows;
    }
  }

  #checkTiles(
    request: RangeRequest,
    settled: { tiles: (TileRow | undefined)[]; hashes: Uint8Array; findings: RangeFindings },
  ): { tileRoots: Uint8Array; edge: Uint8Array } {
    const { tiles, hashes, findings } = settled;
    const width = TILE_WIDTH * HASH_BYTES;
    const tileRoots = new Uint8Array(tiles.length * HASH_BYTES);
    tiles.forEach((tile, i) => {
      const { root, middle } = innerOfTile(hashes.subarray(i * width, (i + 1) * width));
      tileRoots.set(root, i * HASH_BYTES);
      if (!tile || (equalBytes(root, tile.root) && equalBytes(middle, tile.middle))) return;
      const index = request.from / TILE_WIDTH + i;
      const message = `tile 0/${index}: its inner nodes are not those of its hashes`;
      findings.add({ verdict: "TILE_WRONG", part: "tile", index, message });
    });
    return { tileRoots, edge: hashes.slice(tiles.length * width) };
  }

  #checkSides(
    request: RangeRequest,
    entries: readonly CheckedEntry[],
    findings: RangeFindings,
  ): number {
    if (request.isLight) return -1;
    checkScopeHeads(this.#reader, entries, { request, findings });
    checkProjection(this.#reader, entries, findings);
    const number = segmentOfRange(request);
    if (number === undefined) return -1;
    if (this.#segment?.segment !== number) this.#segment = readSegment(this.#reader, number);
    if (this.#segment) checkFilter(entries, this.#segment, findings);
    return this.#segment?.count ?? 0;
  }

  /** Stored checkpoints of sizes within (from, until], and 0 with the first range. */
  #checkpoints(
    request: RangeRequest,
    hashes: Uint8Array,
    findings: RangeFindings,
  ): CheckedCheckpoint[] {
    const checked: CheckedCheckpoint[] = [];
    let below = request.until + 1;
    for (;;) {
      const rows = this.#reader.journal.readCheckpoints(below, CHECKPOINT_ROWS);
      for (const { size, note } of rows) {
        if (size <= request.from && !(size === 0 && request.from === 0)) return checked.reverse();
        const root = this.#readNote(size, note, findings);
        checked.push({ size, root, partRoot: partRoot(size, request, hashes) });
      }
      const last = rows.at(-1);
      if (!last || rows.length < CHECKPOINT_ROWS) return checked.reverse();
      below = last.size;
    }
  }

  #readNote(size: number, note: Uint8Array, findings: RangeFindings): Uint8Array {
    try {
      const checkpoint = verifyCheckpoint(note, this.#verifiers);
      if (Number(checkpoint.size) === size) return checkpoint.root;
      const message = `checkpoint ${size}: its note names another size`;
      findings.add({ verdict: "CHECKPOINT_WRONG", part: "checkpoint", index: size, message });
    } catch {
      const message = `checkpoint ${size}: its note is not signed by this log`;
      findings.add({ verdict: "CHECKPOINT_FOREIGN", part: "checkpoint", index: size, message });
    }
    return NO_BYTES;
  }
}

function partRoot(size: number, request: RangeRequest, hashes: Uint8Array): Uint8Array {
  if (size === 0) return EMPTY_ROOT;
  const width = size % TILE_WIDTH;
  if (width === 0) return NO_BYTES;
  const start = (size - width - request.from) * HASH_BYTES;
  return rootOfHashes(hashes.subarray(start, start + width * HASH_BYTES));
}

/** Reports [expected, found) as missing; returns `found`. */
function reportMissing(findings: RangeFindings, expected: number, found: number): number {
  for (let index = expected; index < found; index++) {
    if (findings.list.some((one) => one.index === index && one.verdict === "PAGE_UNREADABLE")) {
      continue;
    }
    findings.entry("ENTRY_MISSING", index, "it is missing");
  }
  return found;
}
