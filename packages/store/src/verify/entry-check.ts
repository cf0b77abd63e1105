// Everything that one entry commits to: body, blind, evidence and author signatures. This is the
// loop that a verification spends its time in, so it makes as little as it can per entry.
import {
  ENTRY_KINDS,
  type EntryKind,
  entryKindName,
  equalBytes,
  FACT_BYTES_MAX,
  hashEvidence,
  hashSubject,
  isScopedKind,
  parseBody,
  scanFact,
  sha256,
  verifyAuthor,
} from "@strongroom/protocol";
import type { EntryRow, JournalReader } from "../engine/port.ts";
import {
  decodeText,
  evidenceHashOf,
  hasEvidence,
  hasSubject,
  kindOf,
} from "../read/entry-fields.ts";
import { type EvidenceFields, scanEvidence } from "../read/evidence-fields.ts";
import type { MissingBody, RangeFindings, RangeReport } from "./range-report.ts";

const BLIND_BYTES = 16;
const HASH_BYTES = 32;

/** What the checks beside this one need to know of an entry. */
export interface CheckedEntry {
  index: number;
  kind: EntryKind;
  /** SHA-256 of the body; undefined where it is missing or not what the leaf says. */
  bodyHash: Uint8Array | undefined;
  body: Uint8Array;
  /** Name of its scope chain; "" for key events and epochs; undefined where it is not known. */
  scope: string | undefined;
  /** Its evidence does not hold, so that its link is not known. */
  isBroken: boolean;
  /** Undefined for entries on no chain. */
  link: { scopeIndex: number; scopePrevious: Uint8Array } | undefined;
  evidence: Uint8Array;
  /** Index of the entry that a retraction or redaction ends. */
  ends?: number;
}

type EntryNotes = Pick<
  RangeReport,
  "control" | "missingBodies" | "missingPrivate" | "redactions" | "erasures"
>;

export class EntryCheck {
  readonly notes: EntryNotes = {
    control: [],
    missingBodies: [],
    missingPrivate: [],
    redactions: [],
    erasures: [],
  };
  readonly #journal: JournalReader;
  readonly #findings: RangeFindings;
  /** Whether a body hash is the one that the index knows at an index. */
  readonly #isIndexed: (index: number, bodyHash: Uint8Array) => boolean;
  // A request's entries share their private part: it is hashed once.
  #private: Uint8Array = new Uint8Array(0);
  #privateHash: Uint8Array = new Uint8Array(0);

  constructor(
    journal: JournalReader,
    findings: RangeFindings,
    isIndexed: (index: number, bodyHash: Uint8Array) => boolean,
  ) {
    this.#journal = journal;
    this.#findings = findings;
    this.#isIndexed = isIndexed;
  }

  check(row: EntryRow): CheckedEntry {
    const kind = kindOf(row.leaf);
    const evidence = this.#checkEvidence(row);
    const entry: CheckedEntry = {
      index: row.index,
      kind,
      bodyHash: undefined,
      body: row.body,
      scope: undefined,
      isBroken: evidence === undefined,
      link: evidence && evidence.scopePrevious.length > 0 ? evidence : undefined,
      evidence: evidenceHashOf(row.leaf),
    };
    if (kind === ENTRY_KINDS["key-event"] || kind === ENTRY_KINDS.epoch) {
      entry.scope = "";
      this.notes.control.push(row.index);
    }
    if (isScopedKind(kind) && evidence && !entry.link) {
      this.#findings.entry("SCOPE_LINK_FORGED", row.index, "it has no link in its scope");
    }
    if (row.body.length === 0) this.#missingBody(entry);
    else if (this.#checkBody(row, entry)) this.#readBody(entry);
    if (evidence && evidence.authors.length > 0) this.#checkAuthors(entry, evidence);
    return entry;
  }

  /** Scope of an entry whose leaf is not one: a guess, so that its chain can go on. */
  guessScope(body: Uint8Array): string | undefined {
    try {
      const spans = scanFact(body, { bytesMax: FACT_BYTES_MAX });
      return decodeText(body, spans.scopeStart, spans.scopeEnd);
    } catch {
      return undefined;
    }
  }

  #checkBody(row: EntryRow, entry: CheckedEntry): boolean {
    const bodyHash = sha256(row.body);
    const isWhole = row.blind.length === BLIND_BYTES;
    if (isWhole && hasSubject(row.leaf, hashSubject(row.blind, bodyHash))) {
      entry.bodyHash = bodyHash;
      return true;
    }
    const isBody =
      !isWhole || (entry.kind === ENTRY_KINDS.fact && this.#isIndexed(row.index, bodyHash));
    if (isBody) this.#findings.entry("BLIND_EDITED", row.index, "its blind was edited");
    else this.#findings.entry("BODY_EDITED", row.index, "its body is not what its leaf says");
    return false;
  }

  #missingBody(entry: CheckedEntry): void {
    const missing: MissingBody = {
      index: entry.index,
      scopeIndex: entry.link?.scopeIndex ?? 0,
      scopePrevious: entry.link?.scopePrevious ?? new Uint8Array(0),
      evidence: entry.evidence,
    };
    this.notes.missingBodies.push(missing);
  }

