import assert from "node:assert/strict";
import { test } from "node:test";
import { connect } from "@strongroom/client";
import { encodeReceipt, parseReceipt, singleLogPolicy, verifyReceipt } from "@strongroom/protocol";
import { type FactInit, realFacts } from "../bench/real-data.ts";
import { checkStore } from "../support/check-store.ts";
import { startService } from "../support/service.ts";
import { temporaryFolder } from "../support/test-store.ts";

// All of them, more than 500,000, with SLOW=1.
const FACTS_MIN = process.env.SLOW === "1" ? 500_000 : 20_000;
const FACTS_MAX = process.env.SLOW === "1" ? Number.POSITIVE_INFINITY : FACTS_MIN;
const RECEIPTS = 10;

async function* firstFacts(): AsyncGenerator<FactInit> {
  let count = 0;
  for await (const fact of realFacts()) {
    if (count++ === FACTS_MAX) return;
    yield fact;
  }
}

test("real data goes in, is found, watched, verified, and proven offline", async (t) => {
  const service = await startService(temporaryFolder(t));
  const client = await connect({ address: service.address, token: service.token });
  const watching = countFacts(client.watch({ fromIndex: 0n }), FACTS_MIN);
  let appended = 0;
  for await (const outcome of client.appendMany(firstFacts(), { withoutNonce: true })) {
    if ("error" in outcome) throw outcome.error;
    assert.equal(outcome.existing, false, "no two facts of the data are the same");
    appended += 1;
  }
  assert.ok(appended >= FACTS_MIN, `${appended} facts`);
  assert.equal(await watching, FACTS_MIN, "the watch saw them all");

  const html = client.query({ scope: "mime/iana", entity: "text/html", view: "history" });
  const relations = new Set<string>();
  for await (const { fact } of html) if (fact) relations.add(fact.relation);
  assert.ok(relations.has("extension") && relations.has("compressible"));

  const again = client.appendMany(firstFacts(), { withoutNonce: true });
  const first = (await again.next()).value;
  assert.ok(first && !("error" in first) && first.existing, "a second import adds nothing");
  await again.return();

  const policy = singleLogPolicy(client.logKeys[0] ?? "");
  const step = BigInt(Math.floor(appended / RECEIPTS));
  const keys = Array.from({ length: RECEIPTS }, (_, i) => ({ index: 10n + BigInt(i) * step }));
  let proven = 0;
  for await (const receipt of client.receipts(keys)) {
    const offline = parseReceipt(encodeReceipt(receipt));
    const { kind } = verifyReceipt(offline, policy, Date.now());
    assert.equal(kind, "fact");
    proven += 1;
  }
  assert.equal(proven, RECEIPTS);
  assert.equal((await client.verify()).verdict, "verified");
  await client.close();
  assert.equal(await service.stop(), 0, service.log());
  assert.equal(checkStore(service.storePath, service.rawKey).cids.length, appended);
});

async function countFacts(
  events: AsyncIterable<{ type: string }>,
  enough: number,
): Promise<number> {
  let count = 0;
  for await (const { type } of events) {
    if (type === "fact") count += 1;
    if (count === enough) break;
  }
  return count;
}
