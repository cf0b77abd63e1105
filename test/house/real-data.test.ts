import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeFact, hashFact } from "@strongroom/protocol";
import { realFacts } from "../bench/real-data.ts";

const FACTS_MIN = 500_000;
const CID_HEX_KEPT = 16;

test("the real data is more than 500,000 legal facts, no two the same", async () => {
  const seen = new Set<string>();
  let count = 0;
  for await (const fact of realFacts()) {
    const cid = hashFact(encodeFact(fact));
    seen.add(Buffer.from(cid).toString("hex", 0, CID_HEX_KEPT / 2));
    count += 1;
  }
  assert.ok(count >= FACTS_MIN, `${count} facts`);
  assert.equal(seen.size, count);
});
