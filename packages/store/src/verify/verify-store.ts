// Recomputes a whole store: every body, blind, evidence part, author signature, leaf, link, scope
// chain, tile and root, every stored checkpoint, and what the store keeps beside them. Runs on all
// reader threads beside appends and reads, bounded by the signed head at its start, and never stops
// at the first finding. The index is compared by sample (side-check.ts).
import { equalBytes, parseVkey, verifyCheckpoint } from "@strongroom/protocol";
import type { AnchorRecord } from "../anchor/head-anchor.ts";
import { StoreError } from "../errors.ts";
import type { ReaderPool } from "../read/reader-pool.ts";
import {
  type Finding,
  findingVerdicts,
  type Head,
  type VerifyOptions,
  type VerifySummary,
} from "../types.ts";
import { RangeJoin } from "./join-ranges.ts";
import type { ProofReport } from "./proof-check.ts";
import {
  ENTRIES_PER_RANGE,
  NO_BYTES,
  type RangeReport,
  type RangeRequest,
} from "./range-report.ts";
import type { UpperTile } from "./verify-methods.ts";

const FINDINGS_MAX = 1000;
const REST_PER_RANGE = 4;
const REST_MS_MAX = 500;

export interface VerifyDeps {
  pool: Pick<ReaderPool, "call" | "size">;
  /** The newest signed head: nothing beyond it is looked at. */
  head: Head;
  /** Every origin the log has had, with its verifier keys. */
  identity: { origins: readonly { logVkey: string }[] };
  /** What the head anchor holds, read after the head was. */
  anchor?: Pick<AnchorRecord, "note" | "sides"> | undefined;
  /** Its note may trail the head by that much; unset where there is no anchor to look at. */
  anchorLagMs?: number | undefined;
  /** Whether appends wait for their answers now. */
  isAppending(): boolean;
}

/** Throws CANCELLED when its signal says so; what does not hold is a finding, not an error. */
export async function verifyStore(
  deps: VerifyDeps,
  options: VerifyOptions = {},
): Promise<VerifySummary> {
  const findings = new Findings(options);
  const fromIndex = Math.max(0, Math.min(options.fromIndex ?? 0, deps.head.size));
  const overview = await deps.pool.call("verifyOverview", {
    size: deps.head.size,
    sides: deps.anchor?.sides ?? new Uint8Array(0),
  });
  const size = Math.min(deps.head.size, overview.journalSize);
  const upperTiles: UpperTile[] = [];
  const join = new RangeJoin({
    fromIndex,
    report: (finding) => findings.add(finding),
    onTile: (tile) => upperTiles.push(tile),
  });
  let entries = 0;
  for await (const report of runRanges(deps, { size, fromIndex }, options.signal)) {
    join.add(report);
    entries += Math.max(0, report.until - Math.max(report.from, fromIndex));
    const tiles = await checkUpperTiles(deps.pool, upperTiles.splice(0));
    join.tiles += tiles.count;
    for (const finding of tiles.findings) findings.add(finding);
    options.onProgress?.(report.until, size);
  }
  await checkProofs(deps, size, { findings, signal: options.signal });
  for (const finding of overview.findings) findings.add(finding);
  const root = join.finish(overview.control.filter((index) => index < size));
  checkHead(deps, { size, root }, findings);
  return {
    verdict: findings.gravest,
    entries,
    tiles: join.tiles,
    checkpoints: join.checkpoints,
    findings: findings.count,
    root,
    treeSize: deps.head.size,
  };
}

/** Attestations and cosignatures, a page at a time, so that reads get their turn. */
async function checkProofs(
  { pool }: Pick<VerifyDeps, "pool">,
  size: number,
  { findings, signal }: { findings: Findings; signal: AbortSignal | undefined },
): Promise<void> {
  let after: { attestation: number; cosignature: number } | undefined = {
    attestation: 0,
    cosignature: 0,
  };
  while (after) {
    throwIfAborted(signal);
    const report: ProofReport = await pool.call("verifyProofs", { after, size });
    for (const finding of report.findings) findings.add(finding);
    after = report.next;
  }
}

