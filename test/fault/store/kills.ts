// Kills a service again and again, at seeded instants, while clients append with retries; then
// holds everything that was acknowledged against the files.
import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type Appended, ClientError, connect } from "@strongroom/client";
import { parsePolicy, toHex, verifyConsistency, verifyReceipt } from "@strongroom/protocol";
import { openStore } from "@strongroom/store";
import { checkStore } from "../../support/check-store.ts";
import { madeFact } from "../../support/made-facts.ts";
import { type Service, StartFailed, startService } from "../../support/service.ts";
import { temporaryFolder, testCipher } from "../../support/test-store.ts";

/** One start in so many is killed before it is ready. */
const EARLY = 5;
const EARLY_MS = 600;
const LATE_MS = 400;
const RETRY_MS = 50;

export interface KillRun {
  kills: number;
  clients: number;
  seed: number;
  /** The whole store is re-verified after so many kills. */
  checkEvery: number;
}

/** Everything that a client was told, by content id in hex. */
type Acknowledged = Map<string, Appended>;

export async function killRepeatedly(t: TestContext, run: KillRun): Promise<void> {
  const folder = temporaryFolder(t);
  const random = seeded(run.seed);
  const settings = { "server.listen": `127.0.0.1:${await freePort()}` };
  let service = await startService(folder, { settings });
  const acknowledged: Acknowledged = new Map();
  const stop = new AbortController();
  const clients = startClients(service, { run, folder, acknowledged, stop: stop.signal });
  for (let kill = 1; kill <= run.kills; kill++) {
    await sleep(Math.floor(random() * LATE_MS));
    await service.kill();
    if (kill % run.checkEvery === 0) checkAll(service, acknowledged, { afterCrash: true });
    if (random() < 1 / EARLY) await killEarly(folder, settings, Math.floor(random() * EARLY_MS));
    service = await startService(folder, { settings });
  }
  stop.abort();
  await clients;
  assert.equal(await service.stop(), 0, service.log());
  assert.ok(acknowledged.size >= run.kills, `${acknowledged.size} facts in ${run.kills} kills`);
  checkAll(service, acknowledged, {});
  await checkByItself(service, acknowledged);
}

/** Each client appends fact after fact, the same bytes again until there is an answer. */
async function startClients(
  service: Service,
  from: { run: KillRun; folder: string; acknowledged: Acknowledged; stop: AbortSignal },
): Promise<void> {
  const { run, folder, acknowledged, stop } = from;
  const append = async (number: number): Promise<void> => {
    const { address, token } = service;
    const statePath = join(folder, `client-${number}.json`);
    const client = await untilAnswered(() => connect({ address, token, statePath }));
    for (let n = number; !stop.aborted; n += run.clients) {
      const appended = await untilAnswered(() => client.append(madeFact(n)));
      acknowledged.set(toHex(appended.cid), appended);
    }
    await client.close();
  };
  await Promise.all(Array.from({ length: run.clients }, (_, number) => append(number)));
}

/** The SDK repeats a call itself, but not for as long as a slow machine may need to start. */
async function untilAnswered<T>(call: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof ClientError) || !error.retryable) throw error;
      await sleep(RETRY_MS);
    }
  }
}

/** Kills a start at some instant before or after it opened the store. */
async function killEarly(
  folder: string,
  settings: Record<string, string>,
  afterMs: number,
): Promise<void> {
  let killed: Promise<void> | undefined;
  const onSpawned = (child: ChildProcess): void => {
    killed = sleep(afterMs).then(async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill("SIGKILL");
      await once(child, "exit");
    });
  };
  await startService(folder, { settings, onSpawned }).catch((error: unknown) => {
    // Killed before it was ready, or before its token could be asked for.
    if (!(error instanceof StartFailed)) throw error;
  });
  await killed;
}

/** Reads the files: nothing lost, nothing twice, every receipt under the log as it is now. */
function checkAll(
  service: Service,
  acknowledged: Acknowledged,
  options: { afterCrash?: boolean },
): void {
  const found = checkStore(service.storePath, service.rawKey, options);
  const stored = found.cids.map(toHex);
  const indexes = new Set(stored);
  assert.equal(indexes.size, stored.length, "no fact is there twice");
  const policy = parsePolicy(`log ${found.logVkey}\nquorum none\n`);
  for (const [cid, { receipt, index }] of acknowledged) {
    assert.ok(indexes.has(cid), `acknowledged fact ${cid} is there`);
    const proven = verifyReceipt(receipt, policy, Date.now());
    assert.equal(proven.index, index);
    const { treeSize, root } = proven;
    assert.equal(toHex(root), toHex(found.rootAt(Number(treeSize))), `root at ${treeSize}`);
  }
}

/** The store itself says the same, and proves each receipt's note consistent with its head. */
async function checkByItself(service: Service, acknowledged: Acknowledged): Promise<void> {
  const key = service.rawKey ?? "none://";
  const store = await openStore({ path: service.storePath, key, cipher: testCipher });
  assert.equal((await store.verify()).verdict, "verified");
  const { size, root: toRoot } = store.head();
  const policy = parsePolicy(`log ${store.logVkey}\nquorum none\n`);
  for (const { receipt } of acknowledged.values()) {
    const { treeSize: fromSize, root: fromRoot } = verifyReceipt(receipt, policy, Date.now());
    const { proof } = await store.consistencyProof(Number(fromSize), size);
    verifyConsistency({ fromSize, fromRoot, toSize: BigInt(size), toRoot, proof });
  }
  await store.close();
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (typeof address !== "object" || address === null) throw new Error("no port");
  return address.port;
}

/** Mulberry32: the same instants for the same seed, as far as the machine allows. */
function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
