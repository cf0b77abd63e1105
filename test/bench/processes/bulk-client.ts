// A bulk importer in its own process: for each line "seed count" on stdin it makes that many facts,
// appends them and answers with the milliseconds that the appending took.
import { createInterface } from "node:readline";
import { connect } from "@strongroom/client";
import { FactMaker } from "../facts.ts";

const [, , address = "", token = ""] = process.argv;
const client = await connect({ address, token });
for await (const line of createInterface({ input: process.stdin })) {
  const [seed = 0, count = 0] = line.split(" ").map(Number);
  const made = new FactMaker(seed).batch(count);
  const startedAt = performance.now();
  let appended = 0;
  const facts = made.map(({ bytes }) => bytes);
  for await (const outcome of client.appendMany(facts, { batchFacts: 2000 })) {
    if ("error" in outcome) throw outcome.error;
    appended += 1;
  }
  if (appended !== count) throw new Error(`appended ${appended} of ${count}`);
  process.stdout.write(`${performance.now() - startedAt}\n`);
}
await client.close();