/** Counts findings and hands on the first thousand. */
class Findings {
  count = 0;
  readonly #options: VerifyOptions;
  #gravest: number = findingVerdicts.length;

  constructor(options: VerifyOptions) {
    this.#options = options;
  }

  add(finding: Finding): void {
    this.count++;
    this.#gravest = Math.min(this.#gravest, findingVerdicts.indexOf(finding.verdict));
    if (this.count <= FINDINGS_MAX) this.#options.onFinding?.(finding);
  }

  get gravest(): VerifySummary["verdict"] {
    return findingVerdicts.at(this.#gravest) ?? "verified";
  }
}

/**
 * One range per thread at a time, so that reads get their turn; reports in order. Beside appends it
 * is one range at all, and a rest after it: nobody waits for a verification, somebody does for them.
 */
async function* runRanges(
  { pool, isAppending }: Pick<VerifyDeps, "pool" | "isAppending">,
  bounds: { size: number; fromIndex: number },
  signal: AbortSignal | undefined,
): AsyncGenerator<RangeReport> {
  const running: Promise<RangeReport>[] = [];
  let at = 0;
  try {
    while (at < bounds.size || running.length > 0) {
      throwIfAborted(signal);
      const width = isAppending() ? 1 : pool.size + 1;
      while (at < bounds.size && running.length < width) {
        const request = rangeAt(at, bounds);
        running.push(pool.call("verifyRange", request));
        at = request.until;
      }
      const startedAt = performance.now();
      const report = await running.shift();
      if (report) yield report;
      if (isAppending()) await rest((performance.now() - startedAt) * REST_PER_RANGE);
    }
  } finally {
    await Promise.allSettled(running);
  }
}

function rangeAt(from: number, bounds: { size: number; fromIndex: number }): RangeRequest {
  const { size, fromIndex } = bounds;
  const until = Math.min(from + ENTRIES_PER_RANGE, size);
  return { from, until, size, isLight: until <= fromIndex };
}

async function checkUpperTiles(
  pool: VerifyDeps["pool"],
  tiles: readonly UpperTile[],
): Promise<{ count: number; findings: Finding[] }> {
  const checked = await Promise.all(tiles.map((tile) => pool.call("verifyTile", tile)));
  return { count: tiles.length, findings: checked.flatMap((one) => one.findings) };
}

function checkHead(
  deps: VerifyDeps,
  log: { size: number; root: Uint8Array },
  findings: Findings,
): void {
  const { head, anchor, anchorLagMs } = deps;
  if (log.size < head.size) {
    const message = `the log ends at entry ${log.size}, its signed head names ${head.size}`;
    findings.add({ verdict: "TAIL_TRUNCATED", part: "entry", index: log.size, message });
  } else if (!equalBytes(log.root, head.root)) {
    const message = `the root of ${head.size} entries is not the one that was signed`;
    findings.add({ verdict: "CHECKPOINT_WRONG", part: "checkpoint", index: head.size, message });
  }
  checkNote(deps, head.note, head, findings);
  if (anchorLagMs === 0) checkNote(deps, anchor?.note ?? NO_BYTES, head, findings);
}

function checkNote(deps: VerifyDeps, note: Uint8Array, head: Head, findings: Findings): void {
  const wrong = (message: string): void =>
    findings.add({ verdict: "ANCHOR_WRONG", part: "anchor", index: head.size, message });
  try {
    const verifiers = deps.identity.origins.map((origin) => parseVkey(origin.logVkey));
    const signed = verifyCheckpoint(note, verifiers);
    const isOther = Number(signed.size) === head.size && !equalBytes(signed.root, head.root);
    if (isOther) wrong("the anchored head has another root");
    if (Number(signed.size) < head.size) wrong("the anchored head is older than the signed one");
  } catch {
    wrong("the head's note is missing, damaged or not signed by this log");
  }
}

function rest(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.min(ms, REST_MS_MAX)));
}

function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted !== true) return;
  throw new StoreError("CANCELLED", "verify the store: it was cancelled");
}
