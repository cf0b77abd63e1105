import assert from "node:assert/strict";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type Client, ClientError, connect } from "@strongroom/client";
import { hashFact, toHex } from "@strongroom/protocol";
import { checkStore } from "../../support/check-store.ts";
import { madeFact, madeFacts } from "../../support/made-facts.ts";
import { type Service, StartFailed, startService } from "../../support/service.ts";
import { temporaryFolder } from "../../support/test-store.ts";
import { type Fault, noStrace, whileFailing } from "./failing-calls.ts";

const BEFORE = 20;
const MANY = 8000;
const CREATION_SYNCS = [1, 3, 6, 10];

interface Scene {
  folder: string;
  service: Service;
  client: Client;
  acknowledged: Set<string>;
}

async function scene(t: TestContext): Promise<Scene> {
  const folder = temporaryFolder(t);
  const service = await startService(folder);
  t.after(() => service.kill());
  const client = await connect({ address: service.address, token: service.token });
  const acknowledged = new Set<string>();
  for (let n = 0; n < BEFORE; n++) await append(client, n, acknowledged);
  return { folder, service, client, acknowledged };
}

async function append(client: Client, n: number, acknowledged: Set<string>): Promise<void> {
  const { cid } = await client.append(madeFact(n));
  acknowledged.add(toHex(cid));
}

/** The code of an append that must not be answered. */
async function refusedAppend(client: Client, n: number): Promise<string> {
  const outcome = await client.append(madeFact(n)).catch((error: unknown) => error);
  assert.ok(outcome instanceof ClientError, "an append that is not durable is not acknowledged");
  return outcome.code;
}

async function assertReadsGoOn(client: Client): Promise<void> {
  const read = await client.get({ cid: hashFact(madeFact(3)) }, { verify: "inclusion" });
  assert.equal(read.verified, "inclusion");
}

async function alarmCodes(client: Client): Promise<string[]> {
  const codes: string[] = [];
  for await (const alarm of client.admin.alarms()) codes.push(alarm.code);
  return codes;
}

/** After a restart without any tool everything acknowledged is there once, and appends work. */
async function assertRecovers({ folder, acknowledged }: Scene): Promise<void> {
  const service = await startService(folder);
  const again = await connect({ address: service.address, token: service.token });
  // The same facts again: those that no answer was given for, and a new one.
  for (const n of [BEFORE, BEFORE + 1, BEFORE + 2]) await append(again, n, acknowledged);
  await again.close();
  assert.equal(await service.stop(), 0, service.log());
  const cids = checkStore(service.storePath, service.rawKey).cids.map(toHex);
  assert.equal(new Set(cids).size, cids.length, "no fact twice");
  for (const cid of acknowledged) assert.ok(cids.includes(cid), "an acknowledged fact is there");
}

const fatal: [what: string, file: string, fault: Omit<Fault, "path">, cause: RegExp][] = [
  [
    "failing syncs of the WAL",
    "journal.db-wal",
    { calls: "fdatasync,fsync", errno: "EIO" },
    /^IO_ERROR$/,
  ],
  [
    "failing writes of the WAL",
    "journal.db-wal",
    { calls: "pwrite64", errno: "EIO" },
    /^IO_ERROR$/,
  ],
  [
    "failing syncs of the anchor",
    "head.anchor",
    { calls: "fdatasync,fsync", errno: "EIO" },
    /^IO_ERROR$/,
  ],
  [
    "failing writes of the anchor",
    "head.anchor",
    { calls: "pwrite64", errno: "EIO" },
    /^IO_ERROR$/,
  ],
  [
    "no space for the anchor",
    "head.anchor",
    { calls: "pwrite64", errno: "ENOSPC" },
    /^(DISK_FULL|IO_ERROR)$/,
  ],
];

