// A log of thousands of facts in which names collide, some scopes are hot, and facts come twice,
// are endorsed, expire and are retracted. The same for the same random numbers.
import type { Client } from "@strongroom/client";
import { encodeFact, hashFact } from "@strongroom/protocol";
import type { Random } from "./random.ts";

export const SCOPES = [
  "hot",
  "hot/warm",
  "hot/warm/deep",
  "hotter",
  ...Array.from({ length: 8 }, (_, i) => `cold/s${i}`),
];
export const ENTITIES = Array.from({ length: 120 }, (_, i) => `user:${i}`);
export const RELATIONS = ["is", "likes", "name", "is/not"];
export const SOURCES = ["", "import", "agent:1"];
export const WORDS = ["amber", "basalt", "cobalt", "dusk"];

const BATCH = 1000;
const AUTHOR = new Uint8Array(32).fill(9);
const DAY_MS = 86_400_000;

/** Appends so many different facts, and some of them again. */
export async function appendWorld(
  client: Client,
  { facts, random }: { facts: number; random: Random },
): Promise<void> {
  for (let from = 0; from < facts; from += BATCH) {
    const count = Math.min(BATCH, facts - from);
    const batch = Array.from({ length: count }, (_, i) => worldFact(from + i, random));
    const twice = batch.filter(() => random.below(20) === 0);
    await appendAll(client, [...batch, ...twice]);
    const signed = batch.filter(() => random.below(200) === 0);
    for (const bytes of signed) await client.append(bytes, { authorSeeds: [AUTHOR] });
    const ended = batch.filter(() => random.below(60) === 0);
    await Promise.all(
      ended.map((bytes) => client.retract({ cid: hashFact(bytes), reason: "no longer so" })),
    );
  }
}

async function appendAll(client: Client, facts: readonly Uint8Array[]): Promise<void> {
  for await (const outcome of client.appendMany(facts)) {
    if ("error" in outcome) throw outcome.error;
  }
}

function worldFact(number: number, random: Random): Uint8Array {
  const scope = random.below(2) === 0 ? random.pick(SCOPES.slice(0, 3)) : random.pick(SCOPES);
  // Few entities are much spoken of.
  const entity = ENTITIES[Math.floor(ENTITIES.length * random.next() ** 2)] ?? "user:0";
  const isText = random.below(3) === 0;
  const text = `${random.pick(WORDS)} ${random.pick(WORDS)} ${number}`;
  const untilMs = random.below(12) === 0 ? Date.now() + random.pick([-DAY_MS, DAY_MS]) : undefined;
  return encodeFact({
    scope,
    entity,
    relation: random.pick(RELATIONS),
    value: isText ? { case: "text", value: text } : { case: "integer", value: BigInt(number) },
    source: random.pick(SOURCES),
    ...(untilMs === undefined ? {} : { validUntil: timestamp(untilMs) }),
  });
}

function timestamp(ms: number): { seconds: bigint; nanos: number } {
  return { seconds: BigInt(Math.floor(ms / 1000)), nanos: 0 };
}
