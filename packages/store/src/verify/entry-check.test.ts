import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  ENTRY_KINDS,
  encodeEvidencePublic,
  encodeLeaf,
  hashEvidence,
  hashSubject,
  sha256,
  signAuthor,
} from "@strongroom/protocol";
import { packEvidenceInto, packedEvidenceBytes } from "../engine/pack-evidence.ts";
import type { EntryRow, JournalReader } from "../engine/port.ts";
import { factBytes } from "../testing/temp-store.ts";
import { type CheckedEntry, EntryCheck } from "./entry-check.ts";
import { RangeFindings } from "./range-report.ts";
import { ChainJoin, RangeChains } from "./scope-chains.ts";

const noJournal = { readEntry: () => undefined } as unknown as JournalReader;

// A row whose hashes all fit, as a writer that holds the keys could make it.
function makeRow(
  body: Uint8Array,
  authors: { publicKey: Uint8Array; signature: Uint8Array }[],
  scopePrevious: Uint8Array | undefined = new Uint8Array(32),
) {
  const publicPart = encodeEvidencePublic({
    authorSignatures: authors,
    scopeIndex: 0,
    scopePrevious,
    salt: new Uint8Array(16),
  });
  const privatePart = Uint8Array.of(1, 2, 3);
  const evidence = new Uint8Array(packedEvidenceBytes(publicPart.length, privatePart.length));
  packEvidenceInto(evidence, 0, { public: publicPart, private: privatePart });
  const blind = new Uint8Array(16).fill(5);
  const row: EntryRow = {
    index: 1,
    leaf: encodeLeaf({
      kind: ENTRY_KINDS.fact,
      index: 1n,
      timeUnixMs: 1n,
      previous: new Uint8Array(32).fill(1),
      subject: hashSubject(blind, sha256(body)),
      evidence: hashEvidence(sha256(publicPart), sha256(privatePart)),
    }),
    blind,
    evidence,
    body,
  };
  return row;
}

function verdictsOf(row: EntryRow): string[] {
  const findings = new RangeFindings();
  new EntryCheck(noJournal, findings, () => false).check(row);
  return findings.list.map((one) => one.verdict);
}

function entry(index: number, scope: string | undefined, link: [number, number]): CheckedEntry {
  return {
    index,
    kind: ENTRY_KINDS.fact,
    bodyHash: undefined,
    body: new Uint8Array(0),
    scope,
    isBroken: false,
    link: { scopeIndex: link[0], scopePrevious: new Uint8Array(32).fill(link[1]) },
    evidence: new Uint8Array(32).fill(index),
  };
}

function chainFindings(ranges: CheckedEntry[][], isWhole = true): number[] {
  const found: number[] = [];
  const join = new ChainJoin(isWhole, (index) => found.push(index));
  for (const entries of ranges) {
    const range = new RangeChains((index) => found.push(index));
    for (const one of entries) range.add(one);
    join.add(range.openLinks, range.ends);
  }
  return found;
}

describe("verify of one entry", () => {
  test("accepts a signature of an author and finds one that does not hold", () => {
    const body = factBytes();
    const good = signAuthor("fact", body, new Uint8Array(32).fill(3));
    assert.deepEqual(verdictsOf(makeRow(body, [good])), []);
    const forged = { publicKey: good.publicKey, signature: new Uint8Array(64).fill(1) };
    assert.deepEqual(verdictsOf(makeRow(body, [good, forged])), ["AUTHOR_FORGED"]);
  });

  test("finds a body that fits its leaf and is no fact", () => {
    assert.deepEqual(verdictsOf(makeRow(Uint8Array.of(1, 2, 3), [])), ["BODY_EDITED"]);
  });

  test("finds a fact that stands on no scope chain", () => {
    const row = makeRow(factBytes(), [], new Uint8Array(0));
    assert.deepEqual(verdictsOf(row), ["SCOPE_LINK_FORGED"]);
  });
});

describe("scope chains", () => {
  test("follow from range to range, each scope its own", () => {
    const first = [entry(1, "a", [0, 0]), entry(2, "b", [0, 0]), entry(3, "a", [1, 1])];
    const second = [entry(4, "b", [1, 2]), entry(5, "a", [2, 3]), entry(6, "a", [3, 5])];
    assert.deepEqual(chainFindings([first, second]), []);
    assert.deepEqual(chainFindings([...first, ...second].map((one) => [one])), []);
  });

  test("do not hold where an entry was left out, put elsewhere or starts twice", () => {
    const first = [entry(1, "a", [0, 0]), entry(2, "b", [0, 0])];
    assert.deepEqual(chainFindings([first, [entry(5, "a", [2, 3])]]), [5]);
    assert.deepEqual(chainFindings([first, [entry(5, "a", [1, 2])]]), [5]);
    assert.deepEqual(chainFindings([first, [entry(5, "a", [0, 0])]]), [5]);
    assert.deepEqual(chainFindings([[...first, entry(5, "a", [2, 1])]]), [5]);
  });

  test("go on through entries whose scope nothing tells any more", () => {
    const entries = [entry(1, "a", [0, 0]), entry(2, undefined, [1, 1]), entry(3, "a", [2, 2])];
    assert.deepEqual(chainFindings([entries]), []);
    assert.deepEqual(chainFindings(entries.map((one) => [one])), []);
    const erased = [entry(1, undefined, [0, 0]), entry(2, "a", [1, 1])];
    assert.deepEqual(chainFindings(erased.map((one) => [one])), []);
  });

  test("say nothing of what lies before the start of a partial verification", () => {
    assert.deepEqual(chainFindings([[entry(9, "a", [4, 8])]], false), []);
  });
});