for (const [what, file, fault, cause] of fatal) {
  test(`${what}: nothing is acknowledged, reads go on, an alarm says why, a restart is enough`, {
    skip: noStrace,
  }, async (t) => {
    const at = await scene(t);
    const { service, client } = at;
    const path = join(service.storePath, file);
    await whileFailing(service.pid, { path, ...fault }, async () => {
      assert.equal(await refusedAppend(client, BEFORE), "WRITER_STOPPED");
      await assertReadsGoOn(client);
    });
    // The disk is back, but what the kernel dropped is not: no second try.
    assert.equal(await refusedAppend(client, BEFORE + 1), "WRITER_STOPPED");
    const codes = await alarmCodes(client);
    assert.ok(
      codes.some((code) => cause.test(code)),
      codes.join(),
    );
    const { reason } = await client.admin.status();
    assert.match(reason, cause);
    await client.close();
    await service.stop();
    await assertRecovers(at);
  });
}

test("no space for the WAL: nothing is acknowledged, and writing resumes by itself", {
  skip: noStrace,
}, async (t) => {
  const at = await scene(t);
  const { service, client, acknowledged } = at;
  const path = join(service.storePath, "journal.db-wal");
  await whileFailing(service.pid, { path, calls: "pwrite64", errno: "ENOSPC" }, async () => {
    assert.match(await refusedAppend(client, BEFORE), /^(WRITER_STOPPED|DISK_FULL)$/);
    await assertReadsGoOn(client);
  });
  assert.ok((await alarmCodes(client)).includes("DISK_FULL"));
  for (let resumed = false; !resumed; ) {
    resumed = await append(client, BEFORE, acknowledged).then(
      () => true,
      (error: ClientError) => {
        assert.equal(error.code, "WRITER_STOPPED");
        return sleep(200, false);
      },
    );
  }
  await client.close();
  assert.equal(await service.stop(), 0, service.log());
  await assertRecovers(at);
});

const survived: [what: string, file: string, calls: string][] = [
  ["the journal's pages while its WAL is folded in", "journal.db", "pwrite64,fdatasync,fsync"],
  ["the index", "index.db-wal", "pwrite64,fdatasync,fsync"],
  ["the state", "state.db-wal", "pwrite64,fdatasync,fsync"],
];

for (const [what, file, calls] of survived) {
  test(`failing writes of ${what}: appends and reads go on, and a restart is enough`, {
    skip: noStrace,
  }, async (t) => {
    const at = await scene(t);
    const { service, client, acknowledged } = at;
    const path = join(service.storePath, file);
    await whileFailing(service.pid, { path, calls, errno: "EIO" }, async () => {
      // Enough pages for SQLite to fold its WAL in by itself.
      for await (const outcome of client.appendMany(madeFacts(1000, MANY))) {
        assert.ok(!("error" in outcome));
        acknowledged.add(toHex(outcome.cid));
      }
      await assertReadsGoOn(client);
      const newest = await client.get({ cid: hashFact(madeFact(1000 + MANY - 1)) });
      assert.equal(newest.state, "active", "what was just written is read");
    });
    await append(client, BEFORE, acknowledged);
    await client.close();
    await service.stop();
    await assertRecovers(at);
  });
}

test("a creation whose n-th sync fails is refused with a code and can be begun again", {
  skip: noStrace,
}, async (t) => {
  const calls = "fsync,fdatasync";
  let refused = 0;
  for (const n of CREATION_SYNCS) {
    const folder = temporaryFolder(t);
    const inject = ["-e", `trace=${calls}`, "-e", `inject=${calls}:error=EIO:when=${n}`];
    const under = ["strace", "-f", "-o", "/dev/null", ...inject];
    const outcome = await startService(folder, { under }).catch((error: unknown) => error);
    if (outcome instanceof StartFailed) {
      assert.match(outcome.log, /IO_ERROR/, `sync ${n}`);
      refused++;
    } else if (outcome instanceof Error) {
      assert.fail(`sync ${n}: ${outcome.message}`);
    } else {
      await (outcome as Service).stop();
    }
    const service = await startService(folder);
    assert.equal(await service.stop(), 0, service.log());
    checkStore(service.storePath, service.rawKey);
  }
  assert.ok(refused >= 2, `${refused} creations were refused`);
});
