import assert from "node:assert/strict";
import { it } from "node:test";
import { encodeFact, hashFact } from "@strongroom/protocol";
import { connect } from "./connect.ts";
import { FakeLog } from "./testing/fake-log.ts";

function stored(index: number) {
  const fact = encodeFact({
    scope: "a",
    entity: `e${index}`,
    relation: "r",
    value: { case: "boolean", value: true },
  });
  return { fact, cid: hashFact(fact), index: BigInt(index) };
}

it("resumes a broken watch without a gap and without a duplicate", async () => {
  const log = await new FakeLog().grow(100).start();
  // Each stream repeats the last two it sent before, then breaks after three more.
  log.watched = (fromIndex) => {
    const from = Number(fromIndex);
    return [from - 2, from - 1, from, from + 1, from + 2]
      .filter((index) => index >= 0)
      .map((index) => ({
        event: { case: "fact" as const, value: stored(index) },
        nextIndex: BigInt(index + 1),
      }));
  };
  const client = await connect({ address: log.address });
  try {
    const seen: bigint[] = [];
    for await (const event of client.watch({ fromIndex: 0n })) {
      if (event.type === "fact") seen.push(event.fact.index);
      if (seen.length === 12) break;
    }
    assert.deepEqual(seen, [...Array(12).keys()].map(BigInt));
  } finally {
    await client.close();
    log.stop();
  }
});

it("refuses a fact whose bytes are not those of its content id", async () => {
  const log = await new FakeLog().grow(10).start();
  const forged = { ...stored(4), cid: stored(5).cid };
  log.watched = () => [{ event: { case: "fact", value: forged }, nextIndex: 5n }];
  const client = await connect({ address: log.address });
  try {
    await assert.rejects(client.watch({ fromIndex: 0n }).next(), { code: "CID_MISMATCH" });
  } finally {
    await client.close();
    log.stop();
  }
});
