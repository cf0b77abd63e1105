// The attestor against a real store and a real Rekor: what it brings home is verified by the store.
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { AttestationState } from "@strongroom/proto/strongroom/attestation/v1/attestation";
import { attestedStore, rekorTarget } from "../support/attestor/attested-store.ts";

const { ATTESTED, PARKED } = AttestationState;

for (const version of [1, 2] as const) {
  test(`a checkpoint is attested by Rekor v${version}, and the store has verified it`, async (t) => {
    const one = await attestedStore(t);
    const { rekor, target } = await rekorTarget(t, one, "log", { version });
    const attestor = await one.start([target]);
    const index = await one.append();
    const found = await one.reaches("log", ATTESTED, index + 1n);
    assert.equal(found?.logIndex, BigInt(rekor.log.tree.size - 1));
    assert.equal(await attestor.stop(), 0, attestor.log());
  });
}

test("targets do not wait for one another", async (t) => {
  const one = await attestedStore(t);
  const well = await rekorTarget(t, one, "well");
  const slow = await rekorTarget(t, one, "slow");
  const gone = await rekorTarget(t, one, "gone");
  slow.rekor.fault({ kind: "slow", ms: 20_000 });
  await gone.rekor.down();
  const attestor = await one.start([slow.target, gone.target, well.target]);
  for (let n = 0; n < 3; n++) {
    const index = await one.append();
    await one.reaches("well", ATTESTED, index + 1n);
  }
  const metrics = await attestor.metrics();
  assert.match(
    metrics,
    /strongroom_attestor_attempts_total\{target="well",outcome="attested"\} [3-9]/,
  );
  assert.match(metrics, /attempts_total\{target="gone",outcome="retry"\}/);
  await gone.rekor.up();
  slow.rekor.clearFaults();
  await one.reaches("gone", ATTESTED);
});

test("an answer that does not verify is evidence, alarmed, and never retried away", async (t) => {
  const one = await attestedStore(t);
  const { rekor, target } = await rekorTarget(t, one, "log");
  rekor.fault({ kind: "wrong-log-key" });
  await one.start([target]);
  await one.append();
  const parked = await one.reaches("log", PARKED);
  const submissions = rekor.submissions;
  await sleep(600);
  assert.equal(rekor.submissions, submissions, "nothing more was sent for it");
  const alarms = [];
  for await (const alarm of one.client.admin.alarms()) alarms.push(alarm.code);
  assert.ok(alarms.includes("ATTESTATION_INVALID"), alarms.join());
  rekor.clearFaults();
  await one.client.attestations.retry({ ids: [parked?.id ?? ""] });
  await one.reaches("log", ATTESTED);
});
