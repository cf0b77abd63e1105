// A bulk importer in its own process. Lines it takes: "make SEED N", and "append" what was made,
// answered with the time that appending took, until the service's index had caught up.
import { createInterface } from "node:readline";
import { connect } from "@strongroom/client";
import { FactMaker } from "../facts.ts";
import { timed } from "../measure.ts";

const [, , address = "", token = ""] = process.argv;
const client = await connect({ address, token });
let facts: Uint8Array[] = [];
for await (const line of createInterface({ input: process.stdin })) {
  const [command, seed = 0, count = 0] = line
    .split(" ")
    .map((word, i) => (i ? Number(word) : word));
  if (command === "make") {
    facts = new FactMaker(Number(seed)).batch(Number(count)).map(({ bytes }) => bytes);
    process.stdout.write("made\n");
  } else {
    process.stdout.write(`${JSON.stringify(await timed(facts.length, append))}\n`);
  }
}
await client.close();

async function append(): Promise<void> {
  let appended = 0;
  for await (const outcome of client.appendMany(facts, { batchFacts: 2000 })) {
    if ("error" in outcome) throw outcome.error;
    if (!outcome.existing) appended += 1;
  }
  if (appended !== facts.length) throw new Error(`appended ${appended} of ${facts.length}`);
  while ((await client.admin.status()).indexLag > 0n) {
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
