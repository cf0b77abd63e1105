// What a reader thread does for a verification.
import { equalBytes, hashLeaf, TILE_WIDTH } from "@strongroom/protocol";
import type { SideTable } from "../engine/port.ts";
import { changedSideTables } from "../engine/side-digests.ts";
import type { Reader } from "../read/reader-context.ts";
import type { Finding } from "../types.ts";
import { guardReader } from "./guarded-reader.ts";
import { innerOfTile } from "./leaf-check.ts";
import { checkProofs, type ProofPage, type ProofReport } from "./proof-check.ts";
import { RangeCheck } from "./range-check.ts";
import type { RangeReport, RangeRequest } from "./range-report.ts";

export interface StoreOverview {
  /** Entries in the journal, signed or not. */
  journalSize: number;
  control: number[];
  findings: Finding[];
}

/** A full tile above the leaves, with the hashes that were recomputed for it. */
export interface UpperTile {
  level: number;
  n: number;
  hashes: Uint8Array;
}

export function verifyMethods(
  reader: () => Reader,
  log: () => { origin: string; logVkeys: readonly string[] },
) {
  let ranges: { of: Reader; check: RangeCheck } | undefined;
  return {
    verifyRange(request: RangeRequest): RangeReport {
      const of = reader();
      if (ranges?.of !== of) ranges = { of, check: new RangeCheck(of, log().logVkeys) };
      return ranges.check.run(request);
    },

    verifyTile(tile: UpperTile): { root: Uint8Array; findings: Finding[] } {
      const findings: Finding[] = [];
      const guarded = guardReader(reader(), (finding) => findings.push(finding));
      const inner = innerOfTile(tile.hashes);
      findings.push(...checkUpperTile(guarded, tile, inner));
      return { root: inner.root, findings };
    },

    verifyProofs: (request: ProofPage): ProofReport => {
      const findings: Finding[] = [];
      const guarded = guardReader(reader(), (finding) => findings.push(finding));
      return { ...checkProofs(guarded, request, findings), findings };
    },

    verifyOverview({ size, sides }: { size: number; sides: Uint8Array }): StoreOverview {
      const findings: Finding[] = [];
      const guarded = guardReader(reader(), (finding) => findings.push(finding));
      findings.push(...attempts(guarded), ...differences(guarded), ...checkCursor(guarded));
      findings.push(...checkSideTables(guarded, sides), ...foreignRows(guarded));
      const { journal } = guarded;
      const control = journal.readControl().filter((index) => index < size);
      return { journalSize: journal.size(), control, findings };
    },
  };
}

function checkUpperTile(
  reader: Reader,
  tile: UpperTile,
  inner: { root: Uint8Array; middle: Uint8Array },
): Finding[] {
  const { level, n } = tile;
  const row = reader.journal.readTile(level, n);
  const at = { part: "tile", index: n } as const;
  const name = `tile ${level}/${n}`;
  if (row?.hashes.length !== TILE_WIDTH * 32) {
    return [{ verdict: "TILE_MISSING", ...at, message: `${name}: it is missing or cut short` }];
  }
  const holds =
    equalBytes(row.hashes, tile.hashes) &&
    equalBytes(row.root, inner.root) &&
    equalBytes(row.middle, inner.middle);
  if (holds) return [];
  return [{ verdict: "TILE_WRONG", ...at, message: `${name}: it is not made of the tiles below` }];
}

function attempts(reader: Reader): Finding[] {
  return reader.journal.readMutationAttempts().map(({ id, action, table, row, atMs }) => ({
    verdict: "MUTATION_ATTEMPTED" as const,
    part: "schema" as const,
    index: row ?? 0,
    message: `attempt ${id} at ${timeText(atMs)}: ${action} of row ${row} of ${table} was refused`,
  }));
}

function differences(reader: Reader): Finding[] {
  return reader.journal.schemaDifferences().map((difference) => ({
    verdict: "SCHEMA_CHANGED" as const,
    part: "schema" as const,
    index: 0,
    message: `journal schema: ${difference}`,
  }));
}

const SIDE_VERDICTS = {
  checkpoint: { verdict: "CHECKPOINT_WRONG", part: "checkpoint" },
  scope_head: { verdict: "SCOPE_HEAD_WRONG", part: "entry" },
  control: { verdict: "CONTROL_WRONG", part: "entry" },
  cid_filter: { verdict: "FILTER_WRONG", part: "entry" },
  schema: { verdict: "SCHEMA_CHANGED", part: "schema" },
  attestation: { verdict: "ATTESTATION_WRONG", part: "attestation" },
  cosignature: { verdict: "COSIGNATURE_WRONG", part: "cosignature" },
  mutation_attempt: { verdict: "ATTEMPTS_CHANGED", part: "schema" },
} as const satisfies Record<SideTable, Pick<Finding, "verdict" | "part">>;

function checkSideTables(reader: Reader, sides: Uint8Array): Finding[] {
  return changedSideTables(reader.journal, sides).map((table) => ({
    ...SIDE_VERDICTS[table],
    index: 0,
    message: `table ${table}: a row was edited, removed or put in since it was anchored`,
  }));
}

function foreignRows(reader: Reader): Finding[] {
  return reader.journal.readForeignRows().map(({ table, key }) => ({
    verdict: "ROW_FOREIGN" as const,
    part: "schema" as const,
    index: key,
    message: `table ${table}: no commit of this log can have made its row ${key}`,
  }));
}

function checkCursor(reader: Reader): Finding[] {
  const { size, leafHash } = reader.index.cursor();
  const newest = size > 0 ? reader.journal.readEntry(size - 1) : undefined;
  const fits = size === 0 || (newest && equalBytes(safeHash(newest.leaf), leafHash));
  if (fits) return [];
  const message = `index: it ends at entry ${size}, which is not one of this log; run store reindex`;
  return [{ verdict: "PROJECTION_WRONG", part: "index", index: size, message }];
}

function safeHash(leaf: Uint8Array): Uint8Array {
  try {
    return hashLeaf(leaf);
  } catch {
    return new Uint8Array(0);
  }
}

function timeText(atMs: number): string {
  const date = new Date(atMs);
  return Number.isNaN(date.getTime()) ? "an unknown time" : date.toISOString();
}