  #readBody(entry: CheckedEntry): void {
    try {
      this.#readKind(entry);
    } catch {
      this.#findings.entry("BODY_EDITED", entry.index, "its body is not canonical for its kind");
    }
  }

  #readKind(entry: CheckedEntry): void {
    const { body, index } = entry;
    switch (entry.kind) {
      case ENTRY_KINDS.fact: {
        const spans = scanFact(body, { bytesMax: FACT_BYTES_MAX });
        entry.scope = decodeText(body, spans.scopeStart, spans.scopeEnd);
        return;
      }
      case ENTRY_KINDS.retraction: {
        const retraction = parseBody("retraction", body);
        entry.scope = retraction.scope;
        entry.ends = Number(retraction.index);
        return;
      }
      case ENTRY_KINDS.redaction: {
        const redaction = parseBody("redaction", body);
        const target = Number(redaction.index);
        const { privateEvidence } = redaction;
        entry.ends = target;
        this.notes.redactions.push({ target, index, privateEvidence });
        return;
      }
      case ENTRY_KINDS.endorsement:
        entry.scope = this.#scopeOfFact(Number(parseBody("endorsement", body).index), index);
        return;
      case ENTRY_KINDS["scope-erasure"]: {
        const erasure = parseBody("scope-erasure", body);
        const { scopeLastEvidence: lastEvidence, scopeCount } = erasure;
        this.notes.erasures.push({ index, lastEvidence, count: Number(scopeCount) });
        return;
      }
      default:
        parseBody(entryKindName(entry.kind), body);
    }
  }

  #scopeOfFact(target: number, before: number): string | undefined {
    const row = target < before ? this.#journal.readEntry(target) : undefined;
    if (!row || row.body.length === 0 || kindOf(row.leaf) !== ENTRY_KINDS.fact) return undefined;
    const spans = scanFact(row.body, { bytesMax: FACT_BYTES_MAX });
    return decodeText(row.body, spans.scopeStart, spans.scopeEnd);
  }

  #checkEvidence(row: EntryRow): EvidenceFields | undefined {
    try {
      const packed = row.evidence;
      const publicEnd = 4 + lengthAt(packed, 0);
      const privateEnd = publicEnd + 4 + lengthAt(packed, publicEnd);
      const publicPart = packed.subarray(4, publicEnd);
      const privateHash = this.#hashPrivate(packed, publicEnd + 4, privateEnd);
      if (!hasEvidence(row.leaf, hashEvidence(sha256(publicPart), privateHash))) throw new Error();
      if (privateEnd === publicEnd + 4) this.notes.missingPrivate.push(row.index);
      return scanEvidence(publicPart);
    } catch {
      this.#findings.entry("EVIDENCE_EDITED", row.index, "its evidence is not what its leaf says");
      return undefined;
    }
  }

  #hashPrivate(packed: Uint8Array, start: number, end: number): Uint8Array {
    if (start === end && packed.length === end + HASH_BYTES) return packed.subarray(end);
    if (packed.length !== end || start === end) throw new Error("evidence has another length");
    const part = packed.subarray(start, end);
    if (equalBytes(part, this.#private)) return this.#privateHash;
    this.#private = part;
    this.#privateHash = sha256(part);
    return this.#privateHash;
  }

  #checkAuthors(entry: CheckedEntry, evidence: EvidenceFields): void {
    const signed = this.#signedBody(entry);
    if (!signed) return;
    for (const author of evidence.authors) {
      try {
        verifyAuthor(entryKindName(entry.kind), signed, author);
      } catch {
        this.#findings.entry("AUTHOR_FORGED", entry.index, "an author signature does not hold");
      }
    }
  }

  /** What the authors signed; undefined where that is gone, or reported already. */
  #signedBody(entry: CheckedEntry): Uint8Array | undefined {
    if (!entry.bodyHash) return undefined;
    if (entry.kind !== ENTRY_KINDS.endorsement) return entry.body;
    const { index, cid } = parseBody("endorsement", entry.body);
    const fact = this.#journal.readEntry(Number(index));
    return fact && equalBytes(sha256(fact.body), cid) ? fact.body : undefined;
  }
}

function lengthAt(packed: Uint8Array, at: number): number {
  if (at + 4 > packed.length) throw new Error("evidence is cut short");
  const high = ((packed[at] ?? 0) << 8) | (packed[at + 1] ?? 0);
  return high * 0x1_0000 + (((packed[at + 2] ?? 0) << 8) | (packed[at + 3] ?? 0));
}
