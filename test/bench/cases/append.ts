// Bulk append through the library: against the journal floor, its worst commit, the ciphers.
import {
  appendAll,
  appendBatch,
  BATCH,
  type Bench,
  type Cipher,
  indexCaughtUp,
  type Result,
} from "../bench.ts";
import { JournalFloor } from "../floors/journal-floor.ts";
import { compare, inTurns, median, rateOf, type Slice, timed } from "../measure.ts";

const SLICES = 10;
const COMMITS = 60;
const CIPHER_SLICE = 10 * BATCH;

export async function bulk(bench: Bench): Promise<Result[]> {
  const floor = new JournalFloor(bench.folder, "aegis256");
  const perSlice = Math.max(BATCH, Math.round(bench.facts / SLICES / BATCH) * BATCH);
  const bodies = () => bench.make(perSlice).map(({ bytes }) => bytes);
  const slices = await inTurns(
    { row: "bulk", count: SLICES, warmUp: 0 },
    {
      ours: () => bench.grow(perSlice),
      floor: () => {
        const made = bodies();
        return timed(perSlice, () => floor.append(made));
      },
    },
  );
  floor.close();
  const rates = compare(slices.ours, slices.floor);
  const ours = slices.ours.map(rateOf);
  const first = median(ours.slice(1, 4));
  const last = median(ours.slice(-3));
  return [
    {
      case: "bulk",
      what: `bulk append through the library, to ${bench.facts} facts`,
      unit: "facts/s",
      ours: rates.ours,
      floor: rates.floor,
      against: "journal floor",
      ratio: rates.ratio,
      target: { atLeast: 0.6 },
    },
    {
      case: "bulk",
      what: "its rate at the end",
      unit: "facts/s",
      ours: last,
      floor: first,
      against: "its rate near the start",
      ratio: last / first,
      target: { atLeast: 0.9 },
    },
  ];
}

export async function worstCommit(bench: Bench): Promise<Result[]> {
  const store = await bench.store();
  const times: number[] = [];
  for (let commit = 0; commit < COMMITS; commit++) {
    const made = bench.make(BATCH);
    const startedAt = performance.now();
    await appendBatch(store, made);
    times.push(performance.now() - startedAt);
  }
  const worst = Math.max(...times);
  const usual = median(times);
  return [
    {
      case: "worst-commit",
      what: `worst of ${COMMITS} commits of ${BATCH} facts`,
      unit: "ms",
      ours: worst,
      floor: usual,
      against: "median commit",
      ratio: worst / usual,
      target: { atMost: 5 },
    },
  ];
}

export async function ciphers(bench: Bench): Promise<Result[]> {
  const results: Result[] = [];
  for (const cipher of ["aegis256", "sqlcipher", "chacha20"] satisfies Cipher[]) {
    const ours = await bench.newStore(`cipher-${cipher}`, cipher);
    const plain = await bench.newStore(`plain-beside-${cipher}`, "none");
    const slice = async (store: typeof ours): Promise<Slice> => {
      const made = bench.make(CIPHER_SLICE);
      return timed(CIPHER_SLICE, async () => {
        await appendAll(store, made);
        await indexCaughtUp(store);
      });
    };
    const slices = await inTurns(
      { row: `ciphers: ${cipher}`, count: 5 },
      { ours: () => slice(ours), floor: () => slice(plain) },
    );
    const rates = compare(slices.ours, slices.floor);
    await ours.close();
    await plain.close();
    results.push({
      case: "ciphers",
      what: `bulk append with ${cipher}`,
      unit: "facts/s",
      ours: rates.ours,
      floor: rates.floor,
      against: "the same in plaintext",
      ratio: rates.ratio,
      ...(cipher === "aegis256" && { target: { atLeast: 0.95 } }),
    });
  }
  return results;
}
