// From a content id or an index to a fact and its state. Every hit of the index is confirmed
// against the stored entry: tokens are hashes, and may collide or be forged.
import { ENTRY_KINDS, equalBytes, hashFact, parseBody } from "@strongroom/protocol";
import type { EntryRow } from "../engine/port.ts";
import { StoreError } from "../errors.ts";
import { cidToken, kindToken, targetToken } from "../index/terms.ts";
import type { FactState, StoredFact, VerifyMode } from "../types.ts";
import {
  authorsOf,
  checkEntry,
  checkEvidence,
  checkPlace,
  holdsBody,
  mismatch,
  requireEntry,
} from "./checked-entry.ts";
import { kindOf, timeOf } from "./entry-fields.ts";
import type { HeadArgument, Reader, ReadView } from "./reader-context.ts";

const HITS_MAX = 64;
const NO_END = -1;

export interface EndOfFact {
  index: number;
  state: Exclude<FactState, "active">;
}

/** The entry of the fact with this content id. Throws CID_MISMATCH if its body was edited. */
export function findFact(reader: Reader, cid: Uint8Array, view: ReadView): EntryRow | undefined {
  const indexed = reader.index.newest([cidToken(cid)], { below: view.indexed, limit: HITS_MAX });
  for (const index of [...indexed, ...reader.tail.findCid(cid, view.below)]) {
    const row = requireEntry(reader, index);
    if (kindOf(row.leaf) !== ENTRY_KINDS.fact) continue;
    if (row.body.length === 0) {
      const redaction = findRedaction(reader, index, view);
      if (redaction && equalBytes(redaction.cid, cid)) return row;
      continue;
    }
    const found = hashFact(row.body);
    if (equalBytes(found, cid)) return row;
    if (holdsBody(row, found)) continue;
    throw mismatch("CID_MISMATCH", { row, cid, message: "its body is not the fact of its cid" });
  }
  return undefined;
}

/** Checks and describes the fact of an entry. Throws NOT_A_FACT and what checkEntry throws. */
export function toStoredFact(
  reader: Reader,
  row: EntryRow,
  options: { view: ReadView; mode: VerifyMode; head: HeadArgument; ends?: Ends },
): StoredFact {
  if (kindOf(row.leaf) !== ENTRY_KINDS.fact) {
    throw new StoreError("NOT_A_FACT", `entry ${row.index} is not a fact`, {
      metadata: { index: String(row.index), kind: String(kindOf(row.leaf)) },
    });
  }
  const { mode, head, view } = options;
  const ends = options.ends ?? new Ends(reader, view);
  const end = ends.endOf(row.index, row.body.length === 0);
  if (row.body.length > 0) {
    return describeFact(row, { cid: checkEntry(reader, row, { mode, head }), end, mode });
  }
  checkPlace(reader, row, { mode, head });
  return describeFact(row, { cid: erasedCid(reader, row, view), end, mode });
}

export function describeFact(
  row: EntryRow,
  checked: { cid: Uint8Array; end: EndOfFact | undefined; mode: VerifyMode },
): StoredFact {
  const authors = authorsOf(row);
  // Who signed is as much a claim as the body: it is not handed out unchecked.
  if (authors.length > 0 && checked.mode === "body") checkEvidence(row);
  return {
    bytes: row.body,
    cid: checked.cid,
    index: row.index,
    appendedAtMs: timeOf(row.leaf),
    state: checked.end?.state ?? "active",
    ...(checked.end && checked.end.index >= 0 ? { endedByIndex: checked.end.index } : {}),
    authors,
    verified: checked.mode,
  };
}

/** What ended facts, as seen below one size. */
export class Ends {
  readonly #reader: Reader;
  readonly #view: ReadView;
  #newest: number | undefined;

  constructor(reader: Reader, view: ReadView) {
    this.#reader = reader;
    this.#view = view;
  }

  /** The first entry that ended the fact; for a blank body, the one that erased it. */
  endOf(target: number, isBlank = false): EndOfFact | undefined {
    if (isBlank) {
      const redaction = findRedaction(this.#reader, target, this.#view);
      return redaction
        ? { index: redaction.index, state: "redacted" }
        : { index: NO_END, state: "erased" };
    }
    this.#newest ??= newestEnd(this.#reader, this.#view);
    if (target > this.#newest) return undefined;
    for (const index of endsOf(this.#reader, target, this.#view)) {
      const state = stateAfter(this.#reader, index, target);
      if (state) return { index, state };
    }
    return undefined;
  }
}

/** Entries that may end `target`, oldest first: the first one counts. */
function endsOf(reader: Reader, target: number, view: ReadView): number[] {
  const below = Math.min(view.indexed, view.below);
  const indexed = reader.index.newest([targetToken(target)], { below, limit: HITS_MAX });
  return [...indexed.reverse(), ...reader.tail.findEnds(target, view.below)];
}

function newestEnd(reader: Reader, view: ReadView): number {
  const kinds = [ENTRY_KINDS.retraction, ENTRY_KINDS.redaction];
  // No upper bound here: it would be linear, and a newer one only costs a look-up.
  const newest = kinds.map((kind) => reader.index.newest([kindToken(kind)], { limit: 1 })[0] ?? -1);
  return Math.max(...newest, reader.tail.newestEnd(view.below));
}

function stateAfter(reader: Reader, index: number, target: number): EndOfFact["state"] | undefined {
  const row = requireEntry(reader, index);
  const kind = kindOf(row.leaf);
  if (kind === ENTRY_KINDS.retraction) {
    checkEntry(reader, row, { mode: "body", head: { size: 0, root: new Uint8Array(0) } });
    return Number(parseBody("retraction", row.body).index) === target ? "retracted" : undefined;
  }
  if (kind !== ENTRY_KINDS.redaction) return undefined;
  return Number(parseBody("redaction", row.body).index) === target ? "redacted" : undefined;
}

function findRedaction(
  reader: Reader,
  target: number,
  view: ReadView,
): { index: number; cid: Uint8Array } | undefined {
  for (const index of endsOf(reader, target, view)) {
    const row = requireEntry(reader, index);
    if (kindOf(row.leaf) !== ENTRY_KINDS.redaction) continue;
    const redaction = parseBody("redaction", row.body);
    if (Number(redaction.index) === target) return { index, cid: redaction.cid };
  }
  return undefined;
}

// A body may be missing only where the log says that it was erased.
function erasedCid(reader: Reader, row: EntryRow, view: ReadView): Uint8Array {
  const redaction = findRedaction(reader, row.index, view);
  if (redaction) return redaction.cid.length === 32 ? redaction.cid : new Uint8Array(32);
  const erasures = reader.index.newest([kindToken(ENTRY_KINDS["scope-erasure"])], { limit: 1 });
  if (erasures.length > 0) return new Uint8Array(32);
  throw mismatch("CID_MISMATCH", { row, message: "its body is missing and nothing erased it" });
}
