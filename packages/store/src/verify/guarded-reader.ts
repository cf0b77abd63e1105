// A reader whose damaged pages are findings and not the end of a verification: what cannot be read
// counts as not there, and is reported once per call.
import type { JournalReader, ProofReader, TermIndexReader } from "../engine/port.ts";
import type { Reader } from "../read/reader-context.ts";
import type { Finding } from "../types.ts";

export type ReportFinding = (finding: Finding) => void;

export interface GuardedReader extends Reader {
  /** Entries are read past the guard: whoever reads many tells which one it was. */
  unguarded: JournalReader;
}

export function guardReader(reader: Reader, report: ReportFinding): GuardedReader {
  const { journal, index } = reader;
  const guard = <T>(part: Finding["part"], at: number, otherwise: T, read: () => T): T => {
    try {
      return read();
    } catch {
      const message = `${part} ${at}: its page cannot be read`;
      report({ verdict: "PAGE_UNREADABLE", part, index: at, message });
      return otherwise;
    }
  };
  const { proofs } = journal;
  const guardedProofs: ProofReader = {
    readAttestations: (after, limit) =>
      guard("attestation", after, [], () => proofs.readAttestations(after, limit)),
    readCosignatures: (after, limit) =>
      guard("cosignature", after, [], () => proofs.readCosignatures(after, limit)),
    attestationsOf: (size) => guard("attestation", size, [], () => proofs.attestationsOf(size)),
    cosignaturesOf: (size) => guard("cosignature", size, [], () => proofs.cosignaturesOf(size)),
    attestedSizes: (range) => guard("attestation", 0, [], () => proofs.attestedSizes(range)),
    cosignedSizes: (range) => guard("cosignature", 0, [], () => proofs.cosignedSizes(range)),
  };
  const guardedJournal: JournalReader = {
    proofs: guardedProofs,
    size: () => guard("entry", 0, Number.MAX_SAFE_INTEGER, () => journal.size()),
    readEntry: (at) => guard("entry", at, undefined, () => journal.readEntry(at)),
    readEntries: (at, limit) => guard("entry", at, [], () => journal.readEntries(at, limit)),
    readLeaves: (at, limit) => guard("entry", at, [], () => journal.readLeaves(at, limit)),
    readTile: (level, n) => guard("tile", n, undefined, () => journal.readTile(level, n)),
    readTiles: (level, at, limit) =>
      guard("tile", at, [], () => journal.readTiles(level, at, limit)),
    readCheckpoints: (below, limit) =>
      guard("checkpoint", below, [], () => journal.readCheckpoints(below, limit)),
    readScopeHeads: (at, limit) => guard("entry", at, [], () => journal.readScopeHeads(at, limit)),
    readControl: () => guard("entry", 0, [], () => journal.readControl()),
    readFilterSegment: (segment) =>
      guard("entry", segment, undefined, () => journal.readFilterSegment(segment)),
    readMutationAttempts: () => guard("schema", 0, [], () => journal.readMutationAttempts()),
    foldSideRows: (table, from, below) =>
      guard("schema", 0, from, () => journal.foldSideRows(table, from, below)),
    readForeignRows: () => guard("schema", 0, [], () => journal.readForeignRows()),
    schemaDifferences: () => guard("schema", 0, [], () => journal.schemaDifferences()),
    close: () => {},
  };
  const guardedIndex: TermIndexReader = {
    cursor: () => guard("index", 0, { size: 0, leafHash: new Uint8Array(0) }, () => index.cursor()),
    newest: (tokens, options) => guard("index", 0, [], () => index.newest(tokens, options)),
    searchText: (words, options) => guard("index", 0, [], () => index.searchText(words, options)),
    inSnapshot: (read) => index.inSnapshot(read),
    close: () => {},
  };
  return { ...reader, journal: guardedJournal, index: guardedIndex, unguarded: journal };
}
