// Whatever is away beside the attestor delays only its own part, and nothing is signed twice.
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { connect } from "@strongroom/client";
import { AttestationState } from "@strongroom/proto/strongroom/attestation/v1/attestation";
import {
  attestedStore,
  oneFact,
  reaches,
  rekorTarget,
  storeSettings,
} from "../support/attestor/attested-store.ts";
import type { Attestor } from "../support/attestor/start-attestor.ts";
import { startService } from "../support/service.ts";

const { ATTESTED } = AttestationState;

test("an attestor that is killed after it sent finds its entry, and signs nothing twice", async (t) => {
  const one = await attestedStore(t);
  const { rekor, target } = await rekorTarget(t, one, "log");
  rekor.fault({ kind: "slow", ms: 5_000 });
  const first = await one.start([{ ...target, timeoutMs: 1_000 }]);
  await one.append();
  while (rekor.submissions === 0) await sleep(10);
  await first.kill();
  rekor.clearFaults();
  await one.start([{ ...target, timeoutMs: 1_000 }]);
  await one.reaches("log", ATTESTED);
  const entries = rekor.log.tree.bodies.map((body) => body.toString("utf8"));
  const digests = entries.map((entry) => JSON.parse(entry).spec.hashedRekordV002.data.digest);
  assert.equal(new Set(entries).size, new Set(digests).size, "one signature for each note");
});

test("a store that goes away and comes back is waited for", async (t) => {
  const one = await attestedStore(t);
  const { target } = await rekorTarget(t, one, "log");
  const attestor = await one.start([target]);
  await one.append();
  await one.reaches("log", ATTESTED);
  await one.service.kill();
  while (!(await readiness(attestor)).includes("store")) await sleep(50);
  const port = { "server.listen": one.service.address };
  const again = await startService(one.folder, { settings: { ...storeSettings, ...port } });
  t.after(() => again.stop());
  const client = await connect({ address: again.address, token: again.token });
  t.after(() => client.close());
  const { index } = await client.append(oneFact());
  await reaches({ client, target: "log", state: ATTESTED, treeSize: index + 1n });
});

async function readiness(attestor: Attestor): Promise<string> {
  return JSON.stringify(await (await fetch(`http://${attestor.admin}/readyz`)).json());
}

test("an outage of many checkpoints ends with one submission", async (t) => {
  const one = await attestedStore(t);
  const { rekor, target } = await rekorTarget(t, one, "log");
  await rekor.down();
  await one.start([target]);
  let index = 0n;
  for (let n = 0; n < 50; n++) index = await one.append();
  await rekor.up();
  await one.reaches("log", ATTESTED, index + 1n);
  assert.ok(rekor.submissions <= 4, `${rekor.submissions} submissions`);
});

test("several attestors share the work", async (t) => {
  const one = await attestedStore(t);
  const { rekor, target } = await rekorTarget(t, one, "log");
  await one.start([target]);
  await one.start([target]);
  for (let n = 0; n < 10; n++) {
    const index = await one.append();
    await one.reaches("log", ATTESTED, index + 1n);
  }
  assert.equal(rekor.submissions, rekor.log.tree.size, "no request was sent twice");
});
