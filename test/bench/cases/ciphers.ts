// What encryption costs: four stores that grow in turns, one of them plaintext.
import { join } from "node:path";
import { type Bench, bytesOf } from "../bench.ts";
import { checkStored } from "../checks.ts";
import { FactMaker, type MadeFact } from "../facts.ts";
import { inTurns, timed } from "../measure.ts";
import { asRate, type Result } from "../result.ts";
import { appendIndexed, type Cipher, openBenchStore, removeStore } from "../store-work.ts";

const CIPHERS = ["none", "aegis256", "sqlcipher", "chacha20"] as const satisfies Cipher[];
const CHECKED = 20;

export async function ciphers(bench: Bench): Promise<Result[]> {
  const maker = new FactMaker(5);
  let facts: MadeFact[] = [];
  let appended = 0;
  const path = (cipher: Cipher) => join(bench.folder, `cipher-${cipher}`);
  const stores = await Promise.all(CIPHERS.map((cipher) => openBenchStore(path(cipher), cipher)));
  const sides = CIPHERS.map((cipher, i) => {
    const store = stores[i];
    if (!store) throw new Error("four ciphers, four stores");
    const side = () => timed(facts.length, () => appendIndexed(store, bytesOf(facts)));
    return [cipher, side] as const;
  });
  const prepare = () => {
    facts = maker.batch(bench.slice);
    appended += facts.length;
  };
  const slices = await inTurns(
    { row: "ciphers", count: bench.loadSlices - 1, prepare },
    Object.fromEntries(sides) as Record<(typeof CIPHERS)[number], (typeof sides)[0][1]>,
  );
  for (const [i, store] of stores.entries()) {
    await checkStored(store, { size: appended + 1, facts: facts.slice(0, CHECKED) });
    await removeStore(store, path(CIPHERS[i] ?? "none"));
  }
  return CIPHERS.slice(1).map((cipher) =>
    asRate(
      {
        case: "ciphers",
        what: `bulk append with ${cipher}, to ${appended.toLocaleString("en-US")} facts`,
        unit: "facts/s",
        against: "the same in plaintext",
        ...(cipher === "aegis256" && { target: { atLeast: 0.95 } }),
      },
      slices[cipher],
      slices.none,
    ),
  );
}
