// The attestor against a real store and a real Rekor: what it brings home is verified by the store,
// and whatever is away in between delays only its own part.
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type Client, connect } from "@strongroom/client";
import { AttestationState } from "@strongroom/proto/strongroom/attestation/v1/attestation";
import { type Attestor, startAttestor } from "../support/attestor/start-attestor.ts";
import { type Rekor, type RekorOptions, startRekor } from "../support/rekor/start-rekor.ts";
import { type Service, startService } from "../support/service.ts";
import { temporaryFolder } from "../support/test-store.ts";

const { ATTESTED, PARKED } = AttestationState;

interface Bench {
  readonly folder: string;
  readonly service: Service;
  readonly client: Client;
  readonly attestorToken: string;
  append(): Promise<bigint>;
  /** The newest of a target once it is in that state. */
  reaches(target: string, state: AttestationState, treeSize?: bigint): ReturnType<typeof newest>;
  start(targets: readonly object[], env?: Record<string, string>): Promise<Attestor>;
}

const storeSettings = {
  "checkpoint.entries": "1",
  "attestation.retry-initial-ms": "100",
  "attestation.retry-max-ms": "400",
};

async function bench(t: TestContext, settings: Record<string, string> = {}): Promise<Bench> {
  const folder = temporaryFolder(t);
  const service = await startService(folder, { settings: { ...storeSettings, ...settings } });
  const client = await connect({ address: service.address, token: service.token });
  const attestorToken = await makeAttestor(client);
  t.after(async () => {
    await client.close();
    await service.stop();
  });
  return {
    ...{ folder, service, client, attestorToken },
    append: async () => (await client.append(oneFact())).index,
    reaches: (target, state, treeSize) => reaches({ client, target, state, treeSize }),
    start: async (targets, env = {}) => {
      const data = join(folder, "attestor");
      mkdirSync(data, { recursive: true });
      const attestor = await startAttestor({
        ...{ folder: data, server: service.address, token: attestorToken, targets, env },
      });
      t.after(() => attestor.stop());
      await register(client, attestor);
      return attestor;
    },
  };
}

async function makeAttestor(client: Client): Promise<string> {
  await client.admin.setPrincipal({ name: "attestor", roles: ["attestor"], scopes: [] });
  return (await client.admin.createToken({ principal: "attestor" })).secret;
}

async function register(client: Client, { attestationKey }: Attestor): Promise<void> {
  const key = new Uint8Array(Buffer.from(attestationKey.publicKey, "base64"));
  await client.admin.registerKey({ purpose: "attestation", key, name: "attestor" });
}

async function rekorTarget(t: TestContext, one: Bench, name: string, options: RekorOptions = {}) {
  const rekor = await startRekor({ hostname: `${name}.test`, ...options });
  t.after(() => rekor.close());
  await one.client.admin.registerKey({ purpose: "trusted-root", key: rekor.trustedRoot, name });
  return { rekor, target: targetOf(one, name, rekor) };
}

function targetOf(one: Bench, name: string, rekor: Rekor) {
  const trustedRoot = join(one.folder, `${name}.json`);
  writeFileSync(trustedRoot, rekor.trustedRoot);
  const { url, readUrl } = rekor;
  return { name, kind: "rekor", url, readUrl, trustedRoot, timeoutMs: 10_000 };
}

let facts = 0;
function oneFact() {
  const value = { case: "text", value: `fact ${++facts}` } as const;
  return { scope: "test", entity: `entity-${facts}`, relation: "is", value };
}

async function newest(client: Client, target: string) {
  for await (const found of client.attestations.list({ target })) return found;
  return undefined;
}

async function reaches(what: {
  client: Client;
  target: string;
  state: AttestationState;
  treeSize?: bigint | undefined;
}) {
  for (;;) {
    const found = await newest(what.client, what.target);
    const isSize = what.treeSize === undefined || (found?.treeSize ?? 0n) >= what.treeSize;
    if (found?.state === what.state && isSize) return found;
    await sleep(20);
  }
}

for (const version of [1, 2] as const) {
  test(`a checkpoint is attested by Rekor v${version}, and the store has verified it`, async (t) => {
    const one = await bench(t);
    const { rekor, target } = await rekorTarget(t, one, "log", { version });
    const attestor = await one.start([target]);
    const index = await one.append();
    const found = await one.reaches("log", ATTESTED, index + 1n);
    assert.equal(found?.logIndex, BigInt(rekor.log.tree.size - 1));
    assert.equal(await attestor.stop(), 0, attestor.log());
  });
}

test("targets do not wait for one another", async (t) => {
  const one = await bench(t);
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
  const one = await bench(t);
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

test("an attestor that is killed after it sent finds its entry, and signs nothing twice", async (t) => {
  const one = await bench(t);
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
  const one = await bench(t);
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
  const one = await bench(t);
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
  const one = await bench(t);
  const { rekor, target } = await rekorTarget(t, one, "log");
  await one.start([target]);
  await one.start([target]);
  for (let n = 0; n < 10; n++) {
    const index = await one.append();
    await one.reaches("log", ATTESTED, index + 1n);
  }
  assert.equal(rekor.submissions, rekor.log.tree.size, "no request was sent twice");
});
