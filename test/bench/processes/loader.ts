// The library in a process of its own, so that its memory is that of nothing else: the facts come in
// a file. Lines it takes: "read FILE", "append" what was read, "use" (reads of every kind and a
// verification), all answered with one line of JSON.
import assert from "node:assert/strict";
import { createInterface } from "node:readline";
import { hashFact, parseFact } from "@strongroom/protocol";
import type { Store } from "@strongroom/store";
import { checkEntity, checkStored } from "../checks.ts";
import { readFacts } from "../fact-file.ts";
import type { MadeFact } from "../facts.ts";
import { timed } from "../measure.ts";
import { appendAll, commonPage, indexCaughtUp, openBenchStore } from "../store-work.ts";

export interface LoadReport {
  startedAt: number;
  endedAt: number;
  /** Milliseconds of each commit. */
  commits: number[];
  /** Largest resident size in the slice, MiB. */
  residentMiB: number;
}

export interface UseReport {
  /** Largest resident size ever, MiB. */
  peakMiB: number;
  size: number;
}

const SAMPLE_MS = 50;
const KEPT_PER_SLICE = 50;

const [, , path = ""] = process.argv;
const store = await openBenchStore(path);
const kept: MadeFact[] = [];
let facts: Uint8Array[] = [];
for await (const line of createInterface({ input: process.stdin })) {
  const [command, file = ""] = line.split(" ");
  const answer =
    command === "read" ? read(file) : await (command === "append" ? append() : use(store));
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
await store.close();

function read(file: string): number {
  facts = readFacts(file);
  const stride = Math.ceil(facts.length / KEPT_PER_SLICE);
  for (let i = 0; i < facts.length; i += stride) {
    const bytes = facts[i]?.slice() ?? new Uint8Array();
    kept.push({ bytes, cid: hashFact(bytes), entity: parseFact(bytes).entity });
  }
  return facts.length;
}

async function append(): Promise<LoadReport> {
  let resident = 0;
  const look = () => {
    resident = Math.max(resident, process.memoryUsage.rss());
  };
  const timer = setInterval(look, SAMPLE_MS);
  const commits: number[] = [];
  const { startedAt, endedAt } = await timed(facts.length, async () => {
    await appendAll(store, facts, (ms) => commits.push(ms));
    await indexCaughtUp(store);
  });
  clearInterval(timer);
  look();
  return { startedAt, endedAt, commits, residentMiB: resident / 2 ** 20 };
}

/** Proves what was loaded: samples with receipts, queries, pages to some depth, and all of it. */
async function use(of: Store): Promise<UseReport> {
  const { size } = of.head();
  await checkStored(of, { size, facts: kept });
  for (const { entity } of kept) {
    checkEntity(entity, await of.queryPage({ entity, view: "history" }));
  }
  let pageToken = "";
  for (let page = 0; page < 100; page++) {
    ({ nextPageToken: pageToken } = await commonPage(of, { pageToken }));
  }
  const summary = await of.verify();
  assert.equal(summary.verdict, "verified");
  assert.equal(summary.entries, size, "verified all of it");
  // maxRSS is in KiB.
  return { peakMiB: process.resourceUsage().maxRSS / 1024, size };
}
